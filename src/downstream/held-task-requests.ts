import { objectIn, resultMembers, withMembers } from '../bridge/result-bytes.ts';
import type { Made, Reply } from '../core/answer.ts';
import { timestamp } from '../core/clock.ts';
import type { Held } from '../core/held.ts';
import type { HeldTask, HeldTasks, TaskEnd, TaskOpening, TaskScope } from '../core/held-task.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import type { Lifetime } from '../core/lifetime.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { endOf } from './task-end.ts';
import { pollMs, type TaskRun, type TaskRuns } from './task-runs.ts';

/** What one client needs to go on with its calls that wait for a person as tasks. */
export interface HeldTaskParts {
  readonly tasks: HeldTasks;
  readonly runs: TaskRuns;
  readonly scope: () => TaskScope;
  /** Takes the call up: it is decided again, and sent if a person's yes lets it. */
  readonly run: (task: HeldTask, held: Held, run: TaskRun) => Promise<Reply>;
}

export const unknownTask = 'Unknown task';

/** So long an answer waits for the call that it has set going: most tools are quicker. */
const lingerMs = 1_000;

/** A request about a task. */
interface Asked {
  readonly method: string;
  readonly taskId: string;
  readonly lifetime: Lifetime;
}

type HeldAnswer = Made & { readonly held: Held };

/** Whether the answer to a call is that it waits for a person, and may be a task. */
export function isHeldTask(reply: Reply): reply is HeldAnswer {
  return reply.kind === 'made' && reply.result['resultType'] === 'task' && reply.held !== undefined;
}

/** The task as its caller gets it for an answer; it is there to be asked for by then. */
export async function openTask(
  { tasks, scope }: HeldTaskParts,
  opening: Omit<TaskOpening, 'traceId' | 'held'>,
  { held, result }: HeldAnswer,
): Promise<Reply> {
  const traceId = traceIn(result);
  const task = traceId && (await tasks.open(scope(), { ...opening, traceId, held }));
  // The call waits all the same: the identical call joins it.
  if (!task) return { kind: 'made', result: { ...result, resultType: 'complete' } };
  const { _meta = {} } = result;
  return { kind: 'made', result: { resultType: 'task', ...headOf(task, tasks.keptMs), _meta } };
}

function traceIn({ _meta: meta }: JsonObject): string | undefined {
  const decision = isObject(meta) ? meta['dev.mcp-gate/decision'] : undefined;
  const traceId = isObject(decision) ? decision['trace_id'] : undefined;
  return typeof traceId === 'string' ? traceId : undefined;
}

/**
 * `tasks/get`, `tasks/update` and `tasks/cancel` of a task of the gate's own. `elsewhere` asks the same of a server's task.
 */
export async function serveHeldTask(
  parts: HeldTaskParts,
  asked: Asked,
  elsewhere: (taskId: string) => Promise<Reply>,
): Promise<Reply> {
  const { tasks, runs, scope } = parts;
  const { taskId, method } = asked;
  const task = tasks.find(scope(), taskId);
  if (task === undefined) {
    return { kind: 'refused', error: { code: rpcCode.invalidParams, message: unknownTask } };
  }
  const follow = async () => {
    const serversId = runs.followed(taskId);
    return serversId === undefined ? undefined : renamed(await elsewhere(serversId), taskId);
  };
  const followed = await follow();
  if (followed !== undefined) return followed;
  if (method === 'tasks/get') return (await look(parts, task, asked.lifetime, follow)) ?? unknown;
  if (method === 'tasks/cancel') await cancel(parts, task);
  // The gate asks nothing of whoever holds a task, so there is nothing to answer.
  return { kind: 'made', result: { resultType: 'complete' } };
}

const unknown: Reply = {
  kind: 'refused',
  error: { code: rpcCode.invalidParams, message: unknownTask },
};

/** Asking for a task is what shows that its caller is there: the call goes on when it can. */
async function look(
  parts: HeldTaskParts,
  task: HeldTask,
  lifetime: Lifetime,
  follow: () => Promise<Reply | undefined>,
): Promise<Reply | undefined> {
  const { tasks, runs, scope } = parts;
  const run = runs.of(task.id) ?? begin(parts, task, lifetime);
  run?.asked();
  if (run !== undefined) await lingering(run, lifetime);
  const followed = await follow();
  if (followed !== undefined) return followed;
  const now = tasks.find(scope(), task.id);
  if (now === undefined) return undefined;
  const state = run?.unwritten === undefined ? now.state : { ...now.state, ...over(run.unwritten) };
  // Whoever has gone meanwhile has not been told.
  if (state.kind === 'over' && lifetime.ended === undefined) {
    await tasks.told(scope(), { ...now, state });
  }
  return { kind: 'text', text: textOf({ ...now, state }, tasks.keptMs) };
}

function over(end: TaskEnd) {
  return { kind: 'over', end } as const;
}

function begin(parts: HeldTaskParts, task: HeldTask, lifetime: Lifetime): TaskRun | undefined {
  const { state } = task;
  if (state.kind !== 'due' || lifetime.ended !== undefined) return undefined;
  return parts.runs.start(task.id, (run) => work(parts, task, state.held, run));
}

/** What came of the call is written before anybody is told. */
async function work(parts: HeldTaskParts, task: HeldTask, held: Held, run: TaskRun): Promise<void> {
  const { tasks, runs, scope } = parts;
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

async function cancel({ tasks, runs, scope }: HeldTaskParts, task: HeldTask): Promise<void> {
  const run = runs.of(task.id);
  run?.cancel();
  // Its server is told, and what it says to that ends the task.
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

function headOf({ id, createdMs, state }: HeldTask, keptMs: number) {
  const isOver = state.kind === 'over';
  const untilMs = isOver ? state.end.endedMs + keptMs : state.expiresMs;
  const message = isOver ? state.end.message : saidOf(state);
  return {
    taskId: id,
    status: isOver ? state.end.status : 'working',
    ...(message !== undefined && { statusMessage: message }),
    createdAt: timestamp(createdMs),
    lastUpdatedAt: timestamp(isOver ? state.end.endedMs : createdMs),
    ttlMs: Math.max(0, untilMs - createdMs),
    pollIntervalMs: pollMs,
  };
}

function saidOf(state: Exclude<HeldTask['state'], { readonly kind: 'over' }>): string {
  switch (state.kind) {
    case 'waiting':
      return `The call waits for a person's approval (${state.approvalId}). It was not executed.`;
    case 'due':
      return 'The call is decided again.';
    case 'sent':
      return 'The call was sent to its tool.';
  }
}

/** The state of a task with what it brought, byte for byte. */
function textOf(task: HeldTask, keptMs: number): string {
  const head = JSON.stringify({ resultType: 'complete', ...headOf(task, keptMs) });
  const { state } = task;
  if (state.kind !== 'over' || state.end.value === undefined) return head;
  const member = state.end.status === 'failed' ? 'error' : 'result';
  return `${head.slice(0, -1)},"${member}":${state.end.value.toString('utf8')}}`;
}

/** What a server says of its task, which its caller knows by another name. */
function renamed(reply: Reply, taskId: string): Reply {
  if (reply.kind === 'made' && reply.result['taskId'] !== undefined) {
    return { ...reply, result: { ...reply.result, taskId } };
  }
  const members = reply.kind === 'relayed' ? resultMembers(reply.response) : undefined;
  if (reply.kind !== 'relayed' || members?.has('taskId') !== true) return reply;
  const named = new Map([...members, ['taskId', Buffer.from(JSON.stringify(taskId))]]);
  return { ...reply, response: withMembers(reply.response, named) };
}
