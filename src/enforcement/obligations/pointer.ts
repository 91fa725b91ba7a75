import { isObject, type Json, type JsonObject } from '../../core/json.ts';

/** A JSON pointer (RFC 6901) into a result. The segment `*` means every element where an array is. */
export interface Pointer {
  readonly text: string;
  readonly segments: readonly string[];
}

const pointerLength = 500;
const arrayIndex = /^(?:0|[1-9][0-9]{0,8})$/;

/** Undefined when it is none, or names the whole result, for which there is `withhold`. */
export function parsePointer(text: string): Pointer | undefined {
  if (!text.startsWith('/') || text.length > pointerLength) return undefined;
  if (/~(?![01])/.test(text)) return undefined;
  const segments = text
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  return { text, segments };
}

/**
 * Changes of one value, place after place: what changes is copied once, however many places are in it, and the rest is
 * shared with what was given. A value in which nothing changes is the same.
 */
export class Edits {
  readonly #copies = new WeakSet<object>();

  at(value: Json, { segments }: Pointer, change: (found: Json) => Json): Json {
    return this.#changed(value, segments, change);
  }

  #changed(value: Json, segments: readonly string[], change: (found: Json) => Json): Json {
    const [segment, ...rest] = segments;
    if (segment === undefined) return change(value);
    if (!isObject(value) && !Array.isArray(value)) return value;
    let next: Container = value;
    for (const name of placesIn(value, segment)) {
      const before = memberOf(value, name);
      const after = before === undefined ? undefined : this.#changed(before, rest, change);
      if (after !== undefined && after !== before) next = this.#with(next, name, after);
    }
    return next;
  }

  #with(value: Container, name: string, member: Json): Container {
    const copy = this.#copies.has(value) ? value : copied(value);
    this.#copies.add(copy);
    // Not by assignment, so that `__proto__` is a name like any other.
    const plain = { configurable: true, enumerable: true, writable: true };
    return Object.defineProperty(copy, name, { ...plain, value: member });
  }
}

type Container = JsonObject | readonly Json[];

function copied(value: Container): Container {
  return isObject(value) ? { ...value } : [...value];
}

function placesIn(value: Container, segment: string): readonly string[] {
  if (isObject(value)) return [segment];
  if (segment === '*') return value.map((_, index) => String(index));
  return arrayIndex.test(segment) ? [segment] : [];
}

function memberOf(value: Container, name: string): Json | undefined {
  if (!isObject(value)) return value[Number(name)];
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Member by member, so that `__proto__` is a name like any other. */
export function withMember(value: JsonObject, name: string, member: Json): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, key === name ? member : each]),
  );
}
