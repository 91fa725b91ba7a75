import type { RawResponse } from '../core/answer.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { isObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import { readStrict } from '../core/strict-json.ts';
import type { IncomingNotification } from './contract.ts';
import { composeResponse, idOf, withheld } from './raw-response.ts';

const reserved = 'dev.mcp-gate';
const reservedPrefix = `${reserved}/`;

/**
 * The value without the keys under `dev.mcp-gate/` in every `_meta` object of it: nobody but the gate speaks there. The
 * same object when there are none. Recursive: only for values that nest no deeper than `maxJsonDepth`.
 */
export function withoutReserved(value: JsonObject): JsonObject {
  return cleanObject(value, false);
}

/** A notification or request of the other side as it is passed on: nothing in it speaks for the gate. */
export function withoutReservedMembers<T extends Pick<IncomingNotification, 'params' | 'extras'>>(
  message: T,
): T {
  const { params, extras } = message;
  return {
    ...message,
    params: params && withoutReserved(params),
    extras: extras && withoutReserved(extras),
  };
}

/** `everywhere`: the keys go from every object, not only from every `_meta`. */
function cleanObject(value: JsonObject, everywhere: boolean): JsonObject {
  let copy: Record<string, Json | undefined> | undefined;
  for (const [key, member] of Object.entries(value)) {
    if (everywhere && key.startsWith(reservedPrefix)) {
      copy ??= { ...value };
      delete copy[key];
      continue;
    }
    const kept =
      isMeta(key) && isObject(member) ? cleanMeta(member, everywhere) : clean(member, everywhere);
    if (kept === member) continue;
    copy ??= { ...value };
    copy[key] = kept;
  }
  return copy ?? value;
}

/** In any case of its letters: some clients take it all the same. */
function isMeta(key: string): boolean {
  return key === '_meta' || (key.length === 5 && key.toLowerCase() === '_meta');
}

function cleanMeta(meta: JsonObject, everywhere: boolean): JsonObject {
  const inside = cleanObject(meta, everywhere);
  const kept = Object.entries(inside).filter(([key]) => !key.startsWith(reservedPrefix));
  return kept.length === Object.keys(inside).length ? inside : Object.fromEntries(kept);
}

function clean(value: Json | undefined, everywhere: boolean): Json | undefined {
  if (typeof value !== 'object' || value === null) return value;
  return isObject(value) ? cleanObject(value, everywhere) : cleanItems(value, everywhere);
}

function cleanItems(items: readonly Json[], everywhere: boolean): readonly Json[] {
  let changed = false;
  const kept = items.map((item) => {
    const cleaned = clean(item, everywhere) ?? null;
    changed ||= cleaned !== item;
    return cleaned;
  });
  return changed ? kept : items;
}

/**
 * The response as `withoutReserved` leaves it; an error has none of the keys anywhere, for its `data` is where the gate's
 * own errors name their decision. It is parsed only when its bytes may spell the reserved prefix, and stays
 * the same object when nothing was taken out. A suspicious one that cannot be judged is withheld: an error stands for it.
 */
export function cleanResponse(response: RawResponse): RawResponse {
  if (!maySpellReserved(response.line)) return response;
  const read = readStrict(response.line);
  if (read.kind === 'broken') return withheld(response, read.reason);
  if (read.kind === 'value') return rebuild(response, read.value, false);
  if (read.rule === 'depth') return withheld(response, read.reason);
  // Which of two equal keys the client would take is unknown: it gets only the one that was looked at.
  const ambiguous = read.rule === 'duplicate_key' || read.rule === 'proto_key';
  const value: Json = parseJson(response.line.toString('utf8'));
  return rebuild(response, value, ambiguous);
}

function rebuild(response: RawResponse, message: Json, always: boolean): RawResponse {
  if (!isObject(message)) return withheld(response, 'a message must be a json object');
  const cleaned = cleanMessage(message);
  if (cleaned === message && !always) return response;
  return composeResponse(cleaned, idOf(response), response.kind);
}

function cleanMessage(message: JsonObject): JsonObject {
  const cleaned = withoutReserved(message);
  const { error } = cleaned;
  if (!isObject(error)) return cleaned;
  const cleanError = cleanObject(error, true);
  return cleanError === error ? cleaned : { ...cleaned, error: cleanError };
}

/** The bytes that an escape may stand for if it is part of the prefix. */
const spelled: ReadonlySet<number> = new Set(Buffer.from(reserved));

/** Whether the prefix is in the bytes, or an escape of one of its characters; other escapes cannot be part of it. */
function maySpellReserved(bytes: Buffer): boolean {
  if (bytes.includes(reserved)) return true;
  const first = bytes.indexOf('\\u00');
  if (first === -1) return false;
  for (let at = first; at < bytes.length; at += 1) {
    if (bytes[at] === backslash && spelled.has(escapedByte(bytes, at))) return true;
  }
  return false;
}

const backslash = 0x5c;

/** The code of an escape `\u00xx` in the range of small letters, digits and punctuation; -1 for anything else. */
function escapedByte(bytes: Buffer, at: number): number {
  const high = bytes[at + 4] ?? 0;
  if (high < 0x32 || high > 0x37) return -1;
  return Number.parseInt(bytes.toString('latin1', at + 4, at + 6), 16);
}
