import { isObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import type { Tx } from '../store/contract.ts';
import { lives } from './instance.ts';

/** An earlier identical call that a person had approved, and of which nobody can tell what became of it. */
export interface Prior {
  readonly decision_id: string;
  readonly status: 'unknown' | 'running';
}

/**
 * What is known of the last approved run under this call key, whatever has been asked since; null when it ended, or there
 * was none.
 */
export function priorRun(tx: Tx, callKey: string): Prior | null {
  const decisionId = tx.lastConsumed(callKey)?.consumedBy;
  if (decisionId === undefined) return null;
  const traceId = tx.journal.decision(decisionId)?.traceId;
  if (traceId === undefined) return null;
  const outcome = tx.journal
    .trace(traceId)
    // A trace is the caller's word, and may hold thousands: few of them are read.
    .filter((entry) => entry.kind === 'outcome' && entry.body.includes(decisionId))
    .map((entry): unknown => parseJson(entry.body))
    .find((body) => isObject(body) && body['decision_id'] === decisionId);
  if (outcome === undefined) {
    return { decision_id: decisionId, status: isAbandoned(tx, decisionId) ? 'unknown' : 'running' };
  }
  const status = isObject(outcome) ? outcome['status'] : undefined;
  return status === 'unknown' ? { decision_id: decisionId, status } : null;
}

/** Whether the call of a decision had arguments that a person had changed. */
export function wasEdited(tx: Tx, decisionId: string): boolean {
  const body: unknown = parseJson(tx.journal.decision(decisionId)?.body ?? 'null');
  return isObject(body) && isObject(body['edited']);
}

// The gate that ran it has ended, and no other has come to write so yet.
function isAbandoned(tx: Tx, decisionId: string): boolean {
  const instance = tx.inflight().find((row) => row.decisionId === decisionId)?.instance;
  const ran = tx.instances().find((row) => row.id === instance);
  return ran !== undefined && !lives(ran);
}
