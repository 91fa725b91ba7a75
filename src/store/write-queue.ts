import { GateError } from '../core/errors.ts';
import type { Connection, SyncLevel } from './connection.ts';
import type { Delivery, Transactions, Work } from './transactions.ts';

export interface QueuedWork extends Work {
  readonly level: SyncLevel;
}

/** How long a work waits for another process that holds the write lock. */
const busyLimitMs = 2_000;

/** Works in one transaction: it runs in one go, and the event loop waits for it. */
const maxGroup = 256;

const maxQueued = 10_000;

interface Waiting {
  readonly work: QueuedWork;
  busySince: number | undefined;
}

/**
 * Works that come in one turn of the event loop are committed together, in order. A lock held by another process is
 * waited for with a timer, never by blocking; whatever comes meanwhile joins the group.
 */
export class WriteQueue {
  readonly #connection: Connection;
  readonly #transactions: Transactions;
  readonly #onCommit: (level: SyncLevel) => void;
  #waiting: Waiting[] = [];
  #isScheduled = false;
  #onDrained: (() => void)[] = [];

  constructor(
    connection: Connection,
    transactions: Transactions,
    onCommit: (level: SyncLevel) => void,
  ) {
    this.#connection = connection;
    this.#transactions = transactions;
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
    setImmediate(() => this.#flush());
  }

  /** Resolves when nothing is waiting any more. */
  drained(): Promise<void> {
    if (!this.#isScheduled) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  #flush(): void {
    const group = this.#waiting.splice(0, maxGroup);
    for (const deliver of this.#commit(group)) deliver();
    if (this.#waiting.length > 0) {
      const isBusy = this.#connection.failure === 'busy';
      if (isBusy) setTimeout(() => this.#flush(), 1 + Math.random() * 4);
      else setImmediate(() => this.#flush());
      return;
    }
    this.#isScheduled = false;
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }

  #commit(group: readonly Waiting[]): readonly Delivery[] {
    const level = group.some(({ work }) => work.level === 'full') ? 'full' : 'normal';
    try {
      const deliveries = this.#transactions.run(
        level,
        group.map(({ work }) => work),
      );
      this.#onCommit(level);
      return deliveries;
    } catch (error) {
      if (this.#connection.failure === 'busy') return this.#waitOn(group, error);
      return group.map((waiting) => () => waiting.work.reject(error));
    }
  }

  /** Puts the group back in front of the queue, but for the works that have waited too long. */
  #waitOn(group: readonly Waiting[], cause: unknown): readonly Delivery[] {
    const now = performance.now();
    const hasTime = (waiting: Waiting) => {
      waiting.busySince ??= now;
      return now - waiting.busySince < busyLimitMs;
    };
    const late = group.filter((waiting) => !hasTime(waiting));
    this.#waiting = group.filter(hasTime).concat(this.#waiting);
    if (late.length === 0) return [];
    const error = new GateError(
      'store_unavailable',
      `another process has kept "gate.db" locked for ${busyLimitMs} ms`,
      { cause },
    );
    return late.map((waiting) => () => waiting.work.reject(error));
  }
}
