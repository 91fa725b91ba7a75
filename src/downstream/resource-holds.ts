import type { Connection } from '../upstream/contract.ts';

/** How many clients want news of each resource of a connection that they share: the last one to leave ends it. */
export class ResourceHolds {
  readonly #holds = new WeakMap<Connection, Map<string, number>>();

  /** True for the first one that wants it. */
  add(connection: Connection, uri: string): boolean {
    const counts = this.#of(connection);
    const others = counts.get(uri) ?? 0;
    counts.set(uri, others + 1);
    return others === 0;
  }

  /** True for the last one that wanted it. */
  remove(connection: Connection, uri: string): boolean {
    const counts = this.#of(connection);
    const others = (counts.get(uri) ?? 1) - 1;
    if (others > 0) counts.set(uri, others);
    else counts.delete(uri);
    return others === 0;
  }

  #of(connection: Connection): Map<string, number> {
    const known = this.#holds.get(connection);
    if (known !== undefined) return known;
    const counts = new Map<string, number>();
    this.#holds.set(connection, counts);
    return counts;
  }
}
