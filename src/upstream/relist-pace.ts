interface Pauses {
  readonly relistPauseMs: number;
  readonly relistLongestPauseMs: number;
  readonly relistQuietMs: number;
}

/**
 * When a server may be listed again. Each pause is twice as long as the last one while the server goes on to say that its
 * lists have changed, and the shortest one again once it was quiet: every listing costs the gate more than the server.
 */
export class RelistPace {
  readonly #pauses: Pauses;
  readonly #nowMs: () => number;
  #listedMs = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;

  constructor(pauses: Pauses, nowMs: () => number = () => performance.now()) {
    this.#pauses = pauses;
    this.#nowMs = nowMs;
  }

  /** How long a change that is told of now has to wait. */
  waitMs(): number {
    const { relistPauseMs, relistQuietMs } = this.#pauses;
    const sinceMs = this.#nowMs() - this.#listedMs;
    if (sinceMs >= relistQuietMs) this.#pauseMs = 0;
    return Math.max(0, Math.max(this.#pauseMs, relistPauseMs) - sinceMs);
  }

  /** A listing is over. */
  listed(): void {
    const { relistPauseMs, relistLongestPauseMs } = this.#pauses;
    this.#pauseMs = Math.min(relistLongestPauseMs, Math.max(relistPauseMs, this.#pauseMs * 2));
    this.#listedMs = this.#nowMs();
  }
}
