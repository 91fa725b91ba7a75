import { closeSync, mkdirSync, openSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, GateError } from '../core/errors.ts';

/**
 * The path of `gate.db` in a state folder that nobody else may enter; makes both when they are missing.
 * From the moment SQLite has opened the file, nothing in this process may open `gate.db*` through `fs`: closing such
 * a descriptor drops SQLite's locks (POSIX advisory locks belong to the process).
 */
export function prepareFolder(dir: string): string {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unusable(dir, cause);
  }
  refuseShared(dir, 0o700);
  const path = join(dir, 'gate.db');
  createPrivate(path);
  refuseShared(path, 0o600);
  return path;
}

/** Which file a path names, whatever it is called. */
export type FileIdentity = Pick<Stats, 'dev' | 'ino'>;

/** Tells whether `path` still names the file that it named first. Only looks, never opens. */
export function holdIdentity(path: string, first = identityOf(path)): () => boolean {
  return () => {
    const now = identityOf(path);
    return first !== undefined && now?.ino === first.ino && now.dev === first.dev;
  };
}

export function identityOf(path: string): FileIdentity | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? undefined : { dev: found.dev, ino: found.ino };
  } catch {
    // Not to be seen is as good as gone: the caller then refuses to write.
    return undefined;
  }
}

/** SQLite would create the file with the umask's mode; -wal and -shm take theirs from it. */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return;
    throw unusable(path, cause);
  }
}

function refuseShared(path: string, expected: number): void {
  if (process.platform === 'win32') return;
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  // Not `store_unavailable`: waiting does not make it better, and what was in it may have been read already.
  throw new GateError(
    'store_unsupported',
    `"${path}" is open to other users: expected mode ${octal(expected)}, got ${octal(mode)}`,
    { hint: `chmod ${octal(expected)} '${path}'` },
  );
}

function unusable(path: string, cause: unknown): GateError {
  return new GateError('store_unavailable', `cannot use "${path}": ${describe(cause)}`, { cause });
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
