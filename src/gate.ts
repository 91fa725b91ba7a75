import type { Verdict } from './approval/contract.ts';
import type { KeyUse } from './control/contract.ts';
import { frozenReason, type InFlightCalls, untilFrozen } from './control/in-flight.ts';
import type { Answer } from './core/answer.ts';
import { scopeOf } from './core/call-scope.ts';
import { Lifetime } from './core/lifetime.ts';
import type { Decide, Target } from './core/target.ts';
import type { Caller, ToolCall } from './core/tool-call.ts';
import { type DecideParts, decide, first, type Ruling } from './enforcement/decide.ts';
import { delivered } from './enforcement/deliver.ts';
import { type DecisionRef, type Refusal, refOf, refuse } from './enforcement/denial.ts';
import { afterYes, startedAnew } from './enforcement/edited.ts';
import { handedOut } from './enforcement/handed-out.ts';
import type { RecordParts } from './enforcement/parts.ts';
import { record } from './enforcement/record.ts';
import { conclude, settle } from './enforcement/settle.ts';
import type { Claimed, Step } from './enforcement/step.ts';
import { changedSince } from './enforcement/still-holds.ts';
import { underObligations } from './enforcement/under-obligations.ts';
import type { CallSettings } from './facts/input.ts';
import type { OutcomeStatus } from './journal/entries.ts';
import type { ApprovalRow } from './store/approval-contract.ts';

/**
 * The path of one call, top to bottom: decide, record, hold, execute, record, answer.
 *
 * Two invariants. In enforce mode no call reaches a target without a durable decision entry for exactly those arguments.
 * Every decision that was let through has exactly one outcome entry, or the journal ends there: that is how the next
 * start knows a call whose outcome is unknown.
 */
export interface GateParts extends DecideParts, RecordParts {
  readonly settings: (call: ToolCall) => CallSettings;
  readonly inFlight: InFlightCalls;
  readonly holdBudgetMs: (ruling: Ruling, approval: ApprovalRow) => number;
  readonly pendingAnswer: (caller: Caller, ref: DecisionRef, approval: ApprovalRow) => Answer;
  /** Waits for the end of the call that has this key; false when that takes longer than the caller can wait. */
  readonly joinedUntilOver: (key: KeyUse, caller: Caller) => Promise<boolean>;
  /** Sees every question that is put to people; once, for those that join it ask nobody. */
  readonly onAsked: (ruling: Ruling, approval: ApprovalRow) => void;
  /** Sees every decision that stands, for those who look at the gate. */
  readonly onDecided: (ruling: Ruling) => void;
}

type Way = (call: ToolCall) => Target | undefined;

export function createGate(parts: GateParts): Decide {
  return async (call, sender, target) => {
    const { lifetime: callers } = sender;
    const lifetime = new Lifetime(callers);
    const release = callers.onEnd(() => lifetime.end(callers.ended ?? ''));
    const caller = { ...sender, lifetime };
    const leaves = [release];
    // A call that stands in the place of another is stopped by a freeze of either.
    const enter = (each: ToolCall) =>
      leaves.push(parts.inFlight.enter(scopeOf(each, caller), lifetime));
    enter(call);
    try {
      return await run(parts, call, caller, target, enter);
    } finally {
      for (const leave of leaves) leave();
    }
  };
}

async function run(
  parts: GateParts,
  asked: ToolCall,
  caller: Caller,
  way: Way,
  enter: (call: ToolCall) => void,
): Promise<Answer> {
  caller.session.calls += 1;
  let call = asked;
  for (let standing = first; ; standing = { ...standing, round: standing.round + 1 }) {
    // Read anew for every round: what the operator tightens while a call waits holds for it.
    const ruling = await decide(parts, call, caller, parts.settings(call), standing);
    const step = await record(parts, ruling);
    tell(parts, ruling, step);
    switch (step.kind) {
      case 'forwarded': {
        const answer = await execute(parts, ruling, way, step.claimed);
        if (answer !== undefined) return answer;
        ({ call, standing } = startedAnew(call, standing, standing.prior));
        break;
      }
      case 'held': {
        const verdict = await hold(parts, ruling, step.approval);
        if (verdict.kind !== 'approved') return unapproved(parts, ruling, verdict);
        ({ call, standing } = afterYes(ruling, verdict));
        break;
      }
      case 'granted':
        standing = { ...standing, approval: { kind: 'standing', row: step.grant } };
        break;
      case 'rewritten':
        call = step.call;
        enter(call);
        standing = { ...standing, settled: step.settled, rewritten: step.rewritten };
        break;
      case 'joined':
        if (await parts.joinedUntilOver(step.key, caller)) break;
        return stillRunning(ruling);
      case 'again':
        ({ call, standing } = startedAnew(call, standing, step.prior));
        break;
      case 'handed':
        return handedOut(ruling, step);
      case 'denied':
        caller.session.denials += 1;
        return refuse(call, 'denied', refOf(step.ruling));
    }
  }
}

