import type { ApprovalRow } from '../store/approval-contract.ts';
import type { Tx } from '../store/contract.ts';
import { callKeyOf, differingParts, likenessOf } from './binding.ts';
import type { ApprovalRequest } from './contract.ts';

/** An approval that would answer a call, were it not for these parts of what it is bound to. */
interface Difference {
  readonly from: string;
  /** Their names; no values. */
  readonly parts: readonly string[];
}

/**
 * Why an approval that somebody may count on is none of this call: the one that an earlier request has waited for, or else
 * the newest one of the same call that is still open. Undefined when there is none.
 */
export function differenceOf(
  tx: Tx,
  request: ApprovalRequest,
  nowMs: number,
): Difference | undefined {
  const key = callKeyOf(request);
  const { awaited } = request;
  const waited = awaited && tx.approval(awaited.approvalId);
  if (waited !== undefined && waited.callKey !== key) {
    return { from: waited.id, parts: partsOf(tx, request, waited) };
  }
  const [newest] = openLike(tx, request, nowMs).sort((a, b) => b.createdMs - a.createdMs);
  return newest && { from: newest.id, parts: differingParts(newest.callKey, key) };
}

function openLike(tx: Tx, request: ApprovalRequest, nowMs: number): ApprovalRow[] {
  const own = callKeyOf(request);
  return tx
    .callKeysFrom(likenessOf(request))
    .filter((key) => key !== own)
    .flatMap((key) => tx.approvalFor(key, nowMs) ?? []);
}

// What a state was sealed for is the same request, but policy may have put another call in its place since.
function partsOf(tx: Tx, request: ApprovalRequest, row: ApprovalRow): readonly string[] {
  const key = callKeyOf(request);
  const around = differingParts(row.callKey, key);
  if (row.callKey.startsWith(likenessOf(request))) return around;
  const asked = tx.payload(row.argumentsPayload)?.toString();
  const itself = [
    { part: 'subject', isSame: row.requester === request.requester },
    { part: 'server', isSame: row.server === request.server },
    { part: 'tool', isSame: row.tool === request.tool },
    { part: 'arguments', isSame: asked === request.canonicalArguments },
  ];
  return [...itself.filter(({ isSame }) => !isSame).map(({ part }) => part), ...around];
}
