import { isUtf8 } from 'node:buffer';
import { GateError } from './errors.ts';
import type { Json, JsonObject } from './json.ts';
import { isObject } from './json.ts';
import { stringEnd } from './json-bytes.ts';
import { findJsonFault, shownKey } from './json-fault.ts';
import { isLossyNumber } from './lossy-number.ts';
import { parseJson } from './parse-json.ts';

/** Deeper nesting is refused before anything recursive sees it. */
export const maxJsonDepth = 128;

/** `broken` is no JSON at all; `refused` is JSON that two parsers may read in two ways, or that does not survive one. */
export type StrictResult =
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'refused'; readonly rule: StrictRule; readonly reason: string };

export type StrictRule = 'depth' | 'duplicate_key' | 'proto_key' | 'lone_surrogate' | 'number';

/** Parses JSON that somebody hostile wrote; throws `invalid_json`, which names offsets and keys but never a value. */
export function parseStrict(text: string | Buffer): Json {
  const result = readStrict(text);
  if (result.kind === 'value') return result.value;
  throw new GateError('invalid_json', result.reason);
}

/** As `parseStrict`, for callers who tell broken JSON from refused JSON. Offsets count bytes of UTF-8. */
export function readStrict(input: string | Buffer): StrictResult {
  if (typeof input !== 'string') {
    if (!isUtf8(input)) return { kind: 'broken', reason: 'not valid utf-8' };
    return readText(input.toString('utf8'), input);
  }
  if (!input.isWellFormed()) return refuse('lone_surrogate', 'lone surrogate in the text');
  return readText(input, Buffer.from(input));
}

function readText(text: string, bytes: Buffer): StrictResult {
  const survey = surveyJson(bytes);
  if (survey.tooDeepAt !== -1) {
    return refuse(
      'depth',
      `nests deeper than ${maxJsonDepth} levels at offset ${survey.tooDeepAt}`,
    );
  }
  let value: Json;
  try {
    value = parseJson(text);
  } catch {
    // The engine's message is dropped: it quotes the text.
    return { kind: 'broken', reason: findJsonFault(text) ?? 'not valid json' };
  }
  return judge(text, value, survey);
}

function judge(text: string, value: Json, survey: Survey): StrictResult {
  const walk: Walk = { keys: 0, protoKey: false, loneSurrogate: undefined };
  visit(value, '', walk, survey.escaped);
  // In valid JSON every colon outside a string belongs to one member: fewer keys than colons means duplicates.
  if (walk.keys !== survey.colons) {
    return refuse('duplicate_key', findJsonFault(text) ?? 'duplicate key');
  }
  if (walk.protoKey) return refuse('proto_key', 'key "__proto__" is not accepted');
  if (walk.loneSurrogate !== undefined) {
    return refuse('lone_surrogate', `lone surrogate in ${walk.loneSurrogate}`);
  }
  if (survey.lossyAt !== -1) {
    return refuse('number', `number at offset ${survey.lossyAt} does not survive parsing`);
  }
  return { kind: 'value', value };
}

function refuse(rule: StrictRule, reason: string): StrictResult {
  return { kind: 'refused', rule, reason };
}

interface Survey {
  readonly escaped: boolean;
  readonly colons: number;
  /** Offset of the first bracket beyond the limit, or -1. */
  readonly tooDeepAt: number;
  /** Offset of the first number that would change, or -1. */
  readonly lossyAt: number;
}

const other = 0;
const string = 1;
const number = 2;
const colon = 3;
const opening = 4;
const closing = 5;

const kinds = new Uint8Array(256);
for (const byte of Buffer.from('-0123456789')) kinds[byte] = number;
for (const byte of Buffer.from('[{')) kinds[byte] = opening;
for (const byte of Buffer.from(']}')) kinds[byte] = closing;
kinds[0x22] = string;
kinds[0x3a] = colon;

/** One pass without recursion. Of broken JSON only the depth means anything, and it is right up to where that breaks. */
function surveyJson(bytes: Buffer): Survey {
  let colons = 0;
  let depth = 0;
  let tooDeepAt = -1;
  let lossyAt = -1;
  let at = 0;
  const { length } = bytes;
  while (at < length && tooDeepAt === -1) {
    const start = at;
    at += 1;
    switch (kinds[bytes[start] ?? 0] ?? other) {
      case string:
        at = endOr(stringEnd(bytes, start), length);
        break;
      case number:
        at = digitsEnd(bytes, at);
        if (lossyAt === -1 && isLossyNumber(bytes, start, at)) lossyAt = start;
        break;
      case colon:
        colons += 1;
        break;
      case opening:
        depth += 1;
        if (depth > maxJsonDepth) tooDeepAt = start;
        break;
      case closing:
        depth -= 1;
        break;
    }
  }
  return { escaped: bytes.includes(0x5c), colons, tooDeepAt, lossyAt };
}

function endOr(end: number, otherwise: number): number {
  return end === -1 ? otherwise : end;
}

/** The offset behind digits, `-` and `.`; and `/`, which stands nowhere in JSON. An exponent is left to `isLossyNumber`. */
function digitsEnd(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x2d || byte > 0x39) return at;
    at += 1;
  }
}

interface Walk {
  keys: number;
  protoKey: boolean;
  loneSurrogate: string | undefined;
}

/** `name` is the key that holds the value. Valid UTF-8 has no lone surrogates, so only escapes can have made them. */
function visit(value: Json, name: string, walk: Walk, escaped: boolean): void {
  if (typeof value === 'string') {
    if (escaped && !value.isWellFormed()) walk.loneSurrogate ??= whereIn(name);
  } else if (Array.isArray(value)) {
    for (const item of value) visit(item, name, walk, escaped);
  } else if (isObject(value)) {
    visitMembers(value, walk, escaped);
  }
}

function visitMembers(value: JsonObject, walk: Walk, escaped: boolean): void {
  // `for in` builds no list of keys; what JSON.parse made inherits nothing that can be enumerated.
  for (const key in value) {
    walk.keys += 1;
    if (key === '__proto__') walk.protoKey = true;
    if (escaped && !key.isWellFormed()) walk.loneSurrogate ??= 'a key';
    const member = value[key];
    if (member !== undefined) visit(member, key, walk, escaped);
  }
}

function whereIn(name: string): string {
  return name === '' ? 'a string' : `the string under ${shownKey(name)}`;
}
