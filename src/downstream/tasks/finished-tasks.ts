import type { Clock } from '../../core/clock.ts';
import type { HeldTask, TaskEnd, TaskScope } from '../../core/held-task.ts';
import { newTraceId, randomBytes } from '../../core/ids.ts';

const tasksLimit = 1_000;
const bytesLimit = 32 * 1024 * 1024;
const keptMs = 600_000;

interface Finished {
  readonly scope: TaskScope;
  readonly task: HeldTask;
  readonly sizeBytes: number;
}

/**
 * Tasks whose calls had not to wait for anybody: they were over before they were told of. They live in memory, as long as
 * their process and no longer than ten minutes; the oldest make room.
 */
export class FinishedTasks {
  readonly #clock: Clock;
  /** In the order in which they were made. */
  readonly #tasks = new Map<string, Finished>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(scope: TaskScope, said: Omit<TaskEnd, 'endedMs'>): HeldTask {
    const nowMs = this.#clock();
    const id = `mf-${randomBytes(32).toString('base64url')}`;
    const state = { kind: 'over', end: { ...said, endedMs: nowMs }, expiresMs: nowMs } as const;
    const task = {
      ...{ id, traceId: newTraceId(nowMs), params: {}, extras: undefined },
      ...{ createdMs: nowMs, state },
    };
    const sizeBytes = said.value?.length ?? 0;
    this.#tasks.set(id, { scope, task, sizeBytes });
    this.#bytes += sizeBytes;
    this.#forget(id, nowMs);
    return task;
  }

  find(scope: TaskScope, id: string): HeldTask | undefined {
    const found = this.#tasks.get(id);
    const isKept = found !== undefined && this.#clock() - found.task.createdMs < keptMs;
    return isKept && found.scope === scope ? found.task : undefined;
  }

  /** The newest stays, whatever its size: its caller is about to ask for it. */
  #forget(newest: string, nowMs: number): void {
    for (const [id, { task, sizeBytes }] of this.#tasks) {
      const isFull = this.#tasks.size > tasksLimit || this.#bytes > bytesLimit;
      if (id === newest || (!isFull && nowMs - task.createdMs < keptMs)) return;
      this.#tasks.delete(id);
      this.#bytes -= sizeBytes;
    }
  }
}
