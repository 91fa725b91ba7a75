import { randomBytes, uuidv7 } from '../core/ids.ts';
import type { Tx } from '../store/contract.ts';
import { supersede } from './record.ts';

const keptForMs = 600_000;

/** Keeps the result of an approved call whose caller had gone; it must have been consumed. */
export function keepResult(tx: Tx, approvalId: string, bytes: Buffer, nowMs: number): void {
  const id = uuidv7(nowMs);
  if (!tx.moveApproval(approvalId, 'consumed', { state: 'consumed', resultPayload: id })) return;
  const expiresMs = nowMs + keptForMs;
  tx.putPayload({ id, kind: 'result', bytes, salt: randomBytes(32), expiresMs });
}

/**
 * Hands a kept result out once, to an identical call: it is fetched, not executed again, although somebody may have been
 * asked again while it was on its way. What that one was asked is answered with it.
 */
export function takeKept(tx: Tx, callKey: string, nowMs: number): Buffer | undefined {
  const row = tx.lastConsumed(callKey);
  if (row?.resultPayload === undefined) return undefined;
  const bytes = tx.payload(row.resultPayload);
  tx.moveApproval(row.id, 'consumed', { state: 'consumed', resultPayload: null });
  const asked = bytes && tx.approvalFor(callKey, nowMs);
  if (asked !== undefined && asked.state !== 'denied') supersede(tx, asked, row.id, nowMs);
  return bytes;
}
