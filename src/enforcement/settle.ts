import type { Clock } from '../core/clock.ts';
import {
  journalName,
  nothingCame,
  type OutcomeFacts,
  type OutcomeStatus,
  outcomeEntry,
} from '../journal/entries.ts';
import type { Tx } from '../store/contract.ts';
import { costOf, reportedCost } from './cost.ts';
import type { Ruling } from './decide.ts';
import type { Delivered } from './deliver.ts';
import type { RecordParts } from './parts.ts';
import { keepReusable } from './reuse.ts';
import { type Claimed, type Handed, nothingClaimed } from './step.ts';

export type SettleParts = RecordParts & { readonly clock: Clock };

/** Writes the outcome of what was sent, and settles what the call had taken for itself. */
export function settle(
  parts: SettleParts,
  ruling: Ruling,
  result: Delivered,
  claimed: Claimed,
): Promise<void> {
  const { kept, ...came } = result;
  const { status, reason, isError, output, adapted, classes } = came;
  const delivered = kept === output ? undefined : kept;
  const costUsd = costOf(ruling, output);
  const end = {
    status,
    reason,
    isError,
    output,
    delivered,
    adapted,
    classes,
    costUsd,
    of: undefined,
  };
  return append(parts, ruling, end, claimed, (tx, nowMs) => {
    // Nobody knows whether it ran: what it had taken stays taken, and its key says so.
    if (status === 'unknown') return;
    // The call goes on with another request, which takes all of it anew.
    const isUnsent = status === 'failed' && output === undefined;
    if (isUnsent || status === 'input_required') giveBack(parts, tx, claimed);
    else spend(parts, tx, ruling, result, claimed, nowMs);
  });
}

function spend(
  parts: SettleParts,
  tx: Tx,
  ruling: Ruling,
  { kept, output, isError, status, told }: Delivered,
  { reservation, claim, approval, reuse }: Claimed,
  nowMs: number,
): void {
  const bytesOut = output?.length ?? 0;
  const reportedMicroUsd = reportedCost(ruling, output);
  if (reservation !== undefined) {
    parts.spending.settle(tx, reservation, { bytesOut, reportedMicroUsd }, nowMs);
  }
  if (claim !== undefined) parts.claims.finish(tx, claim, told, nowMs);
  if (kept === undefined || status !== 'executed') return;
  // A result whose caller has gone is kept when a person's yes was spent on it.
  if (approval !== undefined && ruling.caller.lifetime.ended !== undefined) {
    parts.kept.keep(tx, approval.id, kept, nowMs);
  }
  const ttlMs = (ruling.decision.reuse?.ttl_s ?? 0) * 1000;
  if (reuse !== undefined && !isError) {
    keepReusable(tx, reuse, { decisionId: ruling.decisionId, bytes: kept }, ttlMs, nowMs);
  }
}

function giveBack(parts: SettleParts, tx: Tx, { reservation, claim }: Claimed): void {
  if (reservation !== undefined) parts.spending.release(tx, reservation);
  if (claim !== undefined) parts.claims.drop(tx, claim);
}

/** Writes the outcome of a call that was never sent, and gives back what it had taken. */
export function conclude(
  parts: SettleParts,
  ruling: Ruling,
  status: OutcomeStatus,
  reason: string,
  claimed: Claimed,
): Promise<void> {
  const end = { ...nothingCame, status, reason };
  return append(parts, ruling, end, claimed, (tx) => giveBack(parts, tx, claimed));
}

/** The outcome of a call that reaches no server, in the transaction of its decision. */
export function writeOutcome(parts: RecordParts, tx: Tx, ruling: Ruling, handed: Handed): void {
  const { how: status, part, bytes, of } = handed;
  const facts = outcomeFacts(parts, ruling, ruling.nowMs, {
    ...nothingCame,
    status,
    isError: part === 'error',
    delivered: bytes,
    of,
  });
  tx.append(outcomeEntry(facts));
}

type End = Omit<
  OutcomeFacts,
  'decisionId' | 'traceId' | 'server' | 'tool' | 'nowMs' | 'instance' | 'durationMs'
>;

// A failure leaves the call in flight in the store, and the next start writes `unknown`: the answer still goes back.
async function append(
  parts: SettleParts,
  ruling: Ruling,
  end: End,
  claimed: Claimed,
  attach: (tx: Tx, nowMs: number) => void,
): Promise<void> {
  const nowMs = parts.clock();
  const facts = outcomeFacts(parts, ruling, nowMs, end);
  const hasMore = claimed !== nothingClaimed;
  try {
    await parts.recorder.outcome(facts, hasMore ? (tx) => attach(tx, nowMs) : undefined);
  } catch (thrown) {
    parts.warn('an outcome could not be recorded', thrown);
  }
}

function outcomeFacts(
  { instance }: RecordParts,
  { decisionId, nowMs: startedMs, call }: Ruling,
  nowMs: number,
  end: End,
): OutcomeFacts {
  const { traceId, server } = call;
  const tool = journalName(call);
  const durationMs = nowMs - startedMs;
  return { decisionId, traceId, server, tool, nowMs, instance, durationMs, ...end };
}
