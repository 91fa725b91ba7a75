import { isObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import type { Tx } from '../store/contract.ts';

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
  const traceId = tx.journal.decision(decisionId)?.traceId;
  if (traceId === undefined) return null;
  const outcome = tx.journal
    .trace(traceId)
    .filter((entry) => entry.kind === 'outcome')
    .map((entry): unknown => parseJson(entry.body))
    .find((body) => isObject(body) && body['decision_id'] === decisionId);
  if (outcome === undefined) return { decision_id: decisionId, status: 'running' };
  const status = isObject(outcome) ? outcome['status'] : undefined;
  return status === 'unknown' ? { decision_id: decisionId, status } : null;
}

/** Whether the call of a decision had arguments that a person had changed. */
export function wasEdited(tx: Tx, decisionId: string): boolean {
  const body: unknown = parseJson(tx.journal.decision(decisionId)?.body ?? 'null');
  return isObject(body) && isObject(body['edited']);
}
