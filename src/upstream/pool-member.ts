import type { Catalog, Connection, UpstreamPool, UpstreamStatus } from './contract.ts';

/**
 * A pool as one of its members has it: it can be neither opened nor closed, and listeners go when the member does. Whoever
 * holds the pools may put a real one in the place of one that offers nothing.
 */
export class MemberPool implements UpstreamPool {
  #pool: UpstreamPool;
  #listeners: (() => void)[] = [];

  constructor(pool: UpstreamPool) {
    this.#pool = pool;
  }

  attach(pool: UpstreamPool): void {
    this.#pool = pool;
  }

  get catalog(): Catalog {
    return this.#pool.catalog;
  }

  /** Whoever holds the pools has done it. */
  start(): void {}

  /** The hello of the first member counts. */
  open(): void {}

  connection(server: string): Connection | undefined {
    return this.#pool.connection(server);
  }

  connections(capability: string | undefined): readonly Connection[] {
    return this.#pool.connections(capability);
  }

  status(): readonly UpstreamStatus[] {
    return this.#pool.status();
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** A member leaves; it ends nothing. */
  async close(): Promise<void> {}

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  leave(): void {
    this.#listeners = [];
  }
}