// Of what was not written nothing is told: the call is decided once more.
function tell({ onDecided }: GateParts, ruling: Ruling, step: Step): void {
  if (step.kind === 'again' || step.kind === 'joined') return;
  onDecided(step.kind === 'denied' ? step.ruling : ruling);
}

function hold(parts: GateParts, ruling: Ruling, approval: ApprovalRow): Promise<Verdict> {
  const { caller, decision } = ruling;
  if (approval.decisionId === ruling.decisionId) parts.onAsked(ruling, approval);
  return parts.desk.wait(approval, {
    budgetMs: parts.holdBudgetMs(ruling, approval),
    lifetime: caller.lifetime,
    progress: caller.progress,
    caller,
    client: decision.approval?.client,
  });
}

function stillRunning(ruling: Ruling): Answer {
  return refuse(ruling.call, isStopped(ruling.caller) ? 'frozen' : 'running', refOf(ruling));
}

type NoYes = Exclude<Verdict, { readonly kind: 'approved' }>;

function unapproved(parts: GateParts, ruling: Ruling, verdict: NoYes): Answer {
  const ref = { ...refOf(ruling), approvalId: verdict.approval.id };
  if (isStopped(ruling.caller)) return refuse(ruling.call, 'frozen', ref);
  if (verdict.kind === 'pending') return parts.pendingAnswer(ruling.caller, ref, verdict.approval);
  ruling.caller.session.denials += 1;
  return refuse(ruling.call, refusals[verdict.kind], ref);
}

const refusals = {
  denied: 'refusedByApprover',
  expired: 'expired',
  withdrawn: 'withdrawn',
} as const;

/**
 * Runs what was decided and recorded. Freeze, caller and what a yes was bound to are looked at once more in the tick of the
 * dispatch; undefined when the yes is none to the call any more, which is to be decided anew.
 */
async function execute(
  parts: GateParts,
  ruling: Ruling,
  way: Way,
  claimed: Claimed,
): Promise<Answer | undefined> {
  const { call, caller } = ruling;
  const stopped = (refusal: Refusal, status: OutcomeStatus) =>
    stop(parts, ruling, claimed, refusal, status);
  if (isFrozen(parts, ruling)) return stopped('frozen', 'refused');
  if (caller.lifetime.ended !== undefined) return stopped('callerGone', 'cancelled');
  const changed = changedSince(parts, ruling, claimed);
  if (changed !== undefined) {
    await conclude(parts, ruling, 'refused', changed, claimed);
    return undefined;
  }
  const target = way(call);
  // Another definition of the tool than the one that was decided is another tool.
  const isSame = call.tool()?.pin === ruling.tool?.pin;
  if (target === undefined || !isSame) return stopped('unavailable', 'failed');
  const sent = underObligations(ruling, (options) => target.send(call.request, options));
  const settled = sent.then(async (delivery) => {
    const result = delivered(ruling, delivery);
    await settle(parts, ruling, result, claimed);
    return result.answer;
  });
  // What a server still says to a call that was stopped is recorded, and nobody waits for it.
  const answer = await untilFrozen(settled, caller.lifetime);
  return answer ?? refuse(call, 'stopped', refOf(ruling));
}

function isFrozen(parts: GateParts, { call, caller }: Ruling): boolean {
  return isStopped(caller) || parts.frozen(scopeOf(call, caller)) !== undefined;
}

/** A freeze has ended this very call. */
function isStopped({ lifetime }: Caller): boolean {
  return lifetime.ended === frozenReason;
}

async function stop(
  parts: GateParts,
  ruling: Ruling,
  claimed: Claimed,
  refusal: Refusal,
  status: OutcomeStatus,
): Promise<Answer> {
  await conclude(parts, ruling, status, refusal, claimed);
  return refuse(ruling.call, refusal, refOf(ruling));
}
