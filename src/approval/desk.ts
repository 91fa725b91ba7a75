import type { Clock } from '../core/clock.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { Store, Tx } from '../store/contract.ts';
import { bindingHolds, callKeyOf, isAbout } from './binding.ts';
import type { ApprovalDesk } from './contract.ts';
import { findStandingGrant, useGrant } from './grants/grant-use.ts';
import { approvalEntry, openApproval } from './record.ts';
import type { ApprovalDefaults } from './terms.ts';
import { Waiting } from './waiting.ts';

interface DeskOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly defaults: ApprovalDefaults;
  readonly pollMs?: number;
  readonly progressMs?: number;
}

/** The desk of one gate. It owns a timer while calls wait, and nothing else that would need closing. */
export function createDesk(options: DeskOptions): ApprovalDesk {
  const { store, clock, defaults, pollMs = 25, progressMs = 10_000 } = options;
  const waiting = new Waiting({ store, clock, pollMs, progressMs });
  return {
    callKey: callKeyOf,
    isAbout,
    overrule,
    open: (tx, request, nowMs) => openApproval(tx, request, nowMs, defaults),
    wait: (approval, hold) => waiting.wait(approval, hold),
    consume,
    granted: (tx, request, nowMs) => findStandingGrant(tx, request, nowMs, defaults),
    use: useGrant,
  };
}

// Everything is read again inside the transaction: what the caller holds may be older than another gate's commit.
function consume(tx: Tx, approval: ApprovalRow, decisionId: string, nowMs: number): boolean {
  const row = tx.approval(approval.id);
  if (row === undefined || row.state !== 'approved' || nowMs >= row.expiresMs) return false;
  if (row.binding !== approval.binding || !bindingHolds(tx, row)) return false;
  if (!tx.moveApproval(row.id, 'approved', { state: 'consumed', consumedBy: decisionId })) {
    return false;
  }
  tx.append({
    ...approvalEntry('approval.consumed', row, nowMs, { consumed_by: decisionId }),
    decisionId,
  });
  return true;
}

// Left over, it would send every identical call the way that policy has just refused: the next one is asked about anew.
function overrule(tx: Tx, { id }: ApprovalRow, decisionId: string, nowMs: number): void {
  const row = tx.approval(id);
  if (row === undefined || !tx.moveApproval(id, 'approved', { state: 'cancelled' })) return;
  tx.append(approvalEntry('approval.cancelled', row, nowMs, { overruled_by: decisionId }));
}
