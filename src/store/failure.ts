import { describe, GateError } from '../core/errors.ts';

/**
 * What an error from SQLite means: `work`, the work asked for something that the tables refuse; `busy`, another
 * process writes, try again; `refused`, not now, though the connection is still good; `lost`, do not trust the connection.
 */
export type Failure = 'work' | 'busy' | 'refused' | 'lost';

// The primary result codes of SQLite: https://www.sqlite.org/rescode.html
const failures: Readonly<Record<number, Failure>> = {
  5: 'busy', // SQLITE_BUSY
  6: 'busy', // SQLITE_LOCKED
  13: 'refused', // SQLITE_FULL
  18: 'work', // SQLITE_TOOBIG
  19: 'work', // SQLITE_CONSTRAINT
  20: 'work', // SQLITE_MISMATCH
  25: 'work', // SQLITE_RANGE
};

export function failureOf(thrown: unknown): Failure {
  // Our own errors come from opening the file: there is no connection to keep.
  if (thrown instanceof GateError) return 'lost';
  const code = resultCode(thrown);
  // No result code: the driver refused an argument before SQLite saw it.
  return code === undefined ? 'work' : (failures[code & 0xff] ?? 'lost');
}

/** The error that callers of the store see. SQLite's own texts name tables and columns, never values. */
export function unavailable(thrown: unknown): GateError {
  if (thrown instanceof GateError) return thrown;
  return new GateError('store_unavailable', `cannot use "gate.db": ${describe(thrown)}`, {
    cause: thrown,
  });
}

function resultCode(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return undefined;
  return typeof thrown.errcode === 'number' ? thrown.errcode : undefined;
}
