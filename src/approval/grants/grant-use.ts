import { randomBytes, uuidv7 } from '../../core/ids.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Tx } from '../../store/contract.ts';
import type { GrantRow } from '../../store/grant-contract.ts';
import { bindingOf, callKeyOf, grantKeyOf } from '../binding.ts';
import type { ApprovalRequest } from '../contract.ts';
import { approvalEntry, unusedId } from '../record.ts';
import { type ApprovalDefaults, suffices, termsOf } from '../terms.ts';
import { isProven, termsOfGrant } from './grant.ts';
import { covers } from './grant-terms.ts';

const dayMs = 86_400_000;

/**
 * A standing grant that answers everything that is asked of this call; undefined when a person must say something. What
 * somebody has said to exactly this call goes before: their no stands, and their yes is used up first.
 */
export function findStandingGrant(
  tx: Tx,
  request: ApprovalRequest,
  nowMs: number,
  defaults: ApprovalDefaults,
): GrantRow | undefined {
  const key = grantKeyOf(request);
  const found = key === undefined ? [] : tx.grantsFor(key, nowMs);
  if (found.length === 0) return undefined;
  const own = tx.approvalFor(callKeyOf(request), nowMs);
  // Nor does a grant answer where a person has changed the call, and others still have to say something.
  if (own !== undefined && (own.state !== 'pending' || own.edited !== undefined)) return undefined;
  const terms = termsOf(request, defaults);
  return found.find((grant) => {
    const given = { ...grant, requiresCredential: grant.via === 'credential' };
    return suffices(given, terms) && applies(tx, grant, request);
  });
}

/**
 * Takes one use, in the transaction of the decision that rests on it. It leaves behind a used-up approval of this call, so
 * that a result which is lost on the way is kept, and a run that nobody knows the end of is known, as after a yes to it alone.
 */
export function useGrant(
  tx: Tx,
  { id }: GrantRow,
  request: ApprovalRequest,
  nowMs: number,
): ApprovalRow | undefined {
  // Everything is read again: what the caller holds may be older than another gate's commit.
  const grant = tx.grant(id);
  if (grant === undefined || grant.grantKey !== grantKeyOf(request)) return undefined;
  const asked = tx.approvalFor(callKeyOf(request), nowMs);
  if (asked?.edited !== undefined || !applies(tx, grant, request)) return undefined;
  if (!tx.useGrant(id, nowMs)) return undefined;
  const row = usedUp(tx, grant, request, nowMs);
  // The question is answered by the grant: left open, a yes to it would let one more call through.
  if (asked?.state === 'pending' && tx.moveApproval(asked.id, 'pending', { state: 'cancelled' })) {
    tx.append(approvalEntry('approval.cancelled', asked, nowMs, { superseded_by: row.id }));
  }
  tx.putApproval(row);
  tx.append(
    approvalEntry('approval.consumed', row, nowMs, {
      consumed_by: request.decisionId,
      grant_id: id,
      use: grant.used + 1,
      uses: grant.uses ?? null,
    }),
  );
  return row;
}

function applies(tx: Tx, grant: GrantRow, { canonicalArguments }: ApprovalRequest): boolean {
  const terms = isProven(tx, grant) ? termsOfGrant(tx, grant) : undefined;
  return terms !== undefined && covers(terms, canonicalArguments);
}

function usedUp(tx: Tx, grant: GrantRow, request: ApprovalRequest, nowMs: number): ApprovalRow {
  const { gate, server, tool, requester, policyDigest, environment, traceId, decisionId } = request;
  const parts = {
    ...{ gate, server, tool, requester, policyDigest, environment, traceId, decisionId },
    ...{ rules: grant.rules, approvers: grant.approvers, quorum: grant.quorum },
    requiresCredential: grant.via === 'credential',
    id: unusedId(tx),
    callKey: callKeyOf(request),
    reason: request.decision.reason,
    createdMs: nowMs,
    expiresMs: grant.expiresMs,
  };
  const bytes = Buffer.from(request.canonicalArguments);
  const argumentsPayload = uuidv7(nowMs);
  const kept = { id: argumentsPayload, kind: 'approval', bytes, salt: randomBytes(32) } as const;
  tx.putPayload({ ...kept, expiresMs: nowMs + dayMs });
  return {
    ...parts,
    state: 'consumed',
    binding: bindingOf(parts, bytes),
    argumentsPayload,
    decidedMs: grant.createdMs,
    decidedBy: grant.decidedBy,
    decisionReason: undefined,
    consumedBy: decisionId,
    resultPayload: undefined,
    withdrawnBy: undefined,
  };
}
