import type { Refused } from '../core/answer.ts';
import type { Clock } from '../core/clock.ts';
import { digestOf } from '../core/digest.ts';
import type { Identity } from '../core/tool-call.ts';
import type { ClientHello, ListKind } from '../upstream/contract.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { clientOf } from './handshake.ts';
import { ModernClient, type ModernClientParts } from './modern-client.ts';
import { ModernSessions } from './modern-sessions.ts';
import { noRoom } from './no-servers.ts';

/** How many there may be at once, of all callers and of one; those that nobody uses make room. */
const clientsLimit = 1_000;
const clientsPerScope = 50;
const sweepMs = 60_000;
/** Capabilities are whatever a client says: longer keys are held as their digest. */
const keyLimit = 500;

export interface ModernClientsOptions {
  readonly clock: Clock;
  /** A client that says nothing for so long lets go of its servers. */
  readonly idleMs: number;
}

interface Place {
  readonly client: ModernClient;
  readonly scope: string;
  usedMs: number;
}

/** The modern clients of one process, by who calls, as whom, under what name, with which capabilities. */
export class ModernClients {
  readonly #parts: ModernClientParts;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #sessions = new ModernSessions();
  /** The one that was used last stands last. */
  readonly #places = new Map<string, Place>();
  #sweeping: NodeJS.Timeout | undefined;

  constructor(parts: ModernClientParts, { clock, idleMs }: ModernClientsOptions) {
    this.#parts = parts;
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  of(hello: ClientHello, identity: Identity): ModernClient | Refused {
    const key = keyOf(hello, identity);
    const place = this.#places.get(key) ?? this.#make(hello, identity);
    if (place === undefined) return tooMany;
    place.usedMs = this.#clock();
    this.#sessions.used(identity, place.client.session, place.usedMs);
    this.#places.delete(key);
    this.#places.set(key, place);
    if (this.#sweeping === undefined) this.#watch();
    return place.client;
  }

  listChanged(kind: ListKind): void {
    for (const { client } of this.#places.values()) client.listChanged(kind);
  }

  endSubscriptions(): void {
    for (const { client } of this.#places.values()) client.endSubscriptions();
  }

  /** Ends the calls that were taken up for tasks; resolves when none is in flight. */
  async endTasks(): Promise<void> {
    await this.#parts.held?.runs.close();
  }

  close(): void {
    clearInterval(this.#sweeping);
    this.#sweeping = undefined;
    for (const { client } of this.#places.values()) client.close();
    this.#places.clear();
  }

  #make(hello: ClientHello, identity: Identity): Place | undefined {
    const { scope } = identity;
    const own = (place: Place) => place.scope === scope;
    if (!this.#makeRoom(clientsPerScope, own) || !this.#makeRoom(clientsLimit, () => true)) {
      return undefined;
    }
    const nowMs = this.#clock();
    const session = this.#sessions.of(hello, identity, nowMs);
    const client = new ModernClient(this.#parts, hello, identity, session);
    return { client, scope, usedMs: nowMs };
  }

  /** True when fewer than `limit` of these are left, if need be without the one that was used longest ago. */
  #makeRoom(limit: number, counts: (place: Place) => boolean): boolean {
    const counted = [...this.#places].filter(([, place]) => counts(place));
    if (counted.length < limit) return true;
    const [unused] = counted.filter(([, { client }]) => client.isIdle);
    if (unused === undefined) return false;
    this.#letGo(...unused);
    return true;
  }

  #watch(): void {
    this.#sweeping = setInterval(() => this.#sweep(), sweepMs).unref();
  }

  #sweep(): void {
    const since = this.#clock() - this.#idleMs;
    for (const [key, place] of [...this.#places]) {
      if (place.client.isIdle && place.usedMs <= since) this.#letGo(key, place);
    }
    if (this.#places.size > 0) return;
    clearInterval(this.#sweeping);
    this.#sweeping = undefined;
  }

  #letGo(key: string, { client }: Place): void {
    this.#places.delete(key);
    client.close();
  }
}

const tooMany = noRoom(
  { code: rpcCode.unavailable, message: 'too many clients are served; try again later' },
  60,
);

// What an issuer vouches for is decided on, and may be less in the caller's next token.
function keyOf(hello: ClientHello, { scope, claims }: Identity): string {
  const { name, version } = clientOf(hello);
  const key = JSON.stringify([scope, claims ?? null, name, version, hello.capabilities]);
  return key.length > keyLimit ? digestOf(key) : key;
}
