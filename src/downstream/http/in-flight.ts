import { Crowd } from '../../core/crowd.ts';
import { Quota } from './budget.ts';
import type { HttpLimits } from './contract.ts';
import type { Exchange } from './exchange.ts';
import { type Refusal, refusal } from './refusal.ts';

/** All requests that wait for an answer: so many of each caller, kept in use while they wait. */
export class InFlight {
  readonly #exchanges = new Crowd<Exchange>();
  readonly #requests: Quota;
  readonly #streams: Quota;
  #standing = 0;
  #idle: (() => void) | undefined;

  constructor({ requestsPerCaller, streamsPerCaller }: HttpLimits) {
    this.#requests = new Quota(requestsPerCaller);
    this.#streams = new Quota(streamsPerCaller);
  }

  /** Makes a place for a request, or a stream; whoever gets one gives it back by `leave`. */
  enter(caller: string, isStanding: boolean): Refusal | undefined {
    if (isStanding) return this.#streams.take(caller) ? undefined : tooManyStreams;
    return this.#requests.take(caller) ? undefined : tooManyRequests;
  }

  leave(caller: string, isStanding: boolean): void {
    (isStanding ? this.#streams : this.#requests).give(caller);
  }

  add(exchange: Exchange): void {
    this.#exchanges.enter(exchange);
    if (exchange.isStanding) this.#standing += 1;
  }

  remove(exchange: Exchange): void {
    if (!this.#exchanges.leave(exchange)) return;
    if (exchange.isStanding) this.#standing -= 1;
    if (this.calls === 0) this.#idle?.();
  }

  /** Requests that somebody works on. */
  get calls(): number {
    return this.#exchanges.size - this.#standing;
  }

  /** Streams that stand open without a call. */
  get streams(): number {
    return this.#streams.total;
  }

  pulse(): void {
    for (const exchange of this.#exchanges.members()) exchange.pulse();
  }

  /** Resolves when no call waits for its answer. */
  idle(): Promise<void> {
    if (this.calls === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }
}

const tooManyRequests = refusal(429, 'too many requests of this caller at once', [
  'Retry-After',
  '1',
]);
const tooManyStreams = refusal(429, 'too many open streams of this caller', ['Retry-After', '60']);
