import type { Delivery } from '../core/answer.ts';
import type { Clock } from '../core/clock.ts';
import { journalName, type OutcomeStatus } from '../journal/entries.ts';
import type { ApprovalRow, Tx } from '../store/contract.ts';
import type { Ruling } from './decide.ts';
import type { RecordParts } from './record.ts';

export type SettleParts = RecordParts & { readonly clock: Clock };

/** Writes the outcome of what was sent; a result whose caller has gone is kept when a person's yes was spent on it. */
export function settle(
  parts: SettleParts,
  ruling: Ruling,
  delivery: Delivery,
  approval: ApprovalRow | undefined,
): Promise<void> {
  if (delivery.kind !== 'answered') {
    const status = delivery.kind === 'lost' ? 'unknown' : 'failed';
    return conclude(parts, ruling, status, delivery.reason);
  }
  const { line, value, kind, isError, resultType } = delivery.response;
  const output = line.subarray(...value);
  const asks = resultType === 'input_required';
  const status = kind === 'error' ? 'failed' : asks ? 'input_required' : 'executed';
  const end = { status, reason: undefined, isError, output } as const;
  if (approval === undefined || status !== 'executed') return append(parts, ruling, end);
  return append(parts, ruling, end, (tx) => {
    if (ruling.caller.lifetime.ended === undefined) return;
    parts.kept.keep(tx, approval.id, Buffer.from(output), parts.clock());
  });
}

/** Writes the outcome of a call that brought nothing back. */
export function conclude(
  parts: SettleParts,
  ruling: Ruling,
  status: OutcomeStatus,
  reason: string,
): Promise<void> {
  return append(parts, ruling, { status, reason, isError: true, output: undefined });
}

interface End {
  readonly status: OutcomeStatus;
  readonly reason: string | undefined;
  readonly isError: boolean;
  readonly output: Buffer | undefined;
}

// A failure leaves the call in flight in the store, and the next start writes `unknown`: the answer still goes back.
async function append(
  parts: SettleParts,
  { decisionId, nowMs: startedMs, call }: Ruling,
  end: End,
  attach?: (tx: Tx) => void,
): Promise<void> {
  const nowMs = parts.clock();
  const { traceId, server } = call;
  const tool = journalName(call);
  const { instance } = parts;
  const durationMs = nowMs - startedMs;
  const facts = { decisionId, traceId, server, tool, nowMs, instance, durationMs, ...end };
  try {
    await parts.recorder.outcome(facts, attach);
  } catch (thrown) {
    parts.warn('an outcome could not be recorded', thrown);
  }
}
