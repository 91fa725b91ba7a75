import { canonical } from '../core/canonical.ts';
import { digestOf } from '../core/digest.ts';
import type { Membership, PoolClient, UpstreamPools, UpstreamStatus } from './contract.ts';
import { createEraVerdicts } from './era-verdicts.ts';
import { createPool, type PoolOptions } from './pool.ts';
import { defaultPoolLimits, type PoolLimits } from './pool-limits.ts';
import { createRefusedPool } from './pool-refused.ts';
import { mergedStatus } from './pool-status.ts';
import { Pooled } from './pooled.ts';
import type { EraVerdicts } from './run.ts';

export interface PoolsOptions extends Omit<PoolOptions, 'events'>, Partial<PoolLimits> {}

export function createPools(options: PoolsOptions): UpstreamPools {
  return new KeyedPools(options);
}

class KeyedPools implements UpstreamPools {
  readonly #options: PoolsOptions & { readonly eras: EraVerdicts };
  readonly #limits: PoolLimits;
  /** In the order in which they were made. */
  readonly #open = new Set<Pooled>();
  readonly #shared = new Map<string, Pooled>();
  /** Their servers are still there. */
  readonly #closing = new Set<Promise<void>>();
  readonly #listeners: (() => void)[] = [];
  #warm: Pooled | undefined;
  #isFull = false;
  #closed: Promise<void> | undefined;

  constructor(options: PoolsOptions) {
    this.#options = { ...options, eras: options.eras ?? createEraVerdicts() };
    this.#limits = { ...defaultPoolLimits, ...options };
  }

  warm(): void {
    if (this.#closed === undefined && this.#open.size === 0) this.#warm ??= this.#create();
  }

  join(client: PoolClient): Membership {
    if (this.#closed !== undefined) return this.#refuse('the gate is stopping');
    const key = keyOf(client);
    const shared = key === undefined ? undefined : this.#shared.get(key);
    const pooled = shared ?? this.#take(client.scope);
    if (pooled === undefined) return this.#refuse(this.#full());
    if (key !== undefined) this.#shared.set(key, pooled);
    const member = pooled.join(client);
    return { pool: member, leave: () => pooled.leave(member) };
  }

  status(): readonly UpstreamStatus[] {
    return mergedStatus(
      this.#options.servers,
      [...this.#open].map((pooled) => pooled.status()),
    );
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    for (const pooled of this.#open) this.#end(pooled);
    await Promise.all(this.#closing);
  }

  /** The pool that was started beforehand, or a new one; undefined when there may be no more. */
  #take(scope: string): Pooled | undefined {
    const warm = this.#warm;
    this.#warm = undefined;
    if (warm !== undefined) return warm;
    if (!this.#hasRoom(scope)) return undefined;
    this.#isFull = false;
    return this.#create();
  }

  #create(): Pooled {
    const pooled: Pooled = new Pooled({
      create: (members) => createPool({ ...this.#options, events: members.events }),
      idleMs: this.#limits.idleMs,
      onChange: () => this.#changed(),
      onUnused: () => this.#end(pooled),
    });
    this.#open.add(pooled);
    return pooled;
  }

  // What is being closed still has its processes: it is bounded as well, and nobody can start them without end.
  #hasRoom(scope: string): boolean {
    const { maxPools, maxPoolsPerScope } = this.#limits;
    const isOwn = (pooled: Pooled) => pooled.scope === scope;
    return (
      this.#closing.size < maxPools &&
      this.#makeRoom(maxPoolsPerScope, isOwn) &&
      this.#makeRoom(maxPools, () => true)
    );
  }

  /** True when fewer than `limit` of these are left, if need be without the one that has been unused for longest. */
  #makeRoom(limit: number, counts: (pooled: Pooled) => boolean): boolean {
    const counted = [...this.#open].filter(counts);
    if (counted.length < limit) return true;
    const [unused] = counted
      .filter(({ idleSinceMs }) => idleSinceMs !== undefined)
      .sort((a, b) => (a.idleSinceMs ?? 0) - (b.idleSinceMs ?? 0));
    if (unused === undefined) return false;
    this.#end(unused);
    return true;
  }

  #end(pooled: Pooled): void {
    if (!this.#open.delete(pooled)) return;
    for (const [key, each] of this.#shared) if (each === pooled) this.#shared.delete(key);
    if (this.#warm === pooled) this.#warm = undefined;
    const closing: Promise<void> = pooled.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    this.#changed();
  }

  #full(): string {
    if (!this.#isFull) {
      const { maxPools, maxPoolsPerScope } = this.#limits;
      const fields = { pools: this.#open.size, maxPools, maxPoolsPerScope };
      this.#options.log.warn(fields, 'no more clients are served, there are too many pools');
    }
    this.#isFull = true;
    return 'the gate serves as many clients as it may; try again later';
  }

  #refuse(reason: string): Membership {
    const pool = createRefusedPool(this.#options.servers, reason);
    return { pool, isRefused: true, leave() {} };
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Clients with the same key may share a pool; undefined for one that shares with nobody. */
function keyOf({ hello, scope, alone }: PoolClient): string | undefined {
  if (alone) return undefined;
  try {
    return digestOf(canonical([scope, hello.era, hello.capabilities]));
  } catch {
    // What has no canonical form is like nothing else.
    return undefined;
  }
}
