import type { Clock } from '../core/clock.ts';
import { GateError } from '../core/errors.ts';
import { shortened } from '../core/shortened.ts';
import type { ApprovalRow, ApprovalState } from '../store/approval-contract.ts';
import type { Store, Tx } from '../store/contract.ts';
import { findApproval } from './approval-id.ts';
import type { Approver } from './approvers/separation.ts';
import { latest } from './edits/versions.ts';
import { approvalEntry, expireIfDue } from './record.ts';

/** Who takes a question back, as it stands in the journal: `os:rita`, `approver:alice`, or the requester of a call. */
export interface Withdrawal {
  readonly by: string;
  /** `client`: the caller's own request, such as `tasks/cancel`; whoever takes it must know that it is the requester's. */
  readonly via: 'terminal' | 'credential' | 'client';
  readonly reason: string | undefined;
}

const notUsed = ['pending', 'approved'] as const;

/**
 * Takes back a question that waits, in whatever words it is put by now, or a yes that nothing has used: exactly one of
 * several in any process gets true, and writes the entry. Calls that are held for it end everywhere, and are not asked about
 * anew. In the caller's transaction.
 */
export function withdrawApproval(
  tx: Tx,
  id: string,
  { by, via, reason }: Withdrawal,
  nowMs: number,
  from: readonly ApprovalState[] = notUsed,
): boolean {
  const found = tx.approval(id);
  const row = found && expireIfDue(tx, latest(tx, found), nowMs);
  if (row === undefined || !from.includes(row.state)) return false;
  const why = reason === undefined ? undefined : shortened(reason, 2000);
  const change = { state: 'cancelled', decidedMs: nowMs, withdrawnBy: by } as const;
  const kept = why === undefined ? change : { ...change, decisionReason: why };
  if (!tx.moveApproval(row.id, row.state, kept)) return false;
  const fields = { withdrawn_by: by, via, was: row.state, reason: why ?? null };
  tx.append(approvalEntry('approval.cancelled', row, nowMs, fields));
  return true;
}

/** The same in a transaction of its own, for the approval whose id, or a beginning of it, was typed. */
export async function withdraw(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  typed: string,
  withdrawal: Withdrawal,
): Promise<ApprovalRow> {
  const { id } = findApproval(store, typed);
  // A refusal is returned, not thrown: the transaction may have marked an expiry that must be kept.
  const { row, done } = await store.write('decision', (tx) => {
    const done = withdrawApproval(tx, id, withdrawal, clock());
    return { done, row: tx.approval(id) };
  });
  if (done && row !== undefined) return row;
  const message = `approval "${id}" is ${row?.state ?? 'gone'}, expected pending or approved`;
  throw new GateError('approval_refused', message);
}

/**
 * Who may take a question back: the person for whom the agent asked, at a terminal of that user of the system, and every
 * proven approver. Like a no it lets nothing through.
 */
export function withdrawalBy(
  row: ApprovalRow,
  { kind, name }: Approver,
  reason: string | undefined,
): Withdrawal {
  if (kind === 'credential') return { by: `approver:${name}`, via: 'credential', reason };
  if (kind === 'terminal' && row.requester === `os:${name}`) {
    return { by: `os:${name}`, via: 'terminal', reason };
  }
  throw new GateError(
    'approval_refused',
    `"${name}" did not ask for this call, expected its requester or an approver`,
    { hint: `mcp-gate deny ${row.id}, or set MCP_GATE_APPROVER=NAME:SECRET` },
  );
}
