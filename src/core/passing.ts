/**
 * A map of what comes and goes with every call. The table that a `Map` has outgrown points to the next one, so once one of
 * them is old enough to wait for a major collection, V8 keeps all that follow until then, with whatever stood in them: every
 * call. Here only boxes stand in the tables, and what leaves the map leaves its box.
 */
export class Passing<Key, Value> {
  readonly #boxes = new Map<Key, { value: Value | undefined }>();

  get size(): number {
    return this.#boxes.size;
  }

  has(key: Key): boolean {
    return this.#boxes.has(key);
  }

  get(key: Key): Value | undefined {
    return this.#boxes.get(key)?.value;
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    this.#boxes.set(key, { value });
  }

  delete(key: Key): boolean {
    const box = this.#boxes.get(key);
    if (box !== undefined) box.value = undefined;
    return this.#boxes.delete(key);
  }

  keys(): readonly Key[] {
    return [...this.#boxes.keys()];
  }

  /** In the order in which they came. */
  values(): readonly Value[] {
    return [...this.#boxes.values()].flatMap(({ value }) => (value === undefined ? [] : [value]));
  }
}
