import { linkSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { GateError } from '../core/errors.ts';
import { randomBytes } from '../core/ids.ts';
import { createFile } from './new-file.ts';

export const keyBytes = 32;

/** The key of a folder that all its gates share; made once. Throws when it cannot be had, or others may have read it. */
export function takeKey(folder: string): Buffer {
  return readKey(folder) ?? makeKey(folder);
}

function readKey(folder: string): Buffer | undefined {
  const file = path.join(folder, 'key');
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) {
    throw new GateError('store_unsupported', `"${file}" is open to other users`, {
      hint: 'remove it: it may have been read, and another one is made',
    });
  }
  const key = readFileSync(file);
  if (key.length === keyBytes) return key;
  throw new GateError('store_unsupported', `"${file}" is no key: expected ${keyBytes} bytes`);
}

/** Whole or not at all, and never in the place of another process's. */
function makeKey(folder: string): Buffer {
  const temporary = path.join(folder, `.key.${randomBytes(8).toString('hex')}.tmp`);
  try {
    createFile(temporary, randomBytes(keyBytes));
    link(temporary, path.join(folder, 'key'));
  } finally {
    rmSync(temporary, { force: true });
  }
  const made = readKey(folder);
  if (made === undefined) throw new GateError('store_unavailable', `"${folder}" keeps no key`);
  return made;
}

function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    // Another gate was first: its key counts.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
