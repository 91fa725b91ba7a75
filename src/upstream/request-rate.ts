import type { Answer } from '../core/answer.ts';
import type { Lifetime } from '../core/lifetime.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { FaultMeter } from './fault-meter.ts';

type Reply = (answer: Answer) => void;

interface RateOptions {
  readonly limits: {
    readonly requestsInFlight: number;
    readonly requestsPerSecond: number;
    readonly requestBurst: number;
    readonly faultsPerMinute: number;
  };
  /** It asks too much, has for more than a minute, and does not stop. */
  readonly onFlood: () => void;
  readonly nowMs?: () => number;
}

/** How long refusals may go on before they count as faults, and what pause makes later ones another matter. */
const patienceMs = 60_000;
const calmMs = 10_000;

/** Bounds what one server asks of the client and of the gate: each request is decided and journaled, and may ask a person. */
export class RequestRate {
  readonly #options: RateOptions;
  readonly #nowMs: () => number;
  readonly #faults: FaultMeter;
  #inFlight = 0;
  #tokens: number;
  #filledMs: number;
  #refusedMs = Number.NEGATIVE_INFINITY;
  #refusingSinceMs = 0;

  constructor(options: RateOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#faults = new FaultMeter(options.limits.faultsPerMinute);
    this.#tokens = options.limits.requestBurst;
    this.#filledMs = this.#nowMs();
  }

  /** The way to answer a request that may go on; undefined for one too many, which is refused here. */
  admit(lifetime: Lifetime, reply: Reply): Reply | undefined {
    const nowMs = this.#nowMs();
    if (this.#inFlight >= this.#options.limits.requestsInFlight || !this.#takeToken(nowMs)) {
      reply({ kind: 'refused', error: { code: rpcCode.internal, message: 'too many requests' } });
      this.#refused(nowMs);
      return undefined;
    }
    return this.#counted(lifetime, reply);
  }

  #counted(lifetime: Lifetime, reply: Reply): Reply {
    this.#inFlight += 1;
    let isOpen = true;
    const close = (): void => {
      if (isOpen) this.#inFlight -= 1;
      isOpen = false;
    };
    const release = lifetime.onEnd(close);
    return (answer) => {
      close();
      release();
      reply(answer);
    };
  }

  #takeToken(nowMs: number): boolean {
    const { requestsPerSecond, requestBurst } = this.#options.limits;
    const gained = ((nowMs - this.#filledMs) / 1_000) * requestsPerSecond;
    this.#tokens = Math.min(requestBurst, this.#tokens + gained);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #refused(nowMs: number): void {
    if (nowMs - this.#refusedMs > calmMs) this.#refusingSinceMs = nowMs;
    this.#refusedMs = nowMs;
    if (nowMs - this.#refusingSinceMs < patienceMs) return;
    if (this.#faults.add()) this.#options.onFlood();
  }
}
