import type { RpcError } from '../core/answer.ts';
import { Crowd } from '../core/crowd.ts';
import { Lifetime } from '../core/lifetime.ts';
import { Passing } from '../core/passing.ts';
import type { FarMessage } from '../core/related.ts';
import type { RequestId } from '../wire/contract.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import type { Outlet } from './contract.ts';
import { News } from './news.ts';

/** A modern request that has no answer yet. Nothing is told for it once it is over. */
export interface OpenRequest {
  readonly id: RequestId;
  readonly outlet: Outlet;
  readonly lifetime: Lifetime;
  readonly isOver: boolean;
  tell(notification: FarMessage): void;
  /** As `News.tellOnce`, the key within this request. */
  tellOnce(key: string, notification: FarMessage): void;
  /** To be called once, whatever came of it. */
  end(): void;
}

/** More requests than this at once over one outlet are refused: each may hold a call and a place in memory. */
const inFlightLimit = 1024;

/** All modern requests in flight, by the way on which their answers go. */
export class OpenRequests {
  readonly #open = new Crowd<Way>();
  readonly #ways = new WeakMap<Outlet, Way>();
  #idle: (() => void)[] = [];

  begin(id: RequestId, outlet: Outlet): OpenRequest | RpcError {
    const way = this.#ways.get(outlet) ?? new Way(outlet, () => this.#left(outlet));
    if (way.requests.has(id)) return invalid('a request with this id is in flight');
    if (way.requests.size >= inFlightLimit) return invalid('too many requests in flight');
    this.#ways.set(outlet, way);
    this.#open.enter(way);
    return way.begin(id);
  }

  cancel(outlet: Outlet, id: RequestId, reason: string): void {
    this.#ways.get(outlet)?.requests.get(id)?.lifetime.end(reason);
  }

  /** Ends what is in flight on this way; on all of them without one. */
  cancelAll(outlet: Outlet | undefined, reason: string): void {
    const ways = outlet === undefined ? this.#open.members() : [this.#ways.get(outlet)];
    for (const way of ways) {
      for (const request of way?.requests.values() ?? []) request.lifetime.end(reason);
    }
  }

  /** Resolves when nothing is in flight. */
  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #left(outlet: Outlet): void {
    const way = this.#ways.get(outlet);
    this.#ways.delete(outlet);
    if (way !== undefined) this.#open.leave(way);
    if (this.#open.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

class Way {
  readonly outlet: Outlet;
  /** Logs may be told only to whoever asked for them: that news was dropped is told to nobody. */
  readonly news: News;
  readonly requests = new Passing<RequestId, OpenRequest>();
  readonly #onEmpty: () => void;

  constructor(outlet: Outlet, onEmpty: () => void) {
    this.outlet = outlet;
    this.news = new News(outlet, true);
    this.#onEmpty = onEmpty;
  }

  begin(id: RequestId): OpenRequest {
    const request = new WayRequest(id, this);
    this.requests.set(id, request);
    return request;
  }

  end(id: RequestId): void {
    this.requests.delete(id);
    if (this.requests.size > 0) return;
    this.news.close();
    this.#onEmpty();
  }
}

class WayRequest implements OpenRequest {
  readonly id: RequestId;
  readonly lifetime = new Lifetime();
  readonly #way: Way;
  readonly #keys = new Set<string>();
  #isOver = false;

  constructor(id: RequestId, way: Way) {
    this.id = id;
    this.#way = way;
  }

  get outlet(): Outlet {
    return this.#way.outlet;
  }

  get isOver(): boolean {
    return this.#isOver || this.lifetime.ended !== undefined;
  }

  tell(notification: FarMessage): void {
    if (!this.isOver) this.#way.news.tell(notification);
  }

  tellOnce(key: string, notification: FarMessage): void {
    if (this.isOver) return;
    const whole = JSON.stringify([this.id, key]);
    this.#keys.add(whole);
    this.#way.news.tellOnce(whole, notification);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#keys.size > 0) this.#way.news.forget((key) => this.#keys.has(key));
    this.#way.end(this.id);
  }
}

function invalid(message: string): RpcError {
  return { code: rpcCode.invalidRequest, message };
}
