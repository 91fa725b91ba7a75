import type { Connection, SyncLevel } from './connection.ts';
import type { WriteQueue } from './write-queue.ts';

/** How long a commit that did not wait for the disk may stay that way. */
const syncWithinMs = 100;

/** How long nothing must have been written before the log is moved into the file. */
const idleMs = 2_000;

/** Fewer commits than these are not worth the two syncs of a checkpoint. */
const worthCheckpoint = 100;

/**
 * What a store does on its own account when it has nothing else to do: brings outcomes to the disk, moves the
 * write-ahead log into the file (which would otherwise fall to a commit that somebody waits for), and gets erased
 * payloads out of that log. Its timers keep no process alive.
 */
export class Housekeeping {
  readonly #connection: Connection;
  readonly #queue: WriteQueue;
  readonly #syncs: boolean;
  #syncTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #commits = 0;
  #lastCommit = 0;
  #hasErased = false;
  #isStopped = false;

  constructor(connection: Connection, queue: WriteQueue, syncs: boolean) {
    this.#connection = connection;
    this.#queue = queue;
    this.#syncs = syncs;
  }

  committed(level: SyncLevel): void {
    if (this.#isStopped) return;
    this.#commits += 1;
    this.#lastCommit = performance.now();
    this.#idleTimer ??= setTimeout(() => this.#whenIdle(), idleMs).unref();
    if (level === 'full') {
      clearTimeout(this.#syncTimer);
      this.#syncTimer = undefined;
    } else if (this.#syncs) {
      this.#syncTimer ??= setTimeout(() => this.#sync(), syncWithinMs).unref();
    }
  }

  /** Erased bytes stand in the write-ahead log until it is emptied. */
  erased(): void {
    this.#hasErased = true;
  }

  /** Queues at once what was to be synced, and ends the timers. */
  stop(): void {
    this.#isStopped = true;
    if (this.#syncTimer !== undefined) this.#sync();
    clearTimeout(this.#idleTimer);
  }

  /** Best effort: when others are at work just now it is left to them, or to the next time. */
  checkpoint(kind: 'PASSIVE' | 'TRUNCATE'): boolean {
    try {
      return this.#connection.checkpoint(kind);
    } catch {
      return false;
    }
  }

  #whenIdle(): void {
    this.#idleTimer = undefined;
    const restMs = this.#lastCommit + idleMs - performance.now();
    if (restMs > 0) {
      this.#idleTimer = setTimeout(() => this.#whenIdle(), restMs).unref();
    } else if (this.#hasErased) {
      this.#hasErased = !this.checkpoint('TRUNCATE');
      if (this.#hasErased) this.#idleTimer = setTimeout(() => this.#whenIdle(), idleMs).unref();
    } else if (this.#commits >= worthCheckpoint) {
      this.checkpoint('PASSIVE');
      this.#commits = 0;
    }
  }

  /** A commit of nothing that waits for the disk; the log is one file, so it takes all earlier ones along. */
  #sync(): void {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    this.#queue.push({
      level: 'full',
      run: () => {
        this.#connection.run('touchHead');
        return () => {};
      },
      // No room or no lock just now: the next commit starts the timer anew.
      reject: () => {},
    });
  }
}
