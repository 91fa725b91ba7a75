import { resultMembers, withMembers } from '../../bridge/result-bytes.ts';
import type { Reply } from '../../core/answer.ts';
import type { HeldTask, TaskEnd } from '../../core/held-task.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Lifetime } from '../../core/lifetime.ts';
import { pause } from '../../core/limited-lifetime.ts';
import { parseJson } from '../../core/parse-json.ts';
import { shortened } from '../../core/shortened.ts';
import type { IncomingRequest } from '../../wire/contract.ts';
import { readMessage } from '../../wire/read-message.ts';
import { rpcCode } from '../../wire/rpc-error.ts';
import type { FinishedTasks } from './finished-tasks.ts';
import {
  attended,
  cancelHeld,
  type HeldTaskParts,
  isHeldTask,
  keepHeld,
} from './held-task-work.ts';
import { endOf } from './task-end.ts';
import { toldOf } from './task-words.ts';

export interface LegacyTaskParts extends HeldTaskParts {
  readonly finished: FinishedTasks;
}

const related = 'io.modelcontextprotocol/related-task';

/** Whether a call asks to be a task. */
export function wantsTask({ method, params }: IncomingRequest): boolean {
  return method === 'tools/call' && params?.['task'] !== undefined;
}

/** The call without the wish: nothing of it goes to a server. */
export function withoutTask(request: IncomingRequest): IncomingRequest {
  const { task: _, ...params } = request.params ?? {};
  return { ...request, params };
}

/**
 * The answer to a call that asked to be a task: one that waits for a person while its call does, and otherwise one that is
 * over. What went wrong before anything was made of the call is told as it is.
 */
export async function taskOf(
  parts: LegacyTaskParts,
  { params = {}, extras }: IncomingRequest,
  reply: Reply,
): Promise<Reply> {
  if (reply.kind === 'refused') return reply;
  if (reply.kind === 'relayed' && reply.response.kind === 'error') return reply;
  const { finished, scope, tasks } = parts;
  if (!isHeldTask(reply)) {
    const end = endOf(reply, { isCancelled: false, isSent: true });
    return created(finished.add(scope(), end), tasks.keptMs, {});
  }
  const task = await keepHeld(parts, { params, extras }, reply);
  const { resultType: _, ...pending } = reply.result;
  if (task !== undefined) return created(task, tasks.keptMs, pending);
  // The call waits all the same: the identical call joins it.
  const end = endOf({ kind: 'made', result: pending }, { isCancelled: false, isSent: false });
  return created(finished.add(scope(), end), tasks.keptMs, {});
}

function created(task: HeldTask, keptMs: number, { _meta }: JsonObject): Reply {
  const result = { task: wordsOf(task, keptMs), ...(_meta !== undefined && { _meta }) };
  return { kind: 'made', result };
}

/** `tasks/get`, `tasks/result` and `tasks/cancel` of a session. */
export async function serveLegacyTask(
  parts: LegacyTaskParts,
  { method, params }: IncomingRequest,
  lifetime: Lifetime,
): Promise<Reply> {
  const taskId = params?.['taskId'];
  if (typeof taskId !== 'string') return invalid('"params.taskId" must be a string');
  const task = find(parts, taskId);
  if (task === undefined) return invalid('Unknown task');
  if (method === 'tasks/cancel') return cancel(parts, task);
  if (method === 'tasks/result') return result(parts, task, lifetime);
  const now = task.state.kind === 'over' ? task : await attended(parts, task, lifetime);
  return now === undefined ? invalid('Unknown task') : words(parts, now);
}

function find({ finished, tasks, scope }: LegacyTaskParts, id: string): HeldTask | undefined {
  return finished.find(scope(), id) ?? (tasks.isId(id) ? tasks.find(scope(), id) : undefined);
}

function words({ tasks }: LegacyTaskParts, task: HeldTask): Reply {
  return { kind: 'made', result: wordsOf(task, tasks.keptMs) };
}

/** So long between two looks at a call that another process has sent. */
const pauseMs = 1_000;

