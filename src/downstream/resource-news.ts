import type { Delivery } from '../core/answer.ts';
import { isObject } from '../core/json.ts';
import type { Connection, UpstreamPool } from '../upstream/contract.ts';
import type { ResourceHolds } from './resource-holds.ts';

/** A server that has not answered by then is not waited for. */
const answerMs = 5_000;

/** One subscription of the client, on whose behalf news of resources are asked for. */
export interface Wish {
  /** Nobody listens to it any more. */
  readonly isOver: boolean;
  /**
   * Decides whether the server that owns the resource may be asked, and lets it be asked then, in the tick of the dispatch.
   * False when it may not, or refuses. Never rejects.
   */
  permit(uri: string, ask: (server: string) => Promise<Delivery>): Promise<boolean>;
}

interface Wanted {
  /** The subscriptions of this client that ask for it. */
  readonly wishes: Set<Wish>;
  /** The owner that was decided on last, whatever came of it: it is not decided on again and again. */
  decided: Connection | undefined;
  /** The server that was told, as long as its session lasts, and what it said. */
  on: { readonly connection: Connection; readonly answer: Promise<Delivery> } | undefined;
}

/**
 * The resources that one client wants news of. Each is asked for at the server that owns it, once, and anew when that
 * server has been started anew or another one owns it; never before that was decided.
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
    return this.#wanted.get(uri)?.on?.connection.server === server;
  }

  /** False when no server owns it, policy denies it, or the server refuses; to be let go of all the same if true. */
  async want(uri: string, wish: Wish): Promise<boolean> {
    const owner = this.#owner(uri);
    if (owner === undefined) return false;
    const wanted = this.#wanted.get(uri) ?? { wishes: new Set(), decided: owner, on: undefined };
    wanted.wishes.add(wish);
    this.#wanted.set(uri, wanted);
    if (await wish.permit(uri, (server) => this.#ask(uri, server))) return true;
    this.leave(uri, wish);
    return false;
  }

  leave(uri: string, wish: Wish): void {
    const wanted = this.#wanted.get(uri);
    if (wanted === undefined || !wanted.wishes.delete(wish) || wanted.wishes.size > 0) return;
    this.#wanted.delete(uri);
    this.#letGo(uri, wanted);
  }

  /** Servers, or what they own, are others than before. */
  renew(): void {
    for (const [uri, wanted] of this.#wanted) {
      const owner = this.#owner(uri);
      if (owner === undefined || owner === wanted.decided) continue;
      wanted.decided = owner;
      this.#letGo(uri, wanted);
      void this.#again(uri, wanted);
    }
  }

  /** What is decided for one subscription holds for the others of the same client. */
  async #again(uri: string, { wishes }: Wanted): Promise<void> {
    for (const wish of [...wishes]) {
      if (wish.isOver) continue;
      await wish.permit(uri, (server) => this.#ask(uri, server));
      if (!wish.isOver) return;
    }
  }

  #ask(uri: string, server: string): Promise<Delivery> {
    const wanted = this.#wanted.get(uri);
    const owner = this.#owner(uri);
    if (wanted === undefined || owner?.server !== server) return notOwned;
    if (wanted.on?.connection === owner) return wanted.on.answer;
    this.#letGo(uri, wanted);
    this.#holds.add(owner, uri);
    const answer = inTime(owner.subscribe(uri, true));
    wanted.on = { connection: owner, answer };
    return answer;
  }

  #letGo(uri: string, wanted: Wanted): void {
    const { on } = wanted;
    wanted.on = undefined;
    if (on === undefined || !this.#holds.remove(on.connection, uri)) return;
    // Nobody waits for the answer, and `subscribe` never rejects.
    void on.connection.subscribe(uri, false);
  }

  #owner(uri: string): Connection | undefined {
    const server = this.#pool.catalog.resourceServer(uri);
    const owner = server === undefined ? undefined : this.#pool.connection(server);
    const offered = owner?.capabilities['resources'];
    return isObject(offered) && offered['subscribe'] === true ? owner : undefined;
  }
}

const notOwned: Promise<Delivery> = Promise.resolve({
  kind: 'unsent',
  reason: 'the server does not own the resource any more',
});

function inTime(asked: Promise<Delivery>): Promise<Delivery> {
  return new Promise((resolve) => {
    const reason = 'the server has not answered yet';
    const timer = setTimeout(() => resolve({ kind: 'lost', reason }), answerMs);
    void asked.then((delivery) => {
      clearTimeout(timer);
      resolve(delivery);
    });
  });
}
