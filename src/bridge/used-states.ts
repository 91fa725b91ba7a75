import type { Clock } from '../core/clock.ts';

/**
 * Which states were used already, until they have expired. At most `limit` are remembered: when there are more, everything
 * that expires no later than the one forgotten counts as used.
 */
export class UsedStates {
  readonly #clock: Clock;
  readonly #limit: number;
  /** Expiry by nonce, in the order of use. */
  readonly #used = new Map<string, number>();
  #forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** True for the first use of a state that has not expired. */
  use(nonce: string, expiresMs: number): boolean {
    this.#forget();
    if (expiresMs <= this.#clock() || expiresMs <= this.#forgottenMs) return false;
    if (this.#used.has(nonce)) return false;
    this.#used.set(nonce, expiresMs);
    return true;
  }

  #forget(): void {
    const now = this.#clock();
    for (const [nonce, expiresMs] of this.#used) {
      const isOver = expiresMs <= now;
      if (!isOver && this.#used.size < this.#limit) return;
      this.#used.delete(nonce);
      if (!isOver) this.#forgottenMs = Math.max(this.#forgottenMs, expiresMs);
    }
  }
}
