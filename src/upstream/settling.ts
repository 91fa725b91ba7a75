/** Which of the servers have come so far that the first list is worth showing; each gets there once and stays there. */
export class Settling {
  readonly #open: Set<string>;
  readonly #waiters = new Set<() => void>();

  constructor(servers: readonly string[]) {
    this.#open = new Set(servers);
  }

  settle(server: string): void {
    this.#open.delete(server);
    for (const look of [...this.#waiters]) look();
  }

  /** Resolves when all have come, or `isEnough` says so after one did, at the latest after `timeoutMs`. */
  settled(timeoutMs: number, isEnough: () => boolean): Promise<void> {
    if (this.#open.size === 0 || isEnough()) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(look);
        resolve();
      };
      const look = (): void => {
        if (this.#open.size === 0 || isEnough()) done();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiters.add(look);
    });
  }
}
