import { randomBytes, uuidv7 } from '../core/ids.ts';
import type { Tx } from '../store/contract.ts';

const keptForMs = 600_000;

/** Keeps the result of an approved call whose caller had gone; it must have been consumed. */
export function keepResult(tx: Tx, approvalId: string, bytes: Buffer, nowMs: number): void {
  const id = uuidv7(nowMs);
  if (!tx.moveApproval(approvalId, 'consumed', { state: 'consumed', resultPayload: id })) return;
  const expiresMs = nowMs + keptForMs;
  tx.putPayload({ id, kind: 'result', bytes, salt: randomBytes(32), expiresMs });
}

/** Hands a kept result out once, to an identical call: it is fetched, not executed again. */
export function takeKept(tx: Tx, callKey: string): Buffer | undefined {
  const row = tx.lastApproval(callKey);
  if (row?.state !== 'consumed' || row.resultPayload === undefined) return undefined;
  const bytes = tx.payload(row.resultPayload);
  tx.moveApproval(row.id, 'consumed', { state: 'consumed', resultPayload: null });
  return bytes;
}
