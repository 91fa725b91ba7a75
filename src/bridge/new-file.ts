import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Makes a file that nobody has made yet, for the user alone; throws where it is there. It is on disk when this returns. */
export function createFile(file: string, content?: Buffer): void {
  const handle = openSync(file, 'wx', 0o600);
  try {
    if (content !== undefined) writeFileSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  syncFolder(path.dirname(file));
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
