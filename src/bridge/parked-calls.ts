import type { Clock } from '../core/clock.ts';
import type { BridgeLimits } from './limits.ts';

interface Place<T> {
  readonly call: T;
  readonly scope: string;
  /** Undefined while a request of the client waits for it. */
  untilMs: number | undefined;
}

/**
 * The calls that wait on legacy servers for what their clients say next. Few are held, and none for long: one that nobody
 * comes back for is cancelled, and so is everything at `close`.
 */
export class ParkedCalls<T extends { cancel(reason: string): void }> {
  readonly #clock: Clock;
  readonly #limits: BridgeLimits;
  readonly #places = new Map<number, Place<T>>();
  #next = 1;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, limits: BridgeLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** A handle for a call that is going to wait; undefined when too many do. */
  admit(call: T, scope: string): number | undefined {
    this.#sweep();
    const { parkedCalls, parkedCallsPerScope } = this.#limits;
    const own = [...this.#places.values()].filter((place) => place.scope === scope).length;
    if (this.#places.size >= parkedCalls || own >= parkedCallsPerScope) return undefined;
    const handle = this.#next;
    this.#next += 1;
    this.#places.set(handle, { call, scope, untilMs: undefined });
    return handle;
  }

  /** Nobody waits for it from now on, until it is claimed. */
  park(handle: number): void {
    const place = this.#places.get(handle);
    if (place === undefined) return;
    place.untilMs = this.#clock() + this.#limits.stateTtlMs;
    this.#watch();
  }

  /** For the client that has come back; undefined when it came too late. */
  claim(handle: number): T | undefined {
    this.#sweep();
    const place = this.#places.get(handle);
    if (place === undefined) return undefined;
    place.untilMs = undefined;
    return place.call;
  }

  remove(handle: number): void {
    this.#places.delete(handle);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { call } of [...this.#places.values()]) call.cancel('the gate stops');
    this.#places.clear();
  }

  #sweep(): void {
    const now = this.#clock();
    for (const [handle, { call, untilMs }] of [...this.#places]) {
      if (untilMs === undefined || untilMs > now) continue;
      this.#places.delete(handle);
      call.cancel('the client did not come back');
    }
  }

  #watch(): void {
    if (this.#timer !== undefined) return;
    const ends = [...this.#places.values()].flatMap(({ untilMs }) => untilMs ?? []);
    if (ends.length === 0) return;
    const waitMs = Math.max(1, Math.min(...ends) - this.#clock());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#sweep();
      this.#watch();
    }, waitMs).unref();
  }
}
