import type { Answer, RpcError } from '../core/answer.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import type { ToolCall } from '../core/tool-call.ts';
import type { Decision } from '../policy/decision.ts';
import type { Ruling } from './decide.ts';
import type { Handed } from './step.ts';

/** Error codes of our own for requests that have no tool result; outside the range that JSON-RPC reserves. */
const denialCodes = { denied: 4003, unavailable: 4503 } as const;

export const decisionKey = 'dev.mcp-gate/decision';

/** Which decision an answer belongs to. */
export interface DecisionRef {
  readonly decisionId: string;
  readonly traceId: string;
  readonly decision: Decision;
  readonly approvalId?: string;
  /** Where the result comes from, when no server was asked. */
  readonly how?: Handed['how'];
  /** What was changed of the result. */
  readonly adapted?: readonly string[];
  /** A person has changed the arguments. */
  readonly edited?: boolean;
}

/** The sentences an agent gets, one for each way in which a call did not do what it asked; reasons are the policy author's. */
const sentences = {
  denied: (ref: DecisionRef) => `Denied by policy: ${ref.decision.reason}. It did not run.`,
  refusedByApprover: () => 'Denied by an approver. It did not run.',
  withdrawn: () =>
    'The request for approval was withdrawn. The call did not run: do not repeat it.',
  expired: () => 'Nobody approved this call in time. It did not run.',
  unavailable: () => 'The tool server is not available. It did not run.',
  unknown: () =>
    'The tool server gave no answer. The call may have run: do not repeat it before you know.',
  withheld: () => 'The call ran, and policy withholds its result: do not repeat it.',
  running: () => 'The same call is still running. It did not run again.',
  callerGone: () => 'The request was cancelled before it ran.',
  frozen: () => 'Calls are stopped by the operator. It did not run.',
  stopped: () =>
    'Stopped by the operator while it ran. The call may have run: do not repeat it before you know.',
} as const;

export type Refusal = keyof typeof sentences;

/** The answer to a call that was not let through, or that came to nothing: a tool result, or an error for other requests. */
export function refuse(call: ToolCall, refusal: Refusal, ref: DecisionRef): Answer {
  const changed = ref.edited === true ? ' A person had changed its arguments.' : '';
  const message = `${sentences[refusal](ref)}${changed} (decision ${ref.decisionId})`;
  return made(call, message, refusalCode(refusal), ref);
}

function refusalCode(refusal: Refusal): number {
  return refusal === 'unavailable' || refusal === 'unknown' || refusal === 'stopped'
    ? denialCodes.unavailable
    : denialCodes.denied;
}

/** A text for the agent in the form that the request's result or error has, with the decision it belongs to. */
function made(call: ToolCall, message: string, code: number, ref: DecisionRef): Answer {
  const meta = { [decisionKey]: decisionMeta(ref) };
  if (call.action === 'tools/call') {
    const content = [{ type: 'text', text: message }];
    return { kind: 'made', result: { content, isError: true, _meta: meta } };
  }
  return { kind: 'refused', error: { code, message, data: meta } };
}

export function decisionMeta(ref: DecisionRef): JsonObject {
  return {
    outcome: ref.decision.outcome,
    decision_id: ref.decisionId,
    trace_id: ref.traceId,
    reason: ref.decision.reason,
    rules: ref.decision.rules.map((rule) => rule.id),
    ...(ref.approvalId !== undefined && { approval_id: ref.approvalId }),
    ...(ref.how !== undefined && { [ref.how]: true }),
    ...(ref.adapted !== undefined && { adapted: [...ref.adapted] }),
    ...(ref.edited === true && { edited: true }),
  };
}

export function refOf({ decisionId, call, decision, standing }: Ruling): DecisionRef {
  const ref = { decisionId, traceId: call.traceId, decision };
  if (standing.edited === undefined) return ref;
  return { ...ref, edited: true, approvalId: standing.edited.row.id };
}

/** A result or an error that the gate made or changed, with the decision that it rests on. */
export function markedResult(result: JsonObject, ref: DecisionRef): JsonObject {
  const { _meta: meta } = result;
  return {
    ...result,
    _meta: { ...(isObject(meta) ? meta : {}), [decisionKey]: decisionMeta(ref) },
  };
}

export function markedError(error: JsonObject, ref: DecisionRef): RpcError {
  const { code, message, data } = error;
  return {
    code: typeof code === 'number' ? code : denialCodes.unavailable,
    message: typeof message === 'string' ? message : '',
    data: {
      ...(isObject(data) ? data : data === undefined ? {} : { data }),
      [decisionKey]: decisionMeta(ref),
    },
  };
}
