import { resultMembers, withMembers } from '../../bridge/result-bytes.ts';
import type { Reply } from '../../core/answer.ts';
import type { HeldTask, TaskOpening } from '../../core/held-task.ts';
import type { Lifetime } from '../../core/lifetime.ts';
import { rpcCode } from '../../wire/rpc-error.ts';
import {
  attended,
  cancelHeld,
  type HeldAnswer,
  type HeldTaskParts,
  keepHeld,
} from './held-task-work.ts';
import { toldOf } from './task-words.ts';

export const unknownTask = 'Unknown task';

/** A request about a task. */
interface Asked {
  readonly method: string;
  readonly taskId: string;
  readonly lifetime: Lifetime;
}

/** The task as its caller gets it for an answer; it is there to be asked for by then. */
export async function openTask(
  parts: HeldTaskParts,
  opening: Omit<TaskOpening, 'traceId' | 'held'>,
  reply: HeldAnswer,
): Promise<Reply> {
  const { result } = reply;
  const task = await keepHeld(parts, opening, reply);
  // The call waits all the same: the identical call joins it.
  if (task === undefined) return { kind: 'made', result: { ...result, resultType: 'complete' } };
  const { _meta = {} } = result;
  const head = headOf(task, parts.tasks.keptMs);
  return { kind: 'made', result: { resultType: 'task', ...head, _meta } };
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
  if (task === undefined) return unknown;
  const follow = async () => {
    const serversId = runs.followed(taskId);
    return serversId === undefined ? undefined : renamed(await elsewhere(serversId), taskId);
  };
  const followed = await follow();
  if (followed !== undefined) return followed;
  if (method === 'tasks/get') {
    const now = await attended(parts, task, asked.lifetime);
    return (await follow()) ?? (now === undefined ? unknown : tell(parts, now, asked.lifetime));
  }
  if (method === 'tasks/cancel') await cancelHeld(parts, task);
  // The gate asks nothing of whoever holds a task, so there is nothing to answer.
  return { kind: 'made', result: { resultType: 'complete' } };
}

const unknown: Reply = {
  kind: 'refused',
  error: { code: rpcCode.invalidParams, message: unknownTask },
};

async function tell(parts: HeldTaskParts, now: HeldTask, lifetime: Lifetime): Promise<Reply> {
  const { tasks, scope } = parts;
  // Whoever has gone meanwhile has not been told.
  if (lifetime.ended === undefined) await tasks.told(scope(), now);
  return { kind: 'text', text: textOf(now, tasks.keptMs) };
}

function headOf(task: HeldTask, keptMs: number) {
  const { ttlMs, pollMs: pollIntervalMs, ...said } = toldOf(task, keptMs);
  return { ...said, ttlMs, pollIntervalMs };
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
