import { randomBytes, uuidv7 } from '../core/ids.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { Tx } from '../store/contract.ts';
import { supersede } from './record.ts';

const keptForMs = 600_000;

/**
 * Keeps the result of an approved call whose caller had gone; it must have been consumed. Whoever has asked again meanwhile
 * need not wait for a second yes: that question is taken back, and they fetch the result.
 */
export function keepResult(tx: Tx, approvalId: string, bytes: Buffer, nowMs: number): void {
  const id = uuidv7(nowMs);
  if (!tx.moveApproval(approvalId, 'consumed', { state: 'consumed', resultPayload: id })) return;
  const expiresMs = nowMs + keptForMs;
  tx.putPayload({ id, kind: 'result', bytes, salt: randomBytes(32), expiresMs });
  const row = tx.approval(approvalId);
  if (row !== undefined) takeBack(tx, row, nowMs);
}

/** Hands a kept result out once, to an identical call: it is fetched, not executed again. */
export function takeKept(tx: Tx, callKey: string, nowMs: number): Buffer | undefined {
  const row = tx.lastConsumed(callKey);
  if (row?.resultPayload === undefined) return undefined;
  const bytes = tx.payload(row.resultPayload);
  tx.moveApproval(row.id, 'consumed', { state: 'consumed', resultPayload: null });
  if (bytes !== undefined) takeBack(tx, row, nowMs);
  return bytes;
}

// A no that somebody has said since stands.
function takeBack(tx: Tx, { id, callKey }: ApprovalRow, nowMs: number): void {
  const asked = tx.approvalFor(callKey, nowMs);
  if (asked !== undefined && asked.state !== 'denied') supersede(tx, asked, id, nowMs);
}
