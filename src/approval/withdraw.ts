import type { Clock } from '../core/clock.ts';
import type { ApprovalState, Store } from '../store/contract.ts';
import { approvalEntry, expireIfDue } from './record.ts';

const reason = 'declined in the client that asked for the call';

/**
 * Takes a question back because whoever asked for the call does not want it any more, as their client says. That is safe in
 * anybody's name: nothing runs. True when it took this to end it: a yes that nobody has used is taken back only where `from`
 * says so.
 */
export function withdrawApproval(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  id: string,
  from: readonly ApprovalState[] = ['pending'],
): Promise<boolean> {
  return store.write('decision', (tx) => {
    const nowMs = clock();
    const found = tx.approval(id);
    const row = found && expireIfDue(tx, found, nowMs);
    if (row === undefined || !from.includes(row.state)) return false;
    const change = { decidedMs: nowMs, decidedBy: [row.requester], decisionReason: reason };
    if (!tx.moveApproval(id, row.state, { state: 'cancelled', ...change })) return false;
    const said = { withdrawn_by: row.requester, via: 'client', verified: false, reason };
    tx.append(approvalEntry('approval.cancelled', row, nowMs, said));
    return true;
  });
}
