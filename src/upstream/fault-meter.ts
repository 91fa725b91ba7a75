const minuteMs = 60_000;

/** Counts what a server writes and nobody can use; true once there was more of it in a minute than is allowed. */
export class FaultMeter {
  readonly #limit: number;
  #count = 0;
  #sinceMs = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(): boolean {
    const now = performance.now();
    if (now - this.#sinceMs > minuteMs) {
      this.#sinceMs = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count > this.#limit;
  }
}
