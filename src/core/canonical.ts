import canonicalize from 'canonicalize';
import { GateError } from './errors.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/**
 * RFC 8785 (JCS) text of a JSON value. Throws `invalid_json` on what JSON cannot carry: NaN, infinities, lone
 * surrogates. Where every object already has its members in order, `JSON.stringify` gives the same text sooner.
 */
export function canonical(value: Json): string {
  if (isInOrder(value)) return JSON.stringify(value);
  try {
    const text = canonicalize(value);
    if (text !== undefined) return text;
  } catch (cause) {
    throw formless(cause);
  }
  throw formless(undefined);
}

function formless(cause: unknown): GateError {
  return new GateError('invalid_json', 'value has no canonical form', { cause });
}

function isInOrder(value: Json): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isInOrder);
  return isObject(value) && areInOrder(value);
}

function areInOrder(members: JsonObject): boolean {
  let previous: string | undefined;
  // `for in` builds no lists. What a value may inherit only sends it the slow way.
  for (const key in members) {
    const member = members[key];
    if (previous !== undefined && key <= previous) return false;
    if (member === undefined || !key.isWellFormed() || !isInOrder(member)) return false;
    previous = key;
  }
  return true;
}
