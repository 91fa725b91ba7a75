import { GateError } from '../core/errors.ts';
import type { Database, Row, SqlValue, Statement } from './driver.ts';
import { type Failure, failureOf, unavailable } from './failure.ts';
import { type StatementName, sql } from './sql.ts';

/** `full` reaches the disk with the commit, `normal` with the next `full` one. */
export type SyncLevel = 'full' | 'normal';

/**
 * The store's one connection. It opens again by itself after an error that makes the old handle doubtful, so its
 * users hold it for ever. Everything is synchronous: between `begin` and `commit` nothing else can run.
 */
export class Connection {
  readonly #open: () => Database;
  /** False when the path no longer names the file that is open: what is written to it would be lost. */
  readonly #isCurrent: () => boolean;
  readonly #statements = new Map<StatementName, Statement>();
  #database: Database | undefined;
  #closed = false;
  #level: SyncLevel = 'full';
  #writing = false;
  #failure: Failure | undefined;
  #versionStatement: Statement | undefined;
  #ownCommits = 0;
  #foreignCommits = 0;

  constructor(database: Database, open: () => Database, isCurrent: () => boolean) {
    this.#database = database;
    this.#open = open;
    this.#isCurrent = isCurrent;
  }

  /** What went wrong in SQLite since the last `begin`; undefined when a work itself threw. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  begin(level: SyncLevel): void {
    this.#failure = undefined;
    if (!this.#isCurrent()) {
      this.#failure = 'refused';
      throw moved();
    }
    this.#guard((database) => {
      this.#setLevel(database, level);
      this.#statement('begin').run();
    });
    this.#writing = true;
  }

  /**
   * When this throws, nothing of the transaction is visible to anybody; only a crash right after a failed sync
   * can bring it back, as entries that have no outcome.
   */
  commit(): void {
    this.#refuseAfterFailure();
    this.#guard(() => this.#statement('commit').run());
    this.#writing = false;
    this.#ownCommits += 1;
  }

  rollback(): void {
    this.#writing = false;
    if (this.#database !== undefined) rollBack(this.#database);
  }

  /** Runs one part of a transaction so that it alone can be undone. */
  nest<T>(part: () => T): T {
    this.#refuseAfterFailure();
    this.#guard((database) => database.exec('SAVEPOINT part'));
    try {
      const result = part();
      this.#refuseAfterFailure();
      this.#guard((database) => database.exec('RELEASE part'));
      return result;
    } catch (error) {
      if (this.#failure === undefined || this.#failure === 'work') {
        this.#failure = undefined;
        this.#guard((database) => database.exec('ROLLBACK TO part; RELEASE part'));
      }
      throw error;
    }
  }

  /** Runs a writing statement, only inside a transaction; returns the number of rows changed. */
  run(name: StatementName, ...values: readonly SqlValue[]): number {
    if (!this.#writing) throw new Error(`"${name}" must run inside a transaction`);
    this.#refuseAfterFailure();
    return this.#guard(() => Number(this.#statement(name).run(...values).changes));
  }

  get(name: StatementName, ...values: readonly SqlValue[]): Row | undefined {
    this.#refuseAfterFailure();
    return this.#guard(() => this.#statement(name).get(...values));
  }

  all(name: StatementName, ...values: readonly SqlValue[]): readonly Row[] {
    this.#refuseAfterFailure();
    return this.#guard(() => this.#statement(name).all(...values));
  }

  /** Changes with every commit, of this connection and of all others; stays as it was when it cannot be read. */
  version(): number {
    try {
      this.#versionStatement ??= this.#handle().prepare('PRAGMA data_version');
      this.#foreignCommits = Number(this.#versionStatement.get()?.['data_version']);
    } catch (error) {
      this.#note(error);
    }
    return this.#ownCommits + this.#foreignCommits;
  }

  /**
   * Moves the write-ahead log into the file; TRUNCATE also empties the log, unless others read or write just now,
   * which gives false.
   */
  checkpoint(kind: 'PASSIVE' | 'TRUNCATE'): boolean {
    const text = `PRAGMA wal_checkpoint(${kind})`;
    return this.#guard((database) => database.prepare(text).get())?.['busy'] === 0;
  }

  close(): void {
    const database = this.#database;
    this.#forget();
    this.#closed = true;
    database?.close();
  }

  #setLevel(database: Database, level: SyncLevel): void {
    if (level === this.#level) return;
    database.exec(level === 'full' ? 'PRAGMA synchronous = FULL' : 'PRAGMA synchronous = NORMAL');
    this.#level = level;
  }

  #statement(name: StatementName): Statement {
    const known = this.#statements.get(name);
    if (known !== undefined) return known;
    const statement = this.#handle().prepare(positional(sql[name]));
    this.#statements.set(name, statement);
    return statement;
  }

  #handle(): Database {
    if (this.#database !== undefined) return this.#database;
    if (this.#closed) throw new GateError('store_unavailable', 'store is closed');
    if (!this.#isCurrent()) throw moved();
    this.#database = this.#open();
    return this.#database;
  }

  #guard<T>(use: (database: Database) => T): T {
    try {
      return use(this.#handle());
    } catch (error) {
      this.#note(error);
      throw unavailable(error);
    }
  }

  #note(error: unknown): void {
    this.#failure = failureOf(error);
    const database = this.#database;
    if (this.#failure !== 'lost' || database === undefined) return;
    // A handle that is closed within a transaction keeps the write lock until it is collected.
    if (this.#writing) rollBack(database);
    this.#forget();
    try {
      database.close();
    } catch {
      // It is given up already; closing only frees it sooner.
    }
  }

  #forget(): void {
    this.#statements.clear();
    this.#versionStatement = undefined;
    this.#database = undefined;
    this.#level = 'full';
    // The next handle counts the commits of others from the start again.
    this.#ownCommits += this.#foreignCommits + 1;
    this.#foreignCommits = 0;
  }

  /** A work may have caught the error of a statement; the transaction is over all the same. */
  #refuseAfterFailure(): void {
    if (!this.#writing || this.#failure === undefined) return;
    throw new GateError('store_unavailable', 'a statement of this transaction has failed');
  }
}

function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // SQLite rolls back by itself after some errors; should it not have, the next `begin` fails and opens anew.
  }
}

function moved(): GateError {
  return new GateError('store_unavailable', '"gate.db" was moved or removed while in use', {
    hint: 'put the state folder back as it was, or start the gate again',
  });
}

/** `$1`, `$2` … as `?`: bound by position, a row costs half of what it costs by name. */
function positional(text: string): string {
  let count = 0;
  return text.replace(/\$(\d+)/g, (_, digits) => {
    count += 1;
    if (Number(digits) !== count) throw new Error(`parameters must stand in order: ${text}`);
    return '?';
  });
}
