import { createHash } from 'node:crypto';
import type { Json } from '../core/json.ts';
import { isSubset } from './subset.ts';
import { clockOf, dateOf, parseRfc3339, weekdayOf } from './time-builtins.ts';

/** What opa-wasm calls for a builtin that the compiled policy does not have itself; undefined makes the expression so. */
export type Builtin = (...args: readonly Json[]) => Json | ArrayBuffer | undefined;

/** The time of the input that is being evaluated, in nanoseconds since the Unix epoch. */
export type NanosecondClock = () => number | bigint;

/**
 * The builtins that the gate supplies, by their OPA names; `fromGate` in `regoc/capabilities.go` lists the same. They
 * answer as OPA does, with three limits: arguments come as JSON numbers, so of times finer than a microsecond the last
 * digits are lost (results are exact); sets come as arrays, for which reason `object.subset` is declared without
 * sets; time zones other than UTC are undefined, and a lint refuses them where they are constant.
 */
export function createBuiltins(clock: NanosecondClock): Readonly<Record<string, Builtin>> {
  return {
    'time.now_ns': () => exactNumber(BigInt(clock())),
    'time.parse_rfc3339_ns': (text) => mapDefined(parseRfc3339(text), exactNumber),
    'time.clock': (time) => clockOf(time),
    'time.date': (time) => dateOf(time),
    'time.weekday': (time) => weekdayOf(time),
    'strings.any_prefix_match': (texts, prefixes) =>
      anyMatch(texts, prefixes, (text, prefix) => text.startsWith(prefix)),
    'strings.any_suffix_match': (texts, suffixes) =>
      anyMatch(texts, suffixes, (text, suffix) => text.endsWith(suffix)),
    'strings.count': (text, part) => bothTexts(text, part, countOf),
    'object.subset': (whole, part) => isSubset(whole, part),
    'crypto.sha256': (text) =>
      onText(text, (value) => createHash('sha256').update(value).digest('hex')),
    'hex.encode': (text) => onText(text, (value) => Buffer.from(value).toString('hex')),
    'glob.quote_meta': (pattern) =>
      onText(pattern, (value) => value.replace(/[*?\\[\]{}]/g, '\\$&')),
  };
}

/** opa-wasm takes an ArrayBuffer for JSON text: the only way past the 53 bits of a JavaScript number. */
function exactNumber(value: bigint): ArrayBuffer {
  return new Uint8Array(Buffer.from(value.toString())).buffer;
}

function anyMatch(
  texts: Json | undefined,
  parts: Json | undefined,
  matches: (text: string, part: string) => boolean,
): boolean | undefined {
  const left = textsOf(texts);
  const right = textsOf(parts);
  if (left === undefined || right === undefined) return undefined;
  return left.some((text) => right.some((part) => matches(text, part)));
}

/** A text is one text; a list with anything but texts is a type error, which OPA answers with undefined. */
function textsOf(value: Json | undefined): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((each) => typeof each === 'string');
  return texts.length === value.length ? texts : undefined;
}

/** Without overlaps; the empty text is found before and after every character. */
function countOf(text: string, part: string): number {
  return part === '' ? [...text].length + 1 : text.split(part).length - 1;
}

function onText(value: Json | undefined, apply: (text: string) => string): string | undefined {
  return typeof value === 'string' ? apply(value) : undefined;
}

function bothTexts(
  a: Json | undefined,
  b: Json | undefined,
  apply: (a: string, b: string) => number,
): number | undefined {
  return typeof a === 'string' && typeof b === 'string' ? apply(a, b) : undefined;
}

function mapDefined<From, To>(value: From | undefined, apply: (value: From) => To): To | undefined {
  return value === undefined ? undefined : apply(value);
}
