import { GateError } from '../core/errors.ts';
import { checkVersion, type Database, type Driver } from './driver.ts';
import { failureOf, unavailable } from './failure.ts';
import { ensureSchema } from './schema.ts';

/** What SQLite must answer once it has been asked for it; a build may silently keep its own default. */
const pragmas: readonly (readonly [name: string, value: string, answer: string | number])[] = [
  ['busy_timeout', '0', 0],
  ['journal_mode', 'WAL', 'wal'],
  ['synchronous', 'FULL', 2],
  ['secure_delete', 'ON', 1],
  ['foreign_keys', 'ON', 1],
  // Only for times without a pause: housekeeping does it whenever the store is idle.
  ['wal_autocheckpoint', '4000', 4000],
  ['journal_size_limit', '16777216', 16_777_216],
];

// On macOS a plain fsync leaves the data in the drive's cache.
const macPragmas: typeof pragmas = [
  ['fullfsync', 'ON', 1],
  ['checkpoint_fullfsync', 'ON', 1],
];

/** Opens the file once: settings, library version, tables. Throws SQLite's own error when another process is in the way. */
export function openDatabase(driver: Driver, path: string): Database {
  const database = new driver.DatabaseSync(path);
  try {
    checkVersion(database);
    for (const pragma of pragmas) apply(database, ...pragma);
    if (process.platform === 'darwin') {
      for (const pragma of macPragmas) apply(database, ...pragma);
    }
    ensureSchema(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Runs `open` until nobody is in its way. It blocks, so only a process that serves nothing yet may call it. */
export function untilFree<T>(open: () => T, timeoutMs: number): T {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return open();
    } catch (error) {
      if (failureOf(error) !== 'busy' || performance.now() > deadline) throw unavailable(error);
      Atomics.wait(pause, 0, 0, 1 + Math.random() * 5);
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));

function apply(database: Database, name: string, value: string, expected: string | number): void {
  database.exec(`PRAGMA ${name} = ${value}`);
  const row = database.prepare(`PRAGMA ${name}`).get();
  const answer = Object.values(row ?? {})[0];
  if (answer === expected) return;
  throw new GateError(
    'store_unsupported',
    `sqlite setting "${name}": expected "${expected}", got "${answer}"`,
  );
}
