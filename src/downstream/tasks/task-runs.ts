import type { TaskEnd } from '../../core/held-task.ts';
import { Lifetime } from '../../core/lifetime.ts';
import { forgetOldest } from './task-owners.ts';

/** How often a caller is told to ask. */
export const pollMs = 2_000;
/** Whoever has not asked for so long is not there: three times in which it could have. */
const leaseMs = 3 * pollMs;
const followedLimit = 10_000;

/**
 * The call of a task that is on its way. Nothing runs for a caller that is gone, so it begins only when the caller asks for
 * the task, and ends by itself if it was not sent within three poll intervals of the last time that it was asked for, or when
 * that request is given up before. What was sent goes on without anybody asking: that is what a task is for, and its result is kept.
 */
export class TaskRun {
  readonly lifetime = new Lifetime();
  /** The last of what is written of it; never rejects. */
  readonly over: Promise<void>;
  /** Its end when that could not be written. */
  unwritten: TaskEnd | undefined;
  #lease: NodeJS.Timeout | undefined;
  #isSent = false;
  #isCancelled = false;

  constructor(work: (run: TaskRun) => Promise<void>) {
    this.asked();
    this.over = work(this).finally(() => clearTimeout(this.#lease));
  }

  get isSent(): boolean {
    return this.#isSent;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Its caller has asked for it. */
  asked(): void {
    clearTimeout(this.#lease);
    if (this.#isSent) return;
    this.#lease = setTimeout(() => this.lifetime.end('nobody asks for its task'), leaseMs).unref();
  }

  /** In the tick of the dispatch. */
  sent(): void {
    this.#isSent = true;
    clearTimeout(this.#lease);
  }

  /** Whoever asked for it gave that up before there was an answer: nothing is sent for nobody. */
  abandon(): void {
    if (!this.#isSent) this.lifetime.end('disconnected');
  }

  cancel(): void {
    this.#isCancelled = true;
    this.lifetime.end('cancelled by its caller');
  }
}

/** The calls of tasks on their way in this process, by the ids of the tasks, and which went on as tasks of their servers. */
export class TaskRuns {
  readonly #runs = new Map<string, TaskRun>();
  readonly #followed = new Map<string, string>();
  #isClosed = false;

  of(id: string): TaskRun | undefined {
    return this.#runs.get(id);
  }

  /** Undefined when nothing starts any more. */
  start(id: string, work: (run: TaskRun) => Promise<void>): TaskRun | undefined {
    if (this.#isClosed) return undefined;
    const run = new TaskRun(async (own) => {
      try {
        await work(own);
      } catch {
        // Nothing was written of it: the task stands where it stood, and is taken up again when it is asked for.
      }
      if (own.unwritten === undefined) this.#runs.delete(id);
    });
    // Work does not end in the tick that it begins in.
    this.#runs.set(id, run);
    return run;
  }

  /** The server of this task's call goes on with it as a task of its own: that is asked for instead. */
  follow(id: string, serversId: string): void {
    this.#followed.set(id, serversId);
    forgetOldest(this.#followed, followedLimit);
  }

  followed(id: string): string | undefined {
    return this.#followed.get(id);
  }

  /** Ends what is on its way; resolves when nothing is. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const runs = [...this.#runs.values()];
    for (const { lifetime } of runs) lifetime.end('disconnected');
    await Promise.all(runs.map(({ over }) => over));
  }
}
