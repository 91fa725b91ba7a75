import type { Answer } from '../core/answer.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import type { UpstreamEvents } from './contract.ts';
import type { MemberPool } from './pool-member.ts';

/** Who uses one pool at the moment, and who of them hears what its servers start by themselves. */
export class PoolMembers {
  readonly #members = new Map<MemberPool, UpstreamEvents>();

  get size(): number {
    return this.#members.size;
  }

  /** For the pool itself. */
  readonly events: UpstreamEvents = {
    onRequest: (server, request, lifetime, reply) => {
      const [only, another] = this.#members.values();
      if (only === undefined) reply(refused('no client is there'));
      // Nobody can tell whom it means.
      else if (another !== undefined) reply(refused('several clients share this server'));
      else only.onRequest(server, request, lifetime, reply);
    },
    onNotification: (server, notification) => {
      for (const events of this.#members.values()) events.onNotification(server, notification);
    },
    onListChanged: (kind) => {
      for (const events of this.#members.values()) events.onListChanged(kind);
    },
  };

  add(member: MemberPool, events: UpstreamEvents): void {
    this.#members.set(member, events);
  }

  /** False when it was gone already. */
  remove(member: MemberPool): boolean {
    member.leave();
    return this.#members.delete(member);
  }

  /** A server's state is another than before. */
  changed(): void {
    for (const member of this.#members.keys()) member.changed();
  }
}

function refused(why: string): Answer {
  const message = `${why}: nobody was asked`;
  return { kind: 'refused', error: { code: rpcCode.unavailable, message } };
}