/** Blocks until the task is over. Whoever waits for that is there, so the call goes on as soon as it can. */
async function result(parts: LegacyTaskParts, task: HeldTask, lifetime: Lifetime): Promise<Reply> {
  let now: HeldTask | undefined = task;
  while (now !== undefined && lifetime.ended === undefined) {
    if (now.state.kind !== 'over') now = await attended(parts, now, lifetime);
    if (now?.state.kind === 'over') return told(parts, now, now.state.end, lifetime);
    if (now?.state.kind === 'waiting') await parts.tasks.moved(now, lifetime);
    else await pause(pauseMs, lifetime);
    now = find(parts, task.id);
  }
  return invalid('Unknown task');
}

async function told(
  { tasks, scope }: LegacyTaskParts,
  task: HeldTask,
  { status, message, value }: TaskEnd,
  lifetime: Lifetime,
): Promise<Reply> {
  if (lifetime.ended === undefined && tasks.isId(task.id)) await tasks.told(scope(), task);
  if (value === undefined) {
    const content = [{ type: 'text', text: message ?? '' }];
    return { kind: 'made', result: { content, isError: true, _meta: relatedTo(task.id) } };
  }
  const member = status === 'failed' ? 'error' : 'result';
  const line = `{"jsonrpc":"2.0","id":0,"${member}":${value.toString('utf8')}}`;
  const read = readMessage(Buffer.from(line));
  if (read.kind !== 'response') return invalid('what the task brought cannot be read');
  const members = resultMembers(read.response);
  if (members === undefined) return { kind: 'relayed', response: read.response };
  const meta: Json = parseJson(members.get('_meta')?.toString('utf8') ?? '{}');
  const marked = { ...(isObject(meta) ? meta : {}), ...relatedTo(task.id) };
  const all = new Map([...members, ['_meta', Buffer.from(JSON.stringify(marked))]]);
  return { kind: 'relayed', response: withMembers(read.response, all) };
}

function relatedTo(taskId: string): JsonObject {
  return { [related]: { taskId } };
}

/** A task that was cancelled stays so, even if its tool comes to an end all the same. */
async function cancel(parts: LegacyTaskParts, task: HeldTask): Promise<Reply> {
  const { tasks, runs, scope } = parts;
  if (task.state.kind === 'over') return invalid('the task is over');
  const isSent = runs.of(task.id)?.isSent ?? task.state.kind === 'sent';
  if (isSent) {
    const message = 'Cancelled by its caller. It may have run: do not repeat it before you know.';
    await tasks.end(scope(), task, { status: 'cancelled', message, value: undefined });
  }
  await cancelHeld(parts, task);
  const now = tasks.find(scope(), task.id);
  return now === undefined ? invalid('Unknown task') : words(parts, now);
}

/**
 * A task in the words of this era, in which a tool's error is a failure of its task. Clients may look no further than that,
 * so the message says what the error does.
 */
function wordsOf(task: HeldTask, keptMs: number): JsonObject {
  const { ttlMs: ttl, pollMs: pollInterval, ...said } = toldOf(task, keptMs);
  const error = task.state.kind === 'over' ? errorIn(task.state.end) : undefined;
  const failed = error !== undefined && { status: 'failed', statusMessage: error };
  return { ...said, ...failed, ttl, pollInterval };
}

const messageLimit = 1_000;

/** The text of a tool's error; undefined for everything else. */
function errorIn({ status, value }: TaskEnd): string | undefined {
  if (status !== 'completed' || value?.includes('"isError"') !== true) return undefined;
  const result: Json = parseJson(value.toString('utf8'));
  if (!isObject(result) || result['isError'] !== true) return undefined;
  const { content } = result;
  const first = Array.isArray(content) ? content[0] : undefined;
  const text = isObject(first) ? first['text'] : undefined;
  return typeof text === 'string' ? shortened(text, messageLimit) : 'the tool has failed';
}

function invalid(message: string): Reply {
  return { kind: 'refused', error: { code: rpcCode.invalidParams, message } };
}
