/** Which of the servers have come so far that the first list is worth showing; each gets there once and stays there. */
export class Settling {
  readonly #open: Set<string>;
  readonly #waiters = new Set<() => void>();

  constructor(servers: readonly string[]) {
    this.#open = new Set(servers);
  }

  settle(server: string): void {
    this.#open.delete(server);
    if (this.#open.size > 0) return;
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }

  settled(timeoutMs: number): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiters.add(done);
    });
  }
}
