import type { Made } from '../../core/answer.ts';
import type { Held } from '../../core/held.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Caller } from '../../core/tool-call.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import { knownClient, longestMatch } from './known-clients.ts';
import { pendingResult } from './pending-result.ts';
import { type TaskTerms, takesTask, taskAnswer } from './task-answer.ts';

/** Clients stop by themselves after ten requests for one call, and the first waits too. */
const roundsLimit = 8;

interface WaitTerms {
  /** How long a request of this caller waits. */
  readonly holdMs: number;
  /** `approvals.rounds` of the configuration: beginnings of client names, and `default`. */
  readonly rounds: ReadonlyMap<string, boolean>;
  readonly tasks: TaskTerms;
}

/**
 * What a caller gets whose call still waits for a person: a task where it takes one, to send the request again where it is
 * known to do that, and otherwise the pending result. `decision` is the decision that the call waits under.
 */
export function pendingAnswer(
  caller: Caller,
  approval: ApprovalRow,
  decision: JsonObject,
  { holdMs, rounds, tasks }: WaitTerms,
): Made {
  if (takesTask(caller, tasks)) return taskAnswer(approval, decision);
  const held = holdMs > 0 ? nextRound(caller, approval, rounds) : undefined;
  if (held === undefined) return { kind: 'made', result: pendingResult(approval.id, decision) };
  const meta = { 'dev.mcp-gate/decision': { ...decision, approval_id: approval.id } };
  return { kind: 'made', result: { resultType: 'input_required', _meta: meta }, held };
}

function nextRound(
  { rounds, session }: Caller,
  { id, binding }: ApprovalRow,
  configured: WaitTerms['rounds'],
): Held | undefined {
  if (rounds === undefined) return undefined;
  const round = (rounds.held?.round ?? 0) + 1;
  const comesBack = known(session.client.name, configured) ?? rounds.answersInput;
  return comesBack && round <= roundsLimit ? { approvalId: id, binding, round } : undefined;
}

/** What the configuration says of a client wins over the table, and its `default` is for clients of whom that says nothing. */
function known(clientName: string, configured: WaitTerms['rounds']): boolean | undefined {
  const rows = [...configured]
    .filter(([name]) => name !== 'default')
    .map(([name, rounds]) => ({ name, rounds }));
  return (
    longestMatch(clientName, rows)?.rounds ??
    knownClient(clientName)?.rounds ??
    configured.get('default')
  );
}
