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

/** The value with what the pointer names changed; the same value when it names nothing, or nothing changes. */
export function changeAt(value: Json, { segments }: Pointer, change: (found: Json) => Json): Json {
  return changed(value, segments, change);
}

function changed(value: Json, segments: readonly string[], change: (found: Json) => Json): Json {
  const [segment, ...rest] = segments;
  if (segment === undefined) return change(value);
  if (Array.isArray(value)) return changedElements(value, segment, rest, change);
  if (!isObject(value) || !Object.hasOwn(value, segment)) return value;
  const member = value[segment];
  if (member === undefined) return value;
  const next = changed(member, rest, change);
  return next === member ? value : withMember(value, segment, next);
}

function changedElements(
  elements: readonly Json[],
  segment: string,
  rest: readonly string[],
  change: (found: Json) => Json,
): Json {
  const chosen = (index: number) =>
    segment === '*' || (arrayIndex.test(segment) && Number(segment) === index);
  const next = elements.map((each, index) => (chosen(index) ? changed(each, rest, change) : each));
  return next.some((each, index) => each !== elements[index]) ? next : elements;
}

/** Member by member, so that `__proto__` is a name like any other. */
export function withMember(value: JsonObject, name: string, member: Json): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, key === name ? member : each]),
  );
}
