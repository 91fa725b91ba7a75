import { canonical } from '../core/canonical.ts';
import { digestOf } from '../core/digest.ts';
import {
  listKinds,
  type Membership,
  type Obstacle,
  type PoolClient,
  type UpstreamPools,
  type UpstreamStatus,
} from './contract.ts';
import { createEraVerdicts } from './era-verdicts.ts';
import { createPool, type PoolOptions } from './pool.ts';
import { defaultPoolLimits, type PoolLimits } from './pool-limits.ts';
import { MemberPool } from './pool-member.ts';
import { createRefusedPool } from './pool-refused.ts';
import { roomFor } from './pool-room.ts';
import { mergedStatus } from './pool-status.ts';
import { Pooled } from './pooled.ts';
import type { EraVerdicts } from './run.ts';
import { KnownSchemas } from './tool-schemas.ts';

export interface PoolsOptions extends Omit<PoolOptions, 'events'>, Partial<PoolLimits> {}

export function createPools(options: PoolsOptions): UpstreamPools {
  return new KeyedPools(options);
}

/** One client: with a pool, or without one for want of room. */
interface Seat {
  readonly client: PoolClient;
  /** Clients with the same key may share a pool; undefined for one that shares with nobody. */
  readonly key: string | undefined;
  readonly member: MemberPool;
  pooled: Pooled | undefined;
  hasLeft: boolean;
}

class KeyedPools implements UpstreamPools {
  readonly #options: PoolsOptions & { readonly eras: EraVerdicts; readonly schemas: KnownSchemas };
  readonly #limits: PoolLimits;
  /** In the order in which they were made. */
  readonly #open = new Set<Pooled>();
  readonly #shared = new Map<string, Pooled>();
  /** Their servers are still there; by whose they are. */
  readonly #closing = new Map<Promise<void>, string | undefined>();
  /** Clients that stay though there is no room for their servers, in the order in which they came. */
  readonly #waiting = new Set<Seat>();
  readonly #listeners: (() => void)[] = [];
  #warm: Pooled | undefined;
  #isFull = false;
  #isWaking = false;
  #closed: Promise<void> | undefined;

  constructor(options: PoolsOptions) {
    const { eras = createEraVerdicts(), schemas = new KnownSchemas() } = options;
    this.#options = { ...options, eras, schemas };
    this.#limits = { ...defaultPoolLimits, ...options };
  }

  warm(): void {
    if (this.#closed === undefined && this.#open.size === 0) this.#warm ??= this.#create();
  }

  join(client: PoolClient): Membership {
    const member = new MemberPool(nothing);
    const seat: Seat = { client, key: keyOf(client), member, pooled: undefined, hasLeft: false };
    const obstacle = this.#admit(seat);
    if (obstacle !== undefined) {
      member.attach(createRefusedPool(this.#options.servers, obstacle.reason));
      // A client of the modern era may never come again: it asks when it does.
      if (client.hello.era === 'legacy') this.#waiting.add(seat);
    }
    return {
      pool: member,
      obstacle: () => (seat.pooled === undefined ? this.#admitLate(seat) : undefined),
      leave: () => this.#leave(seat),
    };
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
    this.#waiting.clear();
    for (const pooled of this.#open) this.#end(pooled);
    await Promise.all(this.#closing.keys());
  }

  /** Gives the client a pool, or tells why there is none. */
  #admit(seat: Seat): Obstacle | undefined {
    if (this.#closed !== undefined || seat.hasLeft) return stopping;
    const { client, key, member } = seat;
    const shared = key === undefined ? undefined : this.#shared.get(key);
    const pooled = shared ?? this.#take(client.scope);
    if ('reason' in pooled) return pooled;
    if (key !== undefined) this.#shared.set(key, pooled);
    seat.pooled = pooled;
    pooled.join(client, member);
    return undefined;
  }

  /** As `admit`, for a client that has seen that it has nothing: it is told to look again. */
  #admitLate(seat: Seat): Obstacle | undefined {
    const obstacle = this.#admit(seat);
    if (obstacle !== undefined) return obstacle;
    this.#waiting.delete(seat);
    for (const kind of listKinds) seat.client.events.onListChanged(kind);
    seat.member.changed();
    return undefined;
  }

  #leave(seat: Seat): void {
    seat.hasLeft = true;
    this.#waiting.delete(seat);
    seat.pooled?.leave(seat.member);
    this.#wake();
  }

  // Together, and not within what made the room: to let one in may make another pool go.
  #wake(): void {
    if (this.#isWaking || this.#waiting.size === 0) return;
    this.#isWaking = true;
    setImmediate(() => {
      this.#isWaking = false;
      for (const seat of this.#waiting) this.#admitLate(seat);
    });
  }

  /** The pool that was started beforehand, or a new one, if there may be one more. */
  #take(scope: string): Pooled | Obstacle {
    const warm = this.#warm;
    this.#warm = undefined;
    if (warm !== undefined) return warm;
    const room = roomFor(scope, [...this.#open], [...this.#closing.values()], this.#limits);
    if (room.kind === 'full') {
      this.#warn(room.obstacle);
      return room.obstacle;
    }
    if (room.unused !== undefined) this.#end(room.unused);
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

  #end(pooled: Pooled): void {
    if (!this.#open.delete(pooled)) return;
    for (const [key, each] of this.#shared) if (each === pooled) this.#shared.delete(key);
    if (this.#warm === pooled) this.#warm = undefined;
    const closing: Promise<void> = pooled.close().finally(() => {
      this.#closing.delete(closing);
      this.#wake();
    });
    this.#closing.set(closing, pooled.scope);
    this.#changed();
    this.#wake();
  }

  /** Once for as long as there is no room. */
  #warn({ reason, limit }: Obstacle): void {
    const fields = { pools: this.#open.size, limit: limit?.name, most: limit?.most };
    if (!this.#isFull) this.#options.log.warn(fields, `no more clients are served: ${reason}`);
    this.#isFull = true;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

const stopping: Obstacle = { reason: 'the gate is stopping', limit: undefined, retryAfterS: 5 };
const nothing = createRefusedPool([], '');

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
