import { digestOf } from '../core/digest.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';

/** Strings longer than this (UTF-16 units) reach policy as length, digest and head. */
const policyStringLimit = 65_536;
const headLength = 256;

/** The arguments as policy sees them, and whether anything of them was left out. */
export function forPolicy(args: JsonObject, argumentsText: string) {
  if (argumentsText.length <= policyStringLimit) return { arguments: args, truncated: false };
  let truncated = false;
  const shorten = (value: Json | undefined): Json | undefined => {
    if (typeof value === 'string' && value.length > policyStringLimit) {
      truncated = true;
      const head = value.slice(0, headLength).toWellFormed();
      return { $bytes: Buffer.byteLength(value), $digest: digestOf(value), $head: head };
    }
    if (Array.isArray(value)) return value.map((each: Json) => shorten(each) ?? null);
    return isObject(value) ? shortenMembers(value) : value;
  };
  const shortenMembers = (value: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shorten(each)]));
  return { arguments: shortenMembers(args), truncated };
}
