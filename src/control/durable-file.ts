import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { randomBytes } from '../core/ids.ts';

/**
 * Replaces a file as a whole. A crash leaves the old text or the new one, and at most a temporary file beside it that
 * nobody reads; two writers never share one, the last to rename wins. `isDue` is asked at the last moment: false when it
 * said no and everything is as it was.
 */
export function replaceFile(path: string, text: string, isDue = () => true): boolean {
  return beside(path, text, (temporary) => {
    if (!isDue()) return false;
    renameSync(temporary, path);
    return true;
  });
}

/** Makes a file as a whole, unless there is one: false when there is. */
export function createFile(path: string, text: string): boolean {
  return beside(path, text, (temporary) => {
    try {
      linkSync(temporary, path);
      return true;
    } catch (thrown) {
      if (isThere(thrown)) return false;
      return createInPlace(path, text);
    }
  });
}

/** Writes the text to a file of its own, which `place` may move or link to where it belongs. */
function beside(path: string, text: string, place: (temporary: string) => boolean): boolean {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    writeSynced(temporary, text);
    const isPlaced = place(temporary);
    if (isPlaced) syncFolder(folder);
    return isPlaced;
  } finally {
    rmSync(temporary, { force: true });
  }
}

// Some file systems have no links; there a crash may leave half a file.
function createInPlace(path: string, text: string): boolean {
  try {
    writeSynced(path, text);
    return true;
  } catch (thrown) {
    if (isThere(thrown)) return false;
    throw thrown;
  }
}

function isThere(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST';
}

function writeSynced(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

// The new name is on disk only once its folder is; Windows cannot open one and needs no such thing.
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
