import { createRequire } from 'node:module';
import { GateError } from '../core/errors.ts';

export type SqlValue = null | number | string | Uint8Array;

export type Row = Readonly<Record<string, unknown>>;

/** The part of the `DatabaseSync` API that the store uses. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export interface Statement {
  run(...values: readonly SqlValue[]): { readonly changes: number | bigint };
  get(...values: readonly SqlValue[]): Row | undefined;
  all(...values: readonly SqlValue[]): readonly Row[];
}

export interface Driver {
  readonly DatabaseSync: new (path: string) => Database;
}

const hint =
  'use node 22.22.3, 24.15 or newer, or install the optional dependency "@photostructure/sqlite"';

/**
 * The SQLite library for this Node: the built-in one where it is sound, else the optional dependency. A process
 * must never hold two of them, because closing a file in one drops the locks of the other.
 */
export function loadDriver(builtIn: string | undefined = process.versions['sqlite']): Driver {
  const require = createRequire(import.meta.url);
  if (builtIn !== undefined && isSound(builtIn)) {
    return parseDriver(withoutExperimentalWarning(() => require('node:sqlite')));
  }
  try {
    return parseDriver(require('@photostructure/sqlite'));
  } catch (cause) {
    throw unsupported(builtIn === undefined ? 'none' : `"${builtIn}"`, cause);
  }
}

/** Refuses a library in which a checkpoint can lose what another process has committed (the WAL-reset race). */
export function checkVersion(database: Database): void {
  const version = String(database.prepare('SELECT sqlite_version() AS version').get()?.['version']);
  if (!isSound(version)) throw unsupported(`"${version}"`, undefined);
}

/** Fixed in 3.51.3, and in 3.50.7 and 3.44.6 of the older lines; 3.52.0 was withdrawn. */
export function isSound(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major !== 3 || version === '3.52.0') return false;
  if (minor === 44) return patch >= 6;
  if (minor === 50) return patch >= 7;
  return minor > 51 || (minor === 51 && patch >= 3);
}

function unsupported(found: string, cause: unknown): GateError {
  return new GateError('store_unsupported', `expected sqlite 3.51.3 or newer, got ${found}`, {
    cause,
    hint,
  });
}

function parseDriver(module: unknown): Driver {
  if (isDriver(module)) return module;
  throw new Error('module has no "DatabaseSync"');
}

function isDriver(module: unknown): module is Driver {
  return (
    typeof module === 'object' &&
    module !== null &&
    'DatabaseSync' in module &&
    typeof module.DatabaseSync === 'function'
  );
}

/** Node 22 warns about `node:sqlite` when it is first loaded; that one warning is dropped, others pass. */
function withoutExperimentalWarning<T>(load: () => T): T {
  const emit = process.emitWarning;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (!String(warning).startsWith('SQLite is an experimental')) {
      Reflect.apply(emit, process, [warning, ...rest]);
    }
  };
  try {
    return load();
  } finally {
    process.emitWarning = emit;
  }
}
