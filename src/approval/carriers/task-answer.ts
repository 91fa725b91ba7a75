import type { Made } from '../../core/answer.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Caller } from '../../core/tool-call.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import { type KnownClient, knownClient, longestMatch } from './known-clients.ts';
import { pendingResult } from './pending-result.ts';

/** `approvals.tasks` of the configuration: beginnings of client names, and `default`. */
export type TaskTerms = ReadonlyMap<string, TaskWay>;
export type TaskWay = NonNullable<KnownClient['tasks']>;

/**
 * Whether this call is answered with a task when it waits: only if its client has declared that it takes one, and neither
 * the configuration nor the table says otherwise of it.
 */
export function takesTask({ asTask, session }: Caller, configured: TaskTerms): boolean {
  // The call of a task goes on as one, whatever has been configured meanwhile.
  if (asTask !== 'offered') return asTask === 'running';
  return wayOf(session.client.name, configured) !== 'none';
}

/** Whether a client of this name is offered the tasks of MCP 2025-11-25, which it cannot ask for by itself. */
export function isOfferedTasks(clientName: string, configured: TaskTerms): boolean {
  return wayOf(clientName, configured) === '2025-11-25';
}

/** What the configuration says of a client wins over the table, and its `default` is for clients of whom that says nothing. */
function wayOf(clientName: string, configured: TaskTerms): TaskWay | undefined {
  const rows = [...configured]
    .filter(([name]) => name !== 'default')
    .map(([name, tasks]) => ({ name, tasks }));
  return (
    longestMatch(clientName, rows)?.tasks ??
    knownClient(clientName)?.tasks ??
    configured.get('default')
  );
}

/** The answer that becomes a task once the face has kept it; where it cannot, the rest of this is the pending result. */
export function taskAnswer({ id, binding }: ApprovalRow, decision: JsonObject): Made {
  const held = { approvalId: id, binding, round: 1 };
  return { kind: 'made', result: { resultType: 'task', ...pendingResult(id, decision) }, held };
}
