import type { RawResponse, Span } from '../core/answer.ts';
import { foldOf } from '../core/fold.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';

// What a result is stands under `resultType` (MCP 2026-07-28). A question that is not known for one would pass by policy,
// so a type counts however it is spelled, and what only some parsers take for one is a type that nobody knows.

const typeKey = 'resultType';
const typeFold = foldOf(typeKey);

/** No type is longer; each of its characters may be an escape of six. */
const typeCharacters = 64;
const typeBytes = 2 + 6 * typeCharacters;

/** The type in the bytes of a result; '' for one that is none that anybody knows, undefined where it says nothing. */
export function typeAt(line: Buffer, members: ReadonlyMap<string, Span>): string | undefined {
  if (isConfusing(members.keys())) return '';
  const span = members.get(typeKey);
  if (span === undefined) return undefined;
  const [start, end] = span;
  return end - start > typeBytes ? '' : spelled(line.toString('utf8', start, end));
}

/** As `typeAt`, of a result that was parsed. */
export function typeOf(result: JsonObject): string | undefined {
  if (isConfusing(Object.keys(result))) return '';
  const said = result[typeKey];
  return said === undefined ? undefined : known(said);
}

/** The result without a type, and without anything that some parsers take for one. */
export function untyped(result: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(result).filter(([key]) => foldOf(key) !== typeFold));
}

/** Whether this is a result that says anything but that it is complete. */
export function isTyped({ resultType }: RawResponse): boolean {
  return (resultType ?? 'complete') !== 'complete';
}

/** Some parsers ignore the case of keys. */
function isConfusing(keys: Iterable<string>): boolean {
  for (const key of keys) {
    if (key.length === typeKey.length && key !== typeKey && foldOf(key) === typeFold) return true;
  }
  return false;
}

function spelled(text: string): string {
  try {
    const said: Json = parseJson(text);
    return known(said);
  } catch {
    // Its scan only skipped it: what is no JSON is no type.
    return '';
  }
}

function known(said: Json): string {
  return typeof said === 'string' && said.length <= typeCharacters ? said : '';
}
