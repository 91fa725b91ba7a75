/** A number of bytes that many share; nobody waits for it. */
export class ByteBudget {
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.#free) return false;
    this.#free -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#free += bytes;
  }
}

/** How many of one thing each caller may have at once. */
export class Quota {
  readonly #limit: number;
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  take(caller: string): boolean {
    const taken = this.#taken.get(caller) ?? 0;
    if (taken >= this.#limit) return false;
    this.#taken.set(caller, taken + 1);
    this.#total += 1;
    return true;
  }

  give(caller: string): void {
    const taken = this.#taken.get(caller) ?? 0;
    if (taken > 0) this.#total -= 1;
    if (taken <= 1) this.#taken.delete(caller);
    else this.#taken.set(caller, taken - 1);
  }

  /** Of all callers. */
  get total(): number {
    return this.#total;
  }
}
