import type { Span } from './answer.ts';
import { stringEnd } from './json-bytes.ts';

export type Members = ReadonlyMap<string, Span>;

export interface Scan {
  readonly members: Members;
  /** The members of the member that was asked for, if that is an object. */
  readonly inner: Members | undefined;
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const unsure = -1;

/**
 * Where the values of one JSON object stand in its bytes, and of the object in its member `inside`, without building them.
 * `null` where it is not certain what a parser would see: another structure, a repeated or an escaped key. What is deeper
 * is only skipped, so it is as well-formed as the far side wrote it.
 */
export function scanObject(bytes: Buffer, inside?: string): Scan | null {
  const members = new Map<string, Span>();
  let inner: Map<string, Span> | undefined;
  const end = scanMembers(bytes, skipSpace(bytes, 0), members, (key, at) => {
    if (key !== inside || bytes[at] !== openBrace) return skipValue(bytes, at);
    inner = new Map();
    return scanMembers(bytes, at, inner, (_, from) => skipValue(bytes, from));
  });
  if (end === unsure || skipSpace(bytes, end) !== bytes.length) return null;
  return { members, inner };
}

type SkipMember = (key: string, at: number) => number;

/** Returns the offset behind the object that opens at `start`, or `unsure`. */
function scanMembers(
  bytes: Buffer,
  start: number,
  into: Map<string, Span>,
  skip: SkipMember,
): number {
  if (bytes[start] !== openBrace) return unsure;
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === closeBrace) return at + 1;
  for (;;) {
    const keyEnd = skipString(bytes, at);
    if (keyEnd === unsure) return unsure;
    const key = readKey(bytes, at + 1, keyEnd - 1);
    at = skipSpace(bytes, keyEnd);
    if (key === undefined || into.has(key) || bytes[at] !== colon) return unsure;
    at = skipSpace(bytes, at + 1);
    const end = skip(key, at);
    if (end === unsure) return unsure;
    into.set(key, [at, end]);
    at = skipSpace(bytes, end);
    if (bytes[at] === closeBrace) return at + 1;
    if (bytes[at] !== comma) return unsure;
    at = skipSpace(bytes, at + 1);
  }
}

function readKey(bytes: Buffer, start: number, end: number): string | undefined {
  let ascii = true;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === backslash || byte < 0x20) return undefined;
    if (byte > 0x7f) ascii = false;
  }
  return bytes.toString(ascii ? 'latin1' : 'utf8', start, end);
}

/** Returns the offset behind the value that starts at `start`, or `unsure`. */
function skipValue(bytes: Buffer, start: number): number {
  const first = bytes[start] ?? 0;
  if (first === quote) return stringEnd(bytes, start);
  // `[` and `{` differ by 0x20 only, and so do `]` and `}`.
  return (first | 0x20) === openBrace ? skipNested(bytes, start) : skipScalar(bytes, start);
}

function skipNested(bytes: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) {
      at = stringEnd(bytes, at);
      if (at === unsure) return unsure;
      continue;
    }
    at += 1;
    if ((byte | 0x20) === openBrace) depth += 1;
    else if ((byte | 0x20) === closeBrace) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return unsure;
}

const scalar = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/;

function skipScalar(bytes: Buffer, start: number): number {
  let end = start;
  while (isScalarByte(bytes[end] ?? 0)) end += 1;
  return scalar.test(bytes.toString('latin1', start, end)) ? end : unsure;
}

/** Letters, digits, `+`, `-` and `.`. */
function isScalarByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}

function skipString(bytes: Buffer, at: number): number {
  return bytes[at] === quote ? stringEnd(bytes, at) : unsure;
}

function skipSpace(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return at;
    at += 1;
  }
}
