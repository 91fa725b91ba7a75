import type { Clock } from '../../core/clock.ts';
import type { Held } from '../../core/held.ts';
import type {
  HeldTask,
  HeldTasks,
  TaskEnd,
  TaskOpening,
  TaskScope,
  TaskState,
} from '../../core/held-task.ts';
import type { Lifetime } from '../../core/lifetime.ts';
import type { Reader, Store, Tx } from '../../store/contract.ts';
import { Waiting } from '../waiting.ts';
import { lostEnd } from './lost-end.ts';
import {
  isTaskId,
  newTaskId,
  putOpened,
  putStanding,
  putValue,
  readTask,
  readValue,
  type Standing,
  type TaskRecord,
} from './task-record.ts';
import { TaskRoom } from './task-room.ts';
import { awaitedBy, isSpentOn, keptFor, takeBack } from './task-yes.ts';

interface HeldTasksOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** The status in the outcome of a decision; undefined while there is none. */
  readonly outcomeOf: (reader: Reader, decisionId: string) => string | undefined;
  /** The first decision of this trace since then that was let through. */
  readonly forwardedSince: (reader: Reader, traceId: string, sinceMs: number) => string | undefined;
  readonly warn: (message: string, cause: unknown) => void;
  readonly room?: TaskRoom;
}

const mayHaveRun = 'It may have run: do not repeat it before you know.';

type Over = Extract<Standing, { kind: 'over' }>;

/** Whoever took it may still be at it; it takes longer only where nobody asks for it any more. */
const takenForMs = 60_000;
/** Looked at by one timer for all, only while somebody waits. */
const pollMs = 25;
/** As long as a result that its caller did not get. */
const keptMs = 600_000;
/** Behind the expiry of its approval a task is still told how it ended. */
const dayMs = 86_400_000;

export function createHeldTasks(options: HeldTasksOptions): HeldTasks {
  return new StoredTasks(options);
}

class StoredTasks implements HeldTasks {
  readonly keptMs = keptMs;
  readonly isId = isTaskId;
  readonly #options: HeldTasksOptions;
  readonly #room: TaskRoom;
  readonly #waiting: Waiting;

  constructor(options: HeldTasksOptions) {
    this.#options = options;
    this.#room = options.room ?? new TaskRoom();
    const { store, clock } = options;
    this.#waiting = new Waiting({ store, clock, pollMs, progressMs: Number.POSITIVE_INFINITY });
  }

