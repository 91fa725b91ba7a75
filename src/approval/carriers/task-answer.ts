import type { Made } from '../../core/answer.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Caller } from '../../core/tool-call.ts';
import type { ApprovalRow } from '../../store/contract.ts';
import { knownClient, longestMatch } from './known-clients.ts';
import { pendingResult } from './pending-result.ts';

/** `approvals.tasks` of the configuration: beginnings of client names, and `default`. */
export type TaskTerms = ReadonlyMap<string, 'extension' | 'none'>;

/**
 * Whether this call is answered with a task when it waits: only if its client has declared that it takes one, and neither
 * the configuration nor the table says otherwise of it.
 */
export function takesTask({ asTask, session }: Caller, configured: TaskTerms): boolean {
  // The call of a task goes on as one, whatever has been configured meanwhile.
  if (asTask !== 'offered') return asTask === 'running';
  const { name } = session.client;
  const rows = [...configured]
    .filter(([begins]) => begins !== 'default')
    .map(([begins, tasks]) => ({ name: begins, tasks }));
  const said = longestMatch(name, rows)?.tasks ?? knownClient(name)?.tasks;
  return (said ?? configured.get('default')) !== 'none';
}

/** The answer that becomes a task once the face has kept it; where it cannot, the rest of this is the pending result. */
export function taskAnswer({ id, binding }: ApprovalRow, decision: JsonObject): Made {
  const held = { approvalId: id, binding, round: 1 };
  return { kind: 'made', result: { resultType: 'task', ...pendingResult(id, decision) }, held };
}
