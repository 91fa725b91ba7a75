interface Entry<Key, Value> {
  readonly key: Key;
  readonly value: Value;
}

type Entries<Key, Value> = Record<number | string, Entry<Key, Value>>;

/**
 * What comes and goes by a key, such as requests until they are answered: for what is long-lived itself and would see a
 * `Map` or a `Set` filled and emptied by every call. V8 makes the tables of those anew after so many deletions, and a table
 * that is left behind in the old generation keeps all that it held until a full collection: whatever hangs on a request
 * is copied twice and becomes old. Members of an object leave nothing behind.
 */
export class Passing<Key extends number | string, Value> {
  // Two, for 1 and '1' are not the same.
  readonly #numbers: Entries<Key, Value> = Object.create(null);
  readonly #texts: Entries<Key, Value> = Object.create(null);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: Key): boolean {
    return this.#entriesOf(key)[key] !== undefined;
  }

  get(key: Key): Value | undefined {
    return this.#entriesOf(key)[key]?.value;
  }

  set(key: Key, value: Value): void {
    const entries = this.#entriesOf(key);
    if (entries[key] === undefined) this.#size += 1;
    entries[key] = { key, value };
  }

  /** False when there is none. */
  delete(key: Key): boolean {
    const entries = this.#entriesOf(key);
    if (entries[key] === undefined) return false;
    delete entries[key];
    this.#size -= 1;
    return true;
  }

  /** As they are now; those by a number from 0 come first, the lowest first. */
  keys(): Key[] {
    return this.#entries().map(({ key }) => key);
  }

  /** In the order of `keys`. */
  values(): Value[] {
    return this.#entries().map(({ value }) => value);
  }

  #entriesOf(key: Key): Entries<Key, Value> {
    return typeof key === 'number' ? this.#numbers : this.#texts;
  }

  #entries(): Entry<Key, Value>[] {
    return [...Object.values(this.#numbers), ...Object.values(this.#texts)];
  }
}
