import { objectIn } from '../../bridge/result-bytes.ts';
import type { Made, Reply } from '../../core/answer.ts';
import type { Held } from '../../core/held.ts';
import type { HeldTask, HeldTasks, TaskOpening, TaskScope } from '../../core/held-task.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import type { Lifetime } from '../../core/lifetime.ts';
import { endOf } from './task-end.ts';
import type { TaskRun, TaskRuns } from './task-runs.ts';

/** What one client needs to go on with its calls that wait for a person as tasks. */
export interface HeldTaskParts {
  readonly tasks: HeldTasks;
  readonly runs: TaskRuns;
  readonly scope: () => TaskScope;
  /** Takes the call up: it is decided again, and sent if a person's yes lets it. */
  readonly run: (task: HeldTask, held: Held, run: TaskRun) => Promise<Reply>;
}

export type HeldAnswer = Made & { readonly held: Held };

/** Whether the answer to a call is that it waits for a person, and may be a task. */
export function isHeldTask(reply: Reply): reply is HeldAnswer {
  return reply.kind === 'made' && reply.result['resultType'] === 'task' && reply.held !== undefined;
}

/** What is kept of a call that waits; it is there to be asked for by then. Undefined where there is no task of it. */
export async function keepHeld(
  { tasks, scope }: HeldTaskParts,
  opening: Omit<TaskOpening, 'traceId' | 'held'>,
  { held, result }: HeldAnswer,
): Promise<HeldTask | undefined> {
  const traceId = traceIn(result);
  if (traceId === undefined) return undefined;
  return tasks.open(scope(), { ...opening, traceId, held });
}

function traceIn({ _meta: meta }: JsonObject): string | undefined {
  const decision = isObject(meta) ? meta['dev.mcp-gate/decision'] : undefined;
  const traceId = isObject(decision) ? decision['trace_id'] : undefined;
  return typeof traceId === 'string' ? traceId : undefined;
}

/** So long an answer waits for the call that it has set going: most tools are quicker. */
const lingerMs = 1_000;

/**
 * The task as it stands once its caller has asked for it. Asking is what shows that the caller is there: the call goes on
 * when it can, and is waited for a while. Undefined when there is no such task any more.
 */
export async function attended(
  parts: HeldTaskParts,
  task: HeldTask,
  lifetime: Lifetime,
): Promise<HeldTask | undefined> {
  const { tasks, runs, scope } = parts;
  const run = runs.of(task.id) ?? begin(parts, task, lifetime);
  run?.asked();
  const leave = lifetime.onEnd(() => run?.abandon());
  if (run !== undefined) await lingering(run, lifetime);
  leave();
  const now = tasks.find(scope(), task.id);
  if (now === undefined || run?.unwritten === undefined) return now;
  const { expiresMs } = now.state;
  return { ...now, state: { kind: 'over', end: run.unwritten, expiresMs } };
}

function begin(parts: HeldTaskParts, task: HeldTask, lifetime: Lifetime): TaskRun | undefined {
  const { state } = task;
  if (state.kind !== 'due' || lifetime.ended !== undefined) return undefined;
  return parts.runs.start(task.id, (run) => work(parts, task, state.held, run));
}

/** What came of the call is written before anybody is told. */
async function work(parts: HeldTaskParts, task: HeldTask, held: Held, run: TaskRun): Promise<void> {
  const { tasks, runs, scope } = parts;
  if (!(await tasks.take(scope(), task))) return;
  const reply = await parts.run(task, held, run);
  if (isHeldTask(reply)) {
    await tasks.adopt(scope(), task, reply.held);
    if (run.isCancelled) await tasks.cancel(scope(), task);
    return;
  }
  const serversId = serversTask(reply);
  if (serversId !== undefined) {
    runs.follow(task.id, serversId);
    return;
  }
  const end = endOf(reply, run);
  try {
    await tasks.end(scope(), task, end);
  } catch {
    // It is told from memory as long as this process lives, and the outcome stands in the journal.
    run.unwritten = { ...end, endedMs: task.createdMs };
  }
}

function serversTask(reply: Reply): string | undefined {
  const isTask = reply.kind === 'relayed' && reply.response.resultType === 'task';
  const taskId = isTask ? objectIn(reply.response)?.['taskId'] : undefined;
  return typeof taskId === 'string' ? taskId : undefined;
}

/** The task ends, unless its call was sent: then its server is told, and what it says to that ends the task. */
export async function cancelHeld(
  { tasks, runs, scope }: HeldTaskParts,
  task: HeldTask,
): Promise<void> {
  const run = runs.of(task.id);
  run?.cancel();
  if (run?.isSent === true) return;
  await run?.over;
  await tasks.cancel(scope(), task);
}

function lingering({ over: isOver }: TaskRun, lifetime: Lifetime): Promise<void> {
  return new Promise((resolve) => {
    let leave = () => {};
    const done = (): void => {
      clearTimeout(timer);
      leave();
      resolve();
    };
    const timer = setTimeout(done, lingerMs);
    leave = lifetime.onEnd(done);
    void isOver.then(done);
  });
}
