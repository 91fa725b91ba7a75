import type { Delivery } from '../core/answer.ts';
import { isObject } from '../core/json.ts';
import type { Connection, UpstreamPool } from '../upstream/contract.ts';
import type { ResourceHolds } from './resource-holds.ts';

/** A server that has not answered by then is not waited for. */
const answerMs = 5_000;

interface Wanted {
  /** How many subscriptions of this client ask for it. */
  count: number;
  /** The server that was told, as long as its session lasts. */
  on: Connection | undefined;
}

/**
 * The resources that one client wants news of. Each is asked for at the server that owns it, once, and anew when that
 * server has been started anew.
 */
export class ResourceNews {
  readonly #pool: UpstreamPool;
  readonly #holds: ResourceHolds;
  readonly #wanted = new Map<string, Wanted>();

  constructor(pool: UpstreamPool, holds: ResourceHolds) {
    this.#pool = pool;
    this.#holds = holds;
    pool.onChange(() => this.renew());
  }

  get size(): number {
    return this.#wanted.size;
  }

  has(uri: string): boolean {
    return this.#wanted.has(uri);
  }

  /** Whether this server is the one whose word about the resource counts. */
  isOf(server: string, uri: string): boolean {
    return this.#wanted.get(uri)?.on?.server === server;
  }

  /** False when no server owns it, or the one that does refuses; to be let go of all the same if true. */
  async want(uri: string): Promise<boolean> {
    const wanted = this.#wanted.get(uri) ?? { count: 0, on: undefined };
    wanted.count += 1;
    this.#wanted.set(uri, wanted);
    if (wanted.on !== undefined) return true;
    const asked = this.#ask(uri, wanted);
    const delivery = asked && (await inTime(asked));
    const isRefused = delivery?.kind === 'answered' && delivery.response.kind === 'error';
    if (wanted.on !== undefined && !isRefused) return true;
    this.leave(uri);
    return false;
  }

  leave(uri: string): void {
    const wanted = this.#wanted.get(uri);
    if (wanted === undefined) return;
    wanted.count -= 1;
    if (wanted.count > 0) return;
    this.#wanted.delete(uri);
    const { on } = wanted;
    // Nobody waits for the answer, and `subscribe` never rejects.
    if (on !== undefined && this.#holds.remove(on, uri)) void on.subscribe(uri, false);
  }

  /** Servers, or what they own, are others than before. */
  renew(): void {
    for (const [uri, wanted] of this.#wanted) {
      if (this.#owner(uri) !== wanted.on) void this.#ask(uri, wanted);
    }
  }

  #ask(uri: string, wanted: Wanted): Promise<Delivery> | undefined {
    const owner = this.#owner(uri);
    if (owner === undefined || owner === wanted.on) return undefined;
    const before = wanted.on;
    if (before !== undefined && this.#holds.remove(before, uri)) void before.subscribe(uri, false);
    wanted.on = owner;
    this.#holds.add(owner, uri);
    return owner.subscribe(uri, true);
  }

  #owner(uri: string): Connection | undefined {
    const server = this.#pool.catalog.resourceServer(uri);
    const owner = server === undefined ? undefined : this.#pool.connection(server);
    const offered = owner?.capabilities['resources'];
    return isObject(offered) && offered['subscribe'] === true ? owner : undefined;
  }
}

function inTime(asked: Promise<Delivery>): Promise<Delivery | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), answerMs);
    void asked.then((delivery) => {
      clearTimeout(timer);
      resolve(delivery);
    });
  });
}
