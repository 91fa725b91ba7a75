import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { canonical } from '../../core/canonical.ts';
import { describe, GateError } from '../../core/errors.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { printable } from '../../core/printable.ts';
import { readStrict } from '../../core/strict-json.ts';
import type { Io } from '../io.ts';

const maxBytes = 4 * 1_048_576;
const hint =
  'expected one JSON object, as `mcp-gate approvals show ID --format json` has it under "arguments"';

/** The arguments as they are put into an editor: what a terminal would obey stands there as an escape, and means the same. */
export function editableText(args: JsonObject): string {
  const lines = JSON.stringify(args, undefined, 2).split('\n');
  return `${lines.map(printable).join('\n')}\n`;
}

/** What somebody wrote, as arguments; `from` names where. Throws `usage`, which says what is wrong, where, and what would do. */
export function parseEdited(written: Buffer, from: string, before: JsonObject): JsonObject {
  const bytes = withoutMark(written);
  if (bytes.length > maxBytes) throw tooLarge(from, bytes.length);
  const read = readStrict(bytes);
  if (read.kind !== 'value') {
    throw new GateError('usage', `${from}: ${located(read.reason, bytes)}`, { hint });
  }
  if (!isObject(read.value)) {
    throw new GateError('usage', `${from}: expected an object, got ${kindOf(read.value)}`, {
      hint,
    });
  }
  if (canonical(read.value) === canonical(before)) {
    throw new GateError('usage', `${from}: the arguments are what they were, expected a change`, {
      hint: 'to approve the call as it is, leave out --edit',
    });
  }
  return read.value;
}

/** The bytes of a file; `-` is standard input. */
export async function readEdited(io: Io, path: string): Promise<Buffer> {
  if (path === '-') return readAll(io);
  const file = resolve(io.cwd, path);
  const size = tried(path, () => statSync(file).size);
  if (size > maxBytes) throw tooLarge(named(path), size);
  return tried(path, () => readFileSync(file));
}

function tried<T>(path: string, look: () => T): T {
  try {
    return look();
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): GateError {
  return new GateError('usage', `${named(path)} cannot be read: ${describe(cause)}`, { cause });
}

export function named(path: string): string {
  return path === '-' ? 'standard input' : `"${printable(path)}"`;
}

async function readAll({ stdin }: Io): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBytes) throw tooLarge(named('-'), size);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function tooLarge(from: string, bytes: number): GateError {
  return new GateError('usage', `${from}: ${bytes} bytes, expected at most ${maxBytes}`);
}

/** Some editors put a byte order mark in front. */
function withoutMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? bytes.subarray(3) : bytes;
}

/** People count lines, not bytes. */
function located(reason: string, bytes: Buffer): string {
  return reason.replace(/offset (\d+)/, (_, digits: string) => {
    const before = bytes.toString('utf8', 0, Number(digits));
    const lines = before.split('\n');
    return `line ${lines.length}, column ${[...(lines.at(-1) ?? '')].length + 1}`;
  });
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
