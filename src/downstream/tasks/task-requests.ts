import { relayedError } from '../../bridge/hop-errors.ts';
import { modernReply } from '../../bridge/modern-reply.ts';
import { objectIn, resultResponse } from '../../bridge/result-bytes.ts';
import type { Answer, RawResponse, Reply, RpcError } from '../../core/answer.ts';
import type { CallScope } from '../../core/call-scope.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import type { Lifetime } from '../../core/lifetime.ts';
import type { ClientHello, UpstreamPool } from '../../upstream/contract.ts';
import type { IncomingRequest } from '../../wire/contract.ts';
import { rpcCode } from '../../wire/rpc-error.ts';
import { forwardedMeta } from '../tool-calls.ts';
import { serveHeldTask, unknownTask } from './held-task-requests.ts';
import { type HeldTaskParts, isHeldTask } from './held-task-work.ts';
import { type TaskOrigin, type TaskOwners, tasksExtension } from './task-owners.ts';
import type { TaskPlace, TaskQuestions } from './task-questions.ts';

/** What one client needs to go on with its tasks. */
export interface TaskParts {
  readonly pool: Pick<UpstreamPool, 'connection'>;
  readonly owners: TaskOwners;
  readonly questions: TaskQuestions;
  readonly scope: string;
  /** Who calls, as policy sees it. */
  readonly subject: string | null;
  readonly hello: ClientHello;
  readonly asking: TaskPlace['asking'];
  /** Why calls of this scope are stopped; undefined when they are not. */
  readonly frozen: (scope: CallScope) => string | undefined;
  /** The gate's own tasks of this client. */
  readonly held: HeldTaskParts | undefined;
}

/** `tasks/get`, `tasks/update` and `tasks/cancel`: they go to the server that made the task for this caller. */
export async function serveTask(
  parts: TaskParts,
  request: IncomingRequest,
  lifetime: Lifetime,
): Promise<Reply> {
  const { pool, owners, scope, subject, hello } = parts;
  if (!speaksTasks(hello)) return { kind: 'refused', error: undeclared };
  const { method, params } = request;
  const { _meta: meta, ...fields } = params ?? {};
  const { taskId } = fields;
  if (typeof taskId !== 'string') {
    return refused(rpcCode.invalidParams, '"params.taskId" must be a string');
  }
  const { held } = parts;
  if (held?.tasks.isId(taskId) === true) {
    const own = { taskId, method, lifetime };
    return serveHeldTask(held, own, (id) =>
      serveTask(parts, { ...request, params: { ...params, taskId: id } }, lifetime),
    );
  }
  const origin = owners.originOf(scope, taskId);
  if (origin === undefined) return refused(rpcCode.invalidParams, unknownTask);
  const { server, tool, later } = origin;
  // The answer to a question lets the task go on; to look at it or to end it is free.
  if (method === 'tasks/update' && parts.frozen({ server, tool, subject }) !== undefined) {
    return refused(rpcCode.denied, 'calls are stopped by the operator');
  }
  const fault = answersFault(parts, taskId, fields);
  if (fault !== undefined) return refused(rpcCode.invalidParams, fault);
  const connection = pool.connection(server);
  if (connection?.era !== 'modern') return refused(rpcCode.unavailable, 'its server is not there');
  const forwarded = { method, fields, meta: forwardedMeta(meta), ...none };
  const options = { lifetime, onProgress: undefined, related: undefined };
  const delivery = await connection.send(forwarded, options);
  if (delivery.kind !== 'answered') {
    return refused(rpcCode.unavailable, 'the server gave no answer');
  }
  const answer = later === undefined ? relayed(delivery.response) : later(delivery.response);
  return answerOf(parts, method, { server, taskId, answer });
}

function relayed(response: RawResponse): Answer {
  return { kind: 'relayed', response };
}

/**
 * What is wrong with the answers in a request: its server hears nothing from the client but answers to the questions that
 * were decided. Whoever read the request has refused keys that differ from these in their case only.
 */
