import { isObject } from '../core/json.ts';
import type { Reader, Tx } from '../store/contract.ts';

/** An earlier identical call that a person had approved, and of which nobody can tell what became of it. */
export interface Prior {
  readonly decision_id: string;
  readonly status: 'unknown' | 'running';
}

/** What is known of the last approved run under this call key; null when it ended, or there was none. */
export function priorRun(tx: Tx, callKey: string): Prior | null {
  const row = tx.lastApproval(callKey);
  if (row?.state !== 'consumed' || row.consumedBy === undefined) return null;
  const decisionId = row.consumedBy;
  if (tx.journal.decision(decisionId)?.traceId === undefined) return null;
  const status = outcomeStatus(tx, decisionId);
  if (status === undefined) return { decision_id: decisionId, status: 'running' };
  return status === 'unknown' ? { decision_id: decisionId, status } : null;
}

/** The status in the outcome of a decision; undefined while it has none. */
export function outcomeStatus(reader: Reader, decisionId: string): string | undefined {
  const traceId = reader.journal.decision(decisionId)?.traceId;
  if (traceId === undefined) return undefined;
  const outcome = reader.journal
    .trace(traceId)
    .filter((entry) => entry.kind === 'outcome')
    .map((entry): unknown => JSON.parse(entry.body))
    .find((body) => isObject(body) && body['decision_id'] === decisionId);
  if (!isObject(outcome)) return undefined;
  const { status } = outcome;
  return typeof status === 'string' ? status : '';
}

/** The first decision of a trace since `sinceMs` that was let through; undefined when there is none. */
export function forwardedSince(
  reader: Reader,
  traceId: string,
  sinceMs: number,
): string | undefined {
  for (const entry of reader.journal.trace(traceId)) {
    const body: unknown = entry.kind === 'decision' ? JSON.parse(entry.body) : undefined;
    if (!isObject(body) || body['forwarded'] !== true) continue;
    const { time, decision_id: decisionId } = body;
    const isSince = typeof time === 'string' && Date.parse(time) >= sinceMs;
    if (isSince && typeof decisionId === 'string') return decisionId;
  }
  return undefined;
}
