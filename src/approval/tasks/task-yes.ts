import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader, Tx } from '../../store/contract.ts';
import { latest } from '../edits/versions.ts';
import { approvalEntry, expireIfDue } from '../record.ts';
import type { TaskRecord } from './task-record.ts';

/** What the task waits for, in whatever words it is put by now: a person may have changed the arguments. */
export function awaitedBy(reader: Reader, { standing }: TaskRecord): ApprovalRow | undefined {
  const row = reader.approval(standing.held.approvalId);
  return row?.binding === standing.held.binding ? latest(reader, row) : undefined;
}

/** Whether the yes was used up by the task's own call: it stands in the trace that only this call has. */
export function isSpentOn(
  reader: Reader,
  row: ApprovalRow | undefined,
  { opened }: TaskRecord,
): row is ApprovalRow {
  if (row?.state !== 'consumed' || row.consumedBy === undefined) return false;
  return reader.journal.decision(row.consumedBy)?.traceId === opened.traceId;
}

/** The approval whose result an identical call would still be given. */
export function keptFor(reader: Reader, record: TaskRecord): ApprovalRow | undefined {
  const row = awaitedBy(reader, record);
  return isSpentOn(reader, row, record) && row.resultPayload !== undefined ? row : undefined;
}

/**
 * The requester takes its question, or the yes that it got, back: for its own call alone. Unlike what is withdrawn it ends no
 * other call that had joined it; those are asked about anew.
 */
export function takeBack(tx: Tx, found: ApprovalRow | undefined, nowMs: number): void {
  const row = found && expireIfDue(tx, found, nowMs);
  if (row?.state !== 'pending' && row?.state !== 'approved') return;
  if (!tx.moveApproval(row.id, row.state, { state: 'cancelled' })) return;
  const by = { cancelled_by: row.requester, was: row.state };
  tx.append(approvalEntry('approval.cancelled', row, nowMs, by));
}
