import { isObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import { isRunning } from '../core/process-start.ts';
import type { Reader, Tx } from '../store/contract.ts';

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
  if (decisionId === undefined || tx.journal.decision(decisionId) === undefined) return null;
  const status = outcomeStatus(tx, decisionId);
  if (status === undefined) {
    return { decision_id: decisionId, status: isUnderWay(tx, decisionId) ? 'running' : 'unknown' };
  }
  return status === 'unknown' ? { decision_id: decisionId, status } : null;
}

/** The status in the outcome of a decision; undefined while it has none. */
export function outcomeStatus(reader: Reader, decisionId: string): string | undefined {
  const entry = reader.journal.outcome(decisionId);
  if (entry === undefined) return undefined;
  const body: unknown = parseJson(entry.body);
  const status = isObject(body) ? body['status'] : undefined;
  return typeof status === 'string' ? status : '';
}

/**
 * The first decision of a trace since `sinceMs` that was let through and not stopped in the tick of the dispatch; undefined
 * when there is none.
 */
export function forwardedSince(
  reader: Reader,
  traceId: string,
  sinceMs: number,
): string | undefined {
  for (const entry of reader.journal.trace(traceId)) {
    const body: unknown = entry.kind === 'decision' ? parseJson(entry.body) : undefined;
    if (!isObject(body) || body['forwarded'] !== true) continue;
    const { time, decision_id: decisionId } = body;
    const isSince = typeof time === 'string' && Date.parse(time) >= sinceMs;
    if (!isSince || typeof decisionId !== 'string') continue;
    if (outcomeStatus(reader, decisionId) !== 'refused') return decisionId;
  }
  return undefined;
}

/** Whether the call of a decision had arguments that a person had changed. */
export function wasEdited(tx: Tx, decisionId: string): boolean {
  const body: unknown = parseJson(tx.journal.decision(decisionId)?.body ?? 'null');
  return isObject(body) && isObject(body['edited']);
}

/**
 * Whether a decision that has no outcome yet is in flight with a gate that lives: what one that was killed, or that nobody
 * knows, had under way may have run or not.
 */
export function isUnderWay(reader: Reader, decisionId: string): boolean {
  if (!reader.isInflight(decisionId)) return false;
  const row = reader.inflight().find((each) => each.decisionId === decisionId);
  return reader.instances().some((each) => each.id === row?.instance && isRunning(each));
}
