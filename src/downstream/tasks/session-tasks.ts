import type { Bridge, Speaker } from '../../bridge/contract.ts';
import type { Reply } from '../../core/answer.ts';
import type { HeldTasks } from '../../core/held-task.ts';
import type { Lifetime } from '../../core/lifetime.ts';
import { sharingScope } from '../../core/sharing-scope.ts';
import type { Caller, Identity, Session } from '../../core/tool-call.ts';
import type { IncomingRequest } from '../../wire/contract.ts';
import { lookup, type Treatment } from '../../wire/methods.ts';
import type { ServeParts } from '../serve.ts';
import type { FinishedTasks } from './finished-tasks.ts';
import {
  type LegacyTaskParts,
  serveLegacyTask,
  taskOf,
  wantsTask,
  withoutTask,
} from './legacy-tasks.ts';
import { runTask } from './task-call.ts';
import type { TaskRuns } from './task-runs.ts';

/** Where the gate's own tasks are, for all sessions. */
export interface TaskStock {
  readonly tasks: HeldTasks;
  readonly runs: TaskRuns;
  readonly finished: FinishedTasks;
}

interface SessionTaskParts {
  readonly bridge: Pick<Bridge, 'cross'>;
  readonly serving: ServeParts;
  readonly speaker: Speaker;
  readonly session: Session;
  readonly identity: Identity;
}

/** The tasks of one session in the legacy era. It owns the calls that it has taken up for them; `idle` waits for those. */
export class SessionTasks {
  readonly #parts: LegacyTaskParts;
  readonly #running = new Set<Promise<Reply>>();

  constructor(stock: TaskStock, parts: SessionTaskParts) {
    const { bridge, serving, speaker, session, identity } = parts;
    // Nobody is asked while a task goes on: its caller may be anywhere by then.
    const caller = { session, identity, related: undefined };
    this.#parts = {
      ...stock,
      scope: () => sharingScope({ session, identity }),
      run: (...task) => this.#kept(runTask({ bridge, serving, speaker, caller }, ...task)),
    };
  }

  /** `tasks/get` and its kin. */
  serve(request: IncomingRequest, lifetime: Lifetime): Promise<Reply> {
    return serveLegacyTask(this.#parts, request, lifetime);
  }

  /** The answer to a call that asked to be a task. `answer` serves the call itself; undefined for every other request. */
  take(
    request: IncomingRequest,
    caller: Caller,
    answer: (request: IncomingRequest, caller: Caller) => Promise<Reply>,
  ): Promise<Reply> | undefined {
    if (!wantsTask(request)) return undefined;
    const plain = withoutTask(request);
    const served = answer(plain, { ...caller, asTask: 'offered' });
    return served.then((reply) => taskOf(this.#parts, plain, reply));
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  #kept(run: Promise<Reply>): Promise<Reply> {
    this.#running.add(run);
    return run.finally(() => this.#running.delete(run));
  }
}

export function isTaskMethod(method: string): boolean {
  return method.startsWith('tasks/');
}

/** Whoever was not told of tasks is answered as if there were none. */
export function treatmentOf(method: string, hasTasks: boolean): Treatment {
  if (isTaskMethod(method) && !hasTasks) return 'refuse';
  return lookup('client', 'request', method, 'legacy')?.treatment ?? 'refuse';
}
