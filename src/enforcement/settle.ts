import type { Told } from '../control/contract.ts';
import type { Clock } from '../core/clock.ts';
import { isObject } from '../core/json.ts';
import { readStrict } from '../core/strict-json.ts';
import {
  journalName,
  nothingCame,
  type OutcomeFacts,
  type OutcomeStatus,
  outcomeEntry,
} from '../journal/entries.ts';
import type { Tx } from '../store/contract.ts';
import { costOf } from './cost.ts';
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
  const { kept, status, reason, isError, output, adapted, classes } = result;
  const delivered = kept === output ? undefined : kept;
  const cost = costOf(ruling, output);
  const said = { status, reason, isError, output, delivered, adapted, classes };
  const end = { ...said, costUsd: cost.usd, of: undefined };
  const spent = { bytesOut: output?.length ?? 0, reportedMicroUsd: cost.reportedMicro };
  const keeping = keepingOf(result, claimed);
  return append(parts, ruling, end, claimed, (tx, nowMs) => {
    // Nobody knows whether it ran: what it had taken stays taken, and its key says so.
    if (status === 'unknown') return;
    if (status === 'failed' && output === undefined) giveBack(parts, tx, claimed);
    else {
      if (claimed.reservation !== undefined) {
        parts.spending.settle(tx, claimed.reservation, spent, nowMs);
      }
      keep(parts, tx, ruling, result, keeping, nowMs);
    }
  });
}

/** What is kept of a result for those who ask again, and under which of the things that its call had taken. */
interface Keeping {
  readonly claim: Claimed['claim'];
  readonly told: Told;
  /** The approval that was spent on it. */
  readonly approvalId: string | undefined;
  readonly reuse: string | undefined;
}

// Looked at before the transaction, which may run more than once. What would not mean the same to whoever reads it later
// is kept for nobody.
function keepingOf(
  { kept, told, status, isFinal }: Delivered,
  { claim, approval, reuse }: Claimed,
): Keeping {
  const isOver = status === 'executed' && kept !== undefined;
  const reading = claim || reuse || approval ? readingOf(told.bytes) : 'exact';
  return {
    claim,
    told: reading === 'exact' ? told : { ...told, bytes: undefined },
    approvalId: isOver && reading !== 'broken' ? approval?.id : undefined,
    reuse: isOver && reading === 'exact' && isFinal ? reuse : undefined,
  };
}

/** Whether a parser finds all of it; what it rounds or drops is better lost with a fetched result than the result. */
function readingOf(bytes: Buffer): 'exact' | 'lossy' | 'broken' {
  const read = readStrict(bytes);
  if (read.kind !== 'value') return read.kind === 'broken' ? 'broken' : 'lossy';
  return isObject(read.value) ? 'exact' : 'broken';
}

function keep(
  parts: SettleParts,
  tx: Tx,
  ruling: Ruling,
  { kept, status }: Delivered,
  { claim, told, approvalId, reuse }: Keeping,
  nowMs: number,
): void {
  if (claim !== undefined) {
    // The call goes on with another request, which takes the key anew.
    if (status === 'input_required') parts.claims.drop(tx, claim);
    else parts.claims.finish(tx, claim, told, nowMs);
  }
  if (kept === undefined) return;
  // A result whose caller has gone, or asks for it later, is kept when a person's yes was spent on it.
  const { lifetime, asTask } = ruling.caller;
  if (approvalId !== undefined && (lifetime.ended !== undefined || asTask === 'running')) {
    parts.kept.keep(tx, approvalId, kept, nowMs);
  }
  if (reuse !== undefined) {
    const ttlMs = (ruling.decision.reuse?.ttl_s ?? 0) * 1000;
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
  const { how: status, part, value, bytes: delivered, of, adapted, classes, reason } = handed;
  const isError = part === 'error' || value['isError'] === true;
  const said = { status, isError, delivered, of, adapted, classes, reason };
  const facts = outcomeFacts(parts, ruling, ruling.nowMs, { ...nothingCame, ...said });
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