  async open(scope: TaskScope, opening: TaskOpening): Promise<HeldTask | undefined> {
    const { store, clock, warn } = this.#options;
    const { held, ...said } = opening;
    const createdMs = clock();
    const row = store.approval(held.approvalId);
    if (row === undefined) return undefined;
    const id = newTaskId();
    if (!this.#room.take(scope, id, createdMs, row.expiresMs)) return undefined;
    const opened = { ...said, scope, createdMs, forgottenMs: row.expiresMs + dayMs };
    try {
      await store.write('decision', (tx) => {
        putOpened(tx, id, opened);
        putStanding(tx, id, { opened, version: 0 }, { kind: 'held', held });
      });
    } catch (thrown) {
      warn('a task could not be kept', thrown);
      this.#room.leave(scope, id);
      return undefined;
    }
    return this.find(scope, id);
  }

  find(scope: TaskScope, id: string): HeldTask | undefined {
    const record = isTaskId(id) ? readTask(this.#options.store, id) : undefined;
    if (record === undefined || record.opened.scope !== scope) return undefined;
    const { traceId, params, extras, createdMs } = record.opened;
    const state = this.#state(this.#options.store, id, record);
    return { id, traceId, params, extras, createdMs, state };
  }

  async moved({ state }: HeldTask, lifetime: Lifetime): Promise<void> {
    const { store } = this.#options;
    const row = state.kind === 'waiting' ? store.approval(state.approvalId) : undefined;
    if (row === undefined) return;
    const budgetMs = Number.POSITIVE_INFINITY;
    await this.#waiting.wait(row, { budgetMs, lifetime, progress: undefined });
  }

  take(_scope: TaskScope, { id }: HeldTask): Promise<boolean> {
    const { store, clock } = this.#options;
    return store.write('decision', (tx) => {
      const record = readTask(tx, id);
      if (record === undefined || this.#state(tx, id, record).kind !== 'due') return false;
      const { held } = record.standing;
      putStanding(tx, id, record, { kind: 'taken', held, takenMs: clock() });
      return true;
    });
  }

  adopt(_scope: TaskScope, { id }: HeldTask, held: Held): Promise<boolean> {
    const { store, clock } = this.#options;
    return store.write('decision', (tx) => {
      const record = readTask(tx, id);
      if (record === undefined) return false;
      const { kind, held: before } = record.standing;
      const isElsewhere = kind === 'over' || this.#spentBy(tx, record) !== undefined;
      if (kind === 'held' && before.approvalId === held.approvalId) return true;
      if (!isElsewhere) {
        putStanding(tx, id, record, { kind: 'held', held });
        return true;
      }
      // Another process has run this very call: what was asked here instead is nobody's question.
      const asked = tx.approval(held.approvalId);
      if (asked?.traceId === record.opened.traceId) takeBack(tx, asked, clock());
      return false;
    });
  }

  async end(
    scope: TaskScope,
    { id }: HeldTask,
    { value, ...said }: Omit<TaskEnd, 'endedMs'>,
  ): Promise<TaskEnd> {
    const { store, clock } = this.#options;
    const end = await store.write('outcome', (tx) => {
      const record = readTask(tx, id);
      const nowMs = clock();
      const given: TaskEnd = { ...said, value, endedMs: nowMs };
      if (record === undefined) return given;
      if (record.standing.kind === 'over') return endOf(tx, id, record.standing);
      putEnd(tx, id, record, given);
      return given;
    });
    this.#room.leave(scope, id);
    return end;
  }

  async told(scope: TaskScope, { id, state }: HeldTask): Promise<void> {
    const { store, warn } = this.#options;
    const record = readTask(store, id);
    if (record === undefined || state.kind !== 'over') return;
    this.#room.leave(scope, id);
    if (record.standing.kind === 'over' && keptFor(store, record) === undefined) return;
    const write = store.write('outcome', (tx) => {
      const now = readTask(tx, id);
      if (now === undefined) return;
      const kept = keptFor(tx, now);
      if (now.standing.kind !== 'over') putEnd(tx, id, now, state.end);
      if (kept === undefined) return;
      tx.moveApproval(kept.id, 'consumed', { state: 'consumed', resultPayload: null });
    });
    // An identical call is given the result once more, then: that repeats nothing.
    await write.catch((thrown: unknown) => warn('a result that was told stays kept', thrown));
  }

  async cancel(scope: TaskScope, { id }: HeldTask): Promise<void> {
    const { store, clock } = this.#options;
    await store.write('decision', (tx) => {
      const record = readTask(tx, id);
      if (record === undefined || record.standing.kind === 'over') return;
      if (this.#spentBy(tx, record) !== undefined) return;
      const nowMs = clock();
      // Another process may have sent it without a yes: who cancels it here cannot know.
      const { kind } = this.#state(tx, id, record);
      const isOnItsWay = kind === 'sent' || kind === 'over';
      takeBack(tx, awaitedBy(tx, record), nowMs);
      const message = `Cancelled by its caller. ${isOnItsWay ? mayHaveRun : 'It did not run.'}`;
      putEnd(tx, id, record, { status: 'cancelled', message, value: undefined, endedMs: nowMs });
    });
    this.#room.leave(scope, id);
  }

  #state(reader: Reader, id: string, record: TaskRecord): TaskState {
    const { clock, outcomeOf } = this.#options;
    const { standing, opened } = record;
    if (standing.kind === 'over') {
      const end = endOf(reader, id, standing);
      return { kind: 'over', end, expiresMs: end.endedMs + keptMs };
    }
    const { held } = standing;
    const row = awaitedBy(reader, record);
    const expiresMs = row?.expiresMs ?? opened.createdMs;
    if (row === undefined) return { kind: 'due', held, expiresMs };
    if (row.state === 'pending' && clock() < row.expiresMs) {
      return { kind: 'waiting', approvalId: row.id, expiresMs };
    }
    // Somebody else's call may have used it up: then this one asks anew.
    const decisionId = this.#spentBy(reader, record) ?? this.#sentBy(reader, record);
    if (decisionId === undefined) {
      return this.#isTaken(record) ? { kind: 'sent', expiresMs } : { kind: 'due', held, expiresMs };
    }
    const status = outcomeOf(reader, decisionId);
    if (status === undefined) return { kind: 'sent', expiresMs };
    const kept = row.resultPayload === undefined ? undefined : reader.payload(row.resultPayload);
    return { kind: 'over', end: lostEnd(status, kept, clock()), expiresMs: clock() + keptMs };
  }

  /**
   * The decision that used its yes up. One that was stopped in the tick of the dispatch has sent nothing: the call is decided
   * anew, and may still be sent by another decision.
   */
  #spentBy(reader: Reader, record: TaskRecord): string | undefined {
    const row = awaitedBy(reader, record);
    const isSpent = isSpentOn(reader, row, record) && row.consumedBy !== undefined;
    if (!isSpent || this.#options.outcomeOf(reader, row.consumedBy) === 'refused') return undefined;
    return row.consumedBy;
  }

  /** The decision that let it through without its yes since it was taken: another policy, or a standing grant. */
  #sentBy(reader: Reader, { standing, opened }: TaskRecord): string | undefined {
    if (standing.kind !== 'taken') return undefined;
    return this.#options.forwardedSince(reader, opened.traceId, standing.takenMs);
  }

  #isTaken({ standing }: TaskRecord): boolean {
    return standing.kind === 'taken' && this.#options.clock() - standing.takenMs < takenForMs;
  }
}

function putEnd(tx: Tx, id: string, record: TaskRecord, { value, ...end }: TaskEnd): void {
  const { held } = record.standing;
  putStanding(tx, id, record, { kind: 'over', held, end, hasValue: value !== undefined });
  if (value !== undefined) putValue(tx, id, value, end.endedMs + keptMs);
}

function endOf(reader: Reader, id: string, { end, hasValue }: Over): TaskEnd {
  if (!hasValue) return { ...end, value: undefined };
  const value = readValue(reader, id);
  return value === undefined ? lostEnd('kept', undefined, end.endedMs) : { ...end, value };
}