function answersFault(
  { owners, scope }: TaskParts,
  taskId: string,
  fields: JsonObject,
): string | undefined {
  const { inputResponses = {} } = fields;
  if (!isObject(inputResponses)) return '"params.inputResponses" must be an object';
  const isKnown = (key: string) => owners.isAsked(scope, taskId, key);
  return Object.keys(inputResponses).every(isKnown)
    ? undefined
    : 'the task asks for nothing by that key; its state says what it asks for';
}

const none = { argumentsText: undefined, extras: undefined };

/** The task of a server. */
type Task = Pick<TaskPlace, 'server' | 'taskId'>;

/** What came of a request about a task, as policy lets it pass; no answer where it lets nothing. */
async function answerOf(
  parts: TaskParts,
  method: string,
  { answer, ...task }: Task & { readonly answer: Answer | undefined },
): Promise<Reply> {
  if (answer === undefined) {
    return refused(rpcCode.denied, 'policy withholds what the task brought');
  }
  if (answer.kind === 'refused') return answer;
  const response = answer.kind === 'made' ? resultResponse(answer.result) : answer.response;
  if (response.kind === 'error') return { kind: 'relayed', response: relayedError(response) };
  if ((response.resultType ?? 'complete') !== 'complete') {
    return refused(rpcCode.internal, 'the server answered with a type of result that is not due');
  }
  const reply: Reply = { kind: 'relayed', response: await cleared(parts, task, response) };
  return modernReply(method, reply, { ttlMs: 0, serverInfo: undefined });
}

/** The answer to a call of this server, once it is known whose task it is that the answer may stand for. */
export async function noteTask(
  parts: TaskParts,
  called: Omit<TaskOrigin, 'later'>,
  reply: Reply,
): Promise<Reply> {
  const response = isHeldTask(reply) ? undefined : responseIn(reply);
  if (response?.resultType !== 'task') return reply;
  const { owners, scope, hello } = parts;
  const { server } = called;
  const taskId = objectIn(response)?.['taskId'];
  if (!speaksTasks(hello) || typeof taskId !== 'string' || taskId.length > taskIdLimit) {
    return refused(rpcCode.internal, 'the server answered with a task that nobody can go on with');
  }
  const later = 'later' in reply ? reply.later : undefined;
  if (!owners.add(scope, taskId, { ...called, later })) {
    return refused(rpcCode.internal, 'the server answered with the task of another server');
  }
  return { kind: 'relayed', response: await cleared(parts, { server, taskId }, response) };
}

/** A result that was kept for a caller who had gone is a task all the same. */
function responseIn(reply: Reply): RawResponse | undefined {
  if (reply.kind === 'relayed') return reply.response;
  const isTask = reply.kind === 'made' && reply.result['resultType'] === 'task';
  return isTask ? resultResponse(reply.result) : undefined;
}

function cleared(
  { questions, scope, asking }: TaskParts,
  { server, taskId }: Task,
  response: RawResponse,
): Promise<RawResponse> {
  return questions.cleared(response, { scope, server, taskId, asking });
}

/**
 * What is wrong with a `subscriptions/listen` that names tasks. The gate tells of none, as every server may: the
 * acknowledgement names none, and the client asks with `tasks/get`, whose answers are decided on.
 */
export function listenFault({ params }: IncomingRequest, hello: ClientHello): RpcError | undefined {
  const wanted = params?.['notifications'];
  const isAboutTasks = isObject(wanted) && wanted['taskIds'] !== undefined;
  return isAboutTasks && !speaksTasks(hello) ? undeclared : undefined;
}

const taskIdLimit = 1_000;

export function speaksTasks({ capabilities }: ClientHello): boolean {
  const { extensions } = capabilities;
  return isObject(extensions) && extensions[tasksExtension] !== undefined;
}

const undeclared: RpcError = {
  code: rpcCode.missingCapability,
  message: 'this method needs the extension of tasks',
  data: { requiredCapabilities: { extensions: { [tasksExtension]: {} } } },
};

function refused(code: number, message: string): Reply {
  return { kind: 'refused', error: { code, message } };
}
