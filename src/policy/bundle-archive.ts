import { gunzipSync } from 'node:zlib';
import { describe, GateError } from '../core/errors.ts';
import { maxPolicyFiles, maxUnpackedBytes } from './limits.ts';

const blockBytes = 512;
const regularFile = new Set(['0', '\0']);
// Folders say nothing, pax headers only time stamps and the like; long names are refused with the rest.
const ignored = new Set(['5', 'x', 'g']);

/** The files of a `.tar.gz` (ustar) by path without a leading slash. Throws `policy_invalid`. */
export function readArchive(bytes: Uint8Array): ReadonlyMap<string, Buffer> {
  const tar = unzip(bytes);
  const files = new Map<string, Buffer>();
  let at = 0;
  while (at + blockBytes <= tar.length) {
    const header = tar.subarray(at, at + blockBytes);
    if (header.every((byte) => byte === 0)) return files;
    const size = readHeader(header);
    const from = at + blockBytes;
    if (from + size > tar.length) throw broken('ends in the middle of a file');
    const type = String.fromCharCode(header[156] ?? 0);
    if (regularFile.has(type)) addFile(files, nameOf(header), tar.subarray(from, from + size));
    else if (!ignored.has(type)) throw broken('holds more than files and folders');
    at = from + Math.ceil(size / blockBytes) * blockBytes;
  }
  throw broken('has no end');
}

function unzip(bytes: Uint8Array): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxUnpackedBytes });
  } catch (cause) {
    throw broken(`cannot be unpacked: ${describe(cause)}`, cause);
  }
}

/** The size of the file that follows. */
function readHeader(header: Buffer): number {
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (octal(header, 148, 8) !== sum) throw broken('has a header with a wrong checksum');
  return octal(header, 124, 12);
}

function octal(header: Buffer, from: number, length: number): number {
  const text = textAt(header, from, length).trim();
  if (!/^[0-7]{1,11}$/.test(text)) throw broken('has a header with a number that is not octal');
  return Number.parseInt(text, 8);
}

function textAt(header: Buffer, from: number, length: number): string {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? length : end).toString('utf8');
}

function nameOf(header: Buffer): string {
  const prefix = textAt(header, 257, 5) === 'ustar' ? textAt(header, 345, 155) : '';
  const name = textAt(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function addFile(files: Map<string, Buffer>, name: string, bytes: Buffer): void {
  const path = name.replace(/^(\.?\/)+/, '');
  const parts = path.split('/');
  if (path.includes('\\') || parts.some((part) => ['', '.', '..'].includes(part)))
    throw broken(`names a file that is none: "${path.slice(0, 100)}"`);
  if (files.has(path)) throw broken(`holds "${path}" twice`);
  if (files.size >= maxPolicyFiles) throw broken(`holds more than ${maxPolicyFiles} files`);
  files.set(path, bytes);
}

function broken(what: string, cause?: unknown): GateError {
  return new GateError('policy_invalid', `policy bundle ${what}`, { cause });
}
