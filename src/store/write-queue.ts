import { GateError } from '../core/errors.ts';
import type { Connection, SyncLevel } from './connection.ts';
import type { Posted, ThreadLane } from './thread-lane.ts';
import type { Transactions, Work } from './transactions.ts';

export interface QueuedWork extends Work {
  readonly level: SyncLevel;
  /** Where the work is a posting and nothing else: then the writer thread may do it. */
  readonly posted?: Posted;
}

/** How long a work waits for another process that holds the write lock. */
const busyLimitMs = 2_000;

/** Works in one transaction: on this thread it runs in one go, and the event loop waits for it. */
const maxGroup = 256;

const maxQueued = 10_000;

interface Waiting {
  readonly work: QueuedWork;
  busySince: number | undefined;
}

/**
 * Works that come in one turn of the event loop are committed together, in order; whatever comes while a group is being
 * committed in the writer thread is the next group. Only one group is on its way at a time, so this process never waits
 * for itself. A lock held by another process is waited for with a timer, never by blocking; what comes meanwhile joins.
 */
export class WriteQueue {
  readonly #connection: Connection;
  readonly #transactions: Transactions;
  readonly #lane: ThreadLane | undefined;
  readonly #onCommit: (level: SyncLevel) => void;
  #waiting: Waiting[] = [];
  #isScheduled = false;
  #onDrained: (() => void)[] = [];

  constructor(
    connection: Connection,
    transactions: Transactions,
    lane: ThreadLane | undefined,
    onCommit: (level: SyncLevel) => void,
  ) {
    this.#connection = connection;
    this.#transactions = transactions;
    this.#lane = lane;
    this.#onCommit = onCommit;
  }

  push(work: QueuedWork): void {
    if (this.#waiting.length >= maxQueued) {
      work.reject(new GateError('store_unavailable', `${maxQueued} writes are waiting already`));
      return;
    }
    this.#waiting.push({ work, busySince: undefined });
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#flushSoon();
  }

  /** Resolves when nothing is waiting any more. */
  drained(): Promise<void> {
    if (!this.#isScheduled) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  #flush(): void {
    if (this.#hand()) return;
    const group = this.#waiting.splice(0, maxGroup);
    const isBusy = this.#commit(group);
    if (this.#waiting.length === 0) this.#rest();
    else if (isBusy) this.#flushLater();
    else this.#flushSoon();
  }

  #rest(): void {
    this.#isScheduled = false;
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }

  #flushSoon(): void {
    setImmediate(() => this.#flush());
  }

  #flushLater(): void {
    setTimeout(() => this.#flush(), 1 + Math.random() * 4);
  }

  /** Commits a group on this thread; true when another process holds the lock. */
  #commit(group: readonly Waiting[]): boolean {
    const level = levelOf(group);
    try {
      const deliveries = this.#transactions.run(
        level,
        group.map(({ work }) => work),
      );
      this.#onCommit(level);
      for (const deliver of deliveries) deliver();
      return false;
    } catch (error) {
      return this.#failed(group, error, this.#connection.failure === 'busy');
    }
  }

  /** Hands the next group to the writer thread; false when this thread is to commit it. */
  #hand(): boolean {
    const lane = this.#lane;
    const posted = lane === undefined ? [] : postedOf(this.#waiting.slice(0, maxGroup));
    if (lane === undefined || !lane.takes(posted)) return false;
    const group = this.#waiting.splice(0, posted.length);
    const level = levelOf(group);
    lane.hand(level, posted, (handed) => {
      if (handed.kind === 'done') {
        this.#onCommit(level);
        for (const deliver of handed.deliveries) deliver();
        this.#goOn(false);
      } else {
        this.#goOn(this.#failed(group, handed.error, handed.isBusy));
      }
    });
    return true;
  }

  /** The thread does not wait for what its last answer sets going. */
  #goOn(isBusy: boolean): void {
    if (this.#waiting.length === 0) this.#rest();
    else if (isBusy) this.#flushLater();
    else if (!this.#hand()) this.#flushSoon();
  }

  /** Nothing of the group is kept: it waits for the lock, or is refused. */
  #failed(group: readonly Waiting[], error: unknown, isBusy: boolean): boolean {
    if (isBusy) this.#waitOn(group, error);
    else for (const { work } of group) work.reject(error);
    return isBusy;
  }

  /** Puts the group back in front of the queue, but for the works that have waited too long. */
  #waitOn(group: readonly Waiting[], cause: unknown): void {
    const now = performance.now();
    const hasTime = (waiting: Waiting) => {
      waiting.busySince ??= now;
      return now - waiting.busySince < busyLimitMs;
    };
    const late = group.filter((waiting) => !hasTime(waiting));
    this.#waiting = group.filter(hasTime).concat(this.#waiting);
    if (late.length === 0) return;
    const error = new GateError(
      'store_unavailable',
      `another process has kept "gate.db" locked for ${busyLimitMs} ms`,
      { cause },
    );
    for (const { work } of late) work.reject(error);
  }
}

function levelOf(group: readonly Waiting[]): SyncLevel {
  return group.some(({ work }) => work.level === 'full') ? 'full' : 'normal';
}

/** The postings of a group; none when there is anything else in it. */
function postedOf(group: readonly Waiting[]): readonly Posted[] {
  const posted: Posted[] = [];
  for (const { work } of group) {
    if (work.posted === undefined) return [];
    posted.push(work.posted);
  }
  return posted;
}
