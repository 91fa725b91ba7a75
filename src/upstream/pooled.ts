import type { PoolClient, UpstreamPool } from './contract.ts';
import type { MemberPool } from './pool-member.ts';
import { PoolMembers } from './pool-members.ts';

export interface PooledOptions {
  readonly create: (members: PoolMembers) => UpstreamPool;
  readonly idleMs: number;
  readonly onChange: () => void;
  /** Nobody has used it for a while, or nobody else ever may. */
  readonly onUnused: () => void;
}

/** One pool among many: who uses it, for whom it is, and since when nobody does. */
export class Pooled {
  readonly #options: PooledOptions;
  readonly #members = new PoolMembers();
  readonly #pool: UpstreamPool;
  #client: Pick<PoolClient, 'scope' | 'alone'> | undefined;
  #idleSinceMs = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PooledOptions) {
    this.#options = options;
    this.#pool = options.create(this.#members);
    this.#pool.onChange(() => {
      this.#members.changed();
      options.onChange();
    });
    this.#pool.start();
  }

  /** Undefined until somebody has come. */
  get scope(): string | undefined {
    return this.#client?.scope;
  }

  /** Milliseconds of a clock that only grows; undefined while somebody uses it. */
  get idleSinceMs(): number | undefined {
    return this.#members.size === 0 ? this.#idleSinceMs : undefined;
  }

  join({ hello, scope, alone, events }: PoolClient, member: MemberPool): void {
    this.#client ??= { scope, alone };
    this.#members.add(member, events);
    member.attach(this.#pool);
    this.#pool.open(hello);
  }

  leave(member: MemberPool): void {
    if (!this.#members.remove(member) || this.#members.size > 0) return;
    this.#idleSinceMs = performance.now();
    if (this.#client?.alone === true) this.#options.onUnused();
    else if (this.#timer === undefined) this.#wait(this.#options.idleMs);
  }

  status() {
    return this.#pool.status();
  }

  close(): Promise<void> {
    clearTimeout(this.#timer);
    return this.#pool.close();
  }

  // One timer for many comings and goings: it looks how long nobody has been there when it fires.
  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const since = this.idleSinceMs;
      if (since === undefined) return;
      const left = since + this.#options.idleMs - performance.now();
      if (left > 0) this.#wait(Math.ceil(left));
      else this.#options.onUnused();
    }, ms);
    this.#timer.unref();
  }
}
