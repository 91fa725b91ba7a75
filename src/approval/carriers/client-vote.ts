import type { Clock } from '../../core/clock.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Store, Tx } from '../../store/contract.ts';
import { bindingHolds } from '../binding.ts';
import { approvalEntry, expireIfDue } from '../record.ts';

/**
 * Puts a yes on record that came through the agent's own client, in the requester's name and as proof of nobody. It counts
 * for no quorum and is no approver's. It ends the question only where every rule that asked says that it is enough
 * (`confirms`), one yes is asked for, no credential, and nobody who must give it is named; whoever asks anything else asks a person.
 */
export async function voteInClient(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  { id, binding }: Pick<ApprovalRow, 'id' | 'binding'>,
  confirms: readonly string[],
): Promise<void> {
  await store.write('decision', (tx) => {
    const nowMs = clock();
    const found = tx.approval(id);
    const row = found && expireIfDue(tx, found, nowMs);
    if (row?.state !== 'pending' || row.binding !== binding || !bindingHolds(tx, row)) return;
    vote(tx, row, confirms, nowMs);
  });
}

function vote(tx: Tx, row: ApprovalRow, confirms: readonly string[], nowMs: number): void {
  const voted = { approver: row.requester, verified: false, via: 'client' } as const;
  const verdict = 'approve';
  tx.putVote({ ...voted, approvalId: row.id, verdict, reason: undefined, atMs: nowMs });
  const said = { ...voted, verdict, reason: null };
  if (!isEnough(row, confirms)) {
    tx.append(approvalEntry('approval.voted', row, nowMs, said));
    return;
  }
  // Nobody has approved it: policy looks at the approval again, and finds no approver in it.
  tx.moveApproval(row.id, 'pending', { state: 'approved', decidedMs: nowMs, decidedBy: [] });
  tx.append(approvalEntry('approval.approved', row, nowMs, { ...said, approvers: [] }));
}

/** Rules of the host, a mode or a budget, are never among those that a client can confirm. */
export function isEnough(
  row: Pick<ApprovalRow, 'rules' | 'quorum' | 'approvers' | 'requiresCredential'>,
  confirms: readonly string[],
): boolean {
  const { rules, quorum, approvers, requiresCredential } = row;
  const isAnyones = quorum === 1 && approvers.length === 0 && !requiresCredential;
  return isAnyones && rules.every((rule) => confirms.includes(rule));
}
