import { canonical } from '../../core/canonical.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import { type Plan, pointerTag } from './plan.ts';
import { Edits, type Pointer, withMember } from './pointer.ts';
import type { NumberSubstitute } from './redact-value.ts';
import { mapTexts } from './structured.ts';
import { Withheld } from './withheld.ts';

/**
 * The result with the changes that pointers name. Text that says the same as the structured part says the changed one
 * afterwards, for servers write both. `done` gets what was changed.
 */
export function edited(
  plan: Plan,
  given: JsonObject,
  substitute: NumberSubstitute,
  done: Set<string>,
): JsonObject {
  const edits = new Edits();
  let value: Json = given;
  const edit = (pointer: Pointer, what: string, change: (found: Json) => Json) => {
    value = edits.at(value, pointer, (found) => {
      const next = change(found);
      if (next !== found) done.add(`${what}:${pointer.text}`);
      return next;
    });
  };
  for (const pointer of plan.pointers) {
    edit(pointer, 'redact', (found) => hidden(found, substitute));
  }
  for (const { pointer, value: instead } of plan.replacements) {
    edit(pointer, 'replace', (found) => (isSame(found, instead) ? found : instead));
  }
  if (value === given) return given;
  if (!isObject(value)) throw new Withheld('nothing of it is left');
  return mirrored(given, withParts(given, value));
}

const tagPart = { type: 'text', text: pointerTag };
/** What a pointer's target has become when it was hidden before. */
const hiddenBefore = new Set([pointerTag, null, tagPart, [tagPart]].map(canonical));

/** A tag says that something was there; what is one already, or nothing, stays as it is. */
function hidden(found: Json, substitute: NumberSubstitute): Json {
  if (hiddenBefore.has(canonical(found))) return found;
  return substitute === 'tag' ? pointerTag : null;
}

function isSame(one: Json, other: Json): boolean {
  return canonical(one) === canonical(other);
}

/** A tool's content stays a list of parts, whatever was taken from it. */
function withParts(given: JsonObject, value: JsonObject): JsonObject {
  const { content } = value;
  if (!Array.isArray(given['content']) || content === given['content']) return value;
  const parts: readonly Json[] = Array.isArray(content) ? content : [content ?? null];
  const asPart = (part: Json): Json => {
    if (isObject(part)) return part;
    return typeof part === 'string' ? { type: 'text', text: part } : tagPart;
  };
  return withMember(value, 'content', parts.map(asPart));
}

function mirrored(given: JsonObject, value: JsonObject): JsonObject {
  const before = given['structuredContent'];
  const after = value['structuredContent'];
  if (before === undefined || after === undefined || before === after) return value;
  const said = canonical(before);
  return mapTexts(value, (text) => {
    const parsed = parsedText(text);
    return parsed !== undefined && canonical(parsed) === said ? JSON.stringify(after) : text;
  });
}

function parsedText(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
