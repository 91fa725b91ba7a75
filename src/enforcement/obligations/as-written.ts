import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import type { StrictResult, StrictRule } from '../../core/strict-json.ts';
import type { Adapted } from './adapt.ts';
import type { Plan } from './plan.ts';
import { Redaction } from './redact-text.ts';

/** What a parser changes without losing a member; what it loses could hide anything. */
const bearable: ReadonlySet<StrictRule> = new Set(['number', 'lone_surrogate']);

/**
 * Whether a result that does not survive parsing may be relayed as it was written: the plan finds nothing in it, neither as
 * a parser reads it nor in the digits and escapes that stand there. It cannot be written anew without changing more than
 * the plan wants, so that where something is found the answer is no.
 */
export function isCleanAsWritten(
  plan: Plan,
  bytes: Buffer,
  read: StrictResult,
  look: (value: JsonObject) => Adapted,
): boolean {
  if (read.kind !== 'refused' || !bearable.has(read.rule)) return false;
  const text = bytes.toString();
  const value: Json = parseJson(text);
  if (!isObject(value) || look(value).kind !== 'unchanged') return false;
  try {
    return new Redaction([...plan.marks, ...plan.withheld]).text(text) === text;
  } catch {
    // What cannot be looked at to its end is not clean.
    return false;
  }
}
