import type { Made } from '../../core/answer.ts';
import type { Held } from '../../core/held.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Caller } from '../../core/tool-call.ts';
import type { ApprovalRow } from '../../store/contract.ts';
import { knownClient } from './known-clients.ts';
import { pendingResult } from './pending-result.ts';

/** Clients stop by themselves after ten requests for one call, and the first waits too. */
const roundsLimit = 8;

/**
 * What a caller gets whose call still waits for a person: to send the request again where it is known to do that, and
 * otherwise the pending result. `decision` is the decision that the call waits under; `holdMs` is how long a request of
 * this caller waits.
 */
export function pendingAnswer(
  caller: Caller,
  approval: ApprovalRow,
  decision: JsonObject,
  holdMs: number,
): Made {
  const held = holdMs > 0 ? nextRound(caller, approval) : undefined;
  if (held === undefined) return { kind: 'made', result: pendingResult(approval.id, decision) };
  const meta = { 'dev.mcp-gate/decision': { ...decision, approval_id: approval.id } };
  return { kind: 'made', result: { resultType: 'input_required', _meta: meta }, held };
}

function nextRound({ rounds, session }: Caller, { id, binding }: ApprovalRow): Held | undefined {
  if (rounds === undefined) return undefined;
  const comesBack = knownClient(session.client.name)?.rounds ?? rounds.answersInput;
  const round = (rounds.held?.round ?? 0) + 1;
  return comesBack && round <= roundsLimit ? { approvalId: id, binding, round } : undefined;
}
