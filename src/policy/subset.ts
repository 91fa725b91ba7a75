import { isDeepStrictEqual } from 'node:util';
import { isObject, type Json, type JsonObject } from '../core/json.ts';

/** OPA's `object.subset` for objects and arrays; anything else is undefined. Attacker-controlled values: not recursive in arrays. */
export function isSubset(whole: Json | undefined, part: Json | undefined): boolean | undefined {
  if (isObject(whole) && isObject(part)) return hasObject(whole, part);
  if (Array.isArray(whole) && Array.isArray(part)) return hasRun(whole, part);
  return undefined;
}

function hasObject(whole: JsonObject, part: JsonObject): boolean {
  return Object.entries(part).every(([key, wanted]) => {
    if (!Object.hasOwn(whole, key)) return false;
    const found = whole[key];
    return isDeepStrictEqual(found, wanted) || isSubset(found, wanted) === true;
  });
}

/**
 * Whether `part` stands in `whole`, in order and without gaps. This is OPA's search, step for step; it starts again one
 * place further after every mismatch.
 */
function hasRun(whole: readonly Json[], part: readonly Json[]): boolean {
  for (let start = 0; start + part.length <= whole.length; start += 1) {
    if (part.every((each, index) => isDeepStrictEqual(whole[start + index], each))) return true;
  }
  return false;
}
