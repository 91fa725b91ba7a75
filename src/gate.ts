import type { Verdict } from './approval/contract.ts';
import { frozenReason, type InFlightCalls, untilFrozen } from './control/in-flight.ts';
import type { Answer } from './core/answer.ts';
import { scopeOf } from './core/call-scope.ts';
import { Lifetime } from './core/lifetime.ts';
import type { Decide, Target } from './core/target.ts';
import type { Caller, ToolCall } from './core/tool-call.ts';
import { type DecideParts, decide, type Ruling } from './enforcement/decide.ts';
import { type DecisionRef, type Refusal, refuse } from './enforcement/denial.ts';
import { type RecordParts, record } from './enforcement/record.ts';
import { conclude, settle } from './enforcement/settle.ts';
import type { CallSettings } from './facts/input.ts';
import type { OutcomeStatus } from './journal/entries.ts';
import type { PolicyInput } from './policy/input.ts';
import { hostDenial } from './policy/ruling.ts';
import type { ApprovalRow } from './store/contract.ts';

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
  readonly holdBudgetMs: (caller: Caller, approval: ApprovalRow) => number;
  readonly pendingAnswer: (call: ToolCall, ref: DecisionRef, approval: ApprovalRow) => Answer;
}

/** Approvals for one rule after another are what takes more than two rounds. */
const roundsLimit = 5;

export function createGate(parts: GateParts): Decide {
  return async (call, { lifetime: callers, ...others }, target) => {
    const lifetime = new Lifetime();
    const release = callers.onEnd(() => lifetime.end(callers.ended ?? ''));
    const caller = { ...others, lifetime };
    const leave = parts.inFlight.enter(scopeOf(call, caller), lifetime);
    try {
      return await run(parts, call, caller, target);
    } finally {
      leave();
      release();
    }
  };
}

async function run(
  parts: GateParts,
  call: ToolCall,
  caller: Caller,
  target: () => Target | undefined,
): Promise<Answer> {
  caller.session.calls += 1;
  let approval: ApprovalRow | undefined;
  let prior: PolicyInput['context']['prior'] = null;
  for (let round = 1; ; round += 1) {
    // Read anew for every round: what the operator tightens while a call waits holds for it.
    const settings = parts.settings(call);
    const standing = { round, approval, prior };
    const ruling = bounded(await decide(parts, call, caller, settings, standing), round);
    const step = await record(parts, ruling, approval);
    switch (step.kind) {
      case 'forwarded':
        return execute(parts, ruling, target, approval);
      case 'held': {
        const verdict = await hold(parts, ruling, step.approval);
        if (verdict.kind !== 'approved') return unapproved(parts, ruling, verdict);
        approval = verdict.approval;
        break;
      }
      case 'again':
        approval = undefined;
        prior = step.prior;
        break;
      case 'denied':
        return denied(ruling);
      case 'unrecorded':
        return denied(unrecorded(ruling));
      case 'fetched':
        return { kind: 'made', result: JSON.parse(step.bytes.toString()) };
    }
  }
}

// A policy that asks for ever gets a denial instead of another round.
function bounded(ruling: Ruling, round: number): Ruling {
  if (round <= roundsLimit || ruling.decision.outcome !== 'escalate') return ruling;
  return { ...ruling, decision: hostDenial('gate.rounds', 'approvals did not settle this call') };
}

function unrecorded(ruling: Ruling): Ruling {
  const reason = 'the decision could not be recorded';
  return { ...ruling, decision: hostDenial('gate.unrecorded', reason) };
}

function denied(ruling: Ruling): Answer {
  ruling.caller.session.denials += 1;
  return refuse(ruling.call, 'denied', refOf(ruling));
}

function hold(parts: GateParts, { caller }: Ruling, approval: ApprovalRow): Promise<Verdict> {
  return parts.desk.wait(approval, {
    budgetMs: parts.holdBudgetMs(caller, approval),
    lifetime: caller.lifetime,
    progress: caller.progress,
  });
}

function unapproved(parts: GateParts, ruling: Ruling, verdict: Verdict): Answer {
  const ref = { ...refOf(ruling), approvalId: verdict.approval.id };
  if (ruling.caller.lifetime.ended === frozenReason) return refuse(ruling.call, 'frozen', ref);
  if (verdict.kind === 'pending') return parts.pendingAnswer(ruling.call, ref, verdict.approval);
  ruling.caller.session.denials += 1;
  return refuse(ruling.call, verdict.kind === 'expired' ? 'expired' : 'refusedByApprover', ref);
}

/** Runs what was decided and recorded. Freeze and caller are looked at once more in the tick of the dispatch. */
async function execute(
  parts: GateParts,
  ruling: Ruling,
  target: () => Target | undefined,
  approval: ApprovalRow | undefined,
): Promise<Answer> {
  const { call, caller } = ruling;
  if (isFrozen(parts, ruling)) return stop(parts, ruling, 'frozen', 'refused');
  if (caller.lifetime.ended !== undefined) return stop(parts, ruling, 'callerGone', 'cancelled');
  const to = target();
  // Another definition of the tool than the one that was decided is another tool.
  const isSame = call.tool()?.pin === ruling.tool?.pin;
  if (to === undefined || !isSame) return stop(parts, ruling, 'unavailable', 'failed');
  const { lifetime, relayProgress: onProgress, related } = caller;
  const sent = to.send(call.request, { lifetime, onProgress, related });
  const settled = sent.then(async (each) => {
    await settle(parts, ruling, each, approval);
    return each;
  });
  // What a server still says to a call that was stopped is recorded, and nobody waits for it.
  const delivery = await untilFrozen(settled, lifetime);
  if (delivery === undefined) return refuse(call, 'stopped', refOf(ruling));
  if (delivery.kind === 'answered') return { kind: 'relayed', response: delivery.response };
  return refuse(call, delivery.kind === 'lost' ? 'unknown' : 'unavailable', refOf(ruling));
}

function isFrozen(parts: GateParts, { call, caller }: Ruling): boolean {
  return (
    caller.lifetime.ended === frozenReason || parts.frozen(scopeOf(call, caller)) !== undefined
  );
}

async function stop(
  parts: GateParts,
  ruling: Ruling,
  refusal: Refusal,
  status: OutcomeStatus,
): Promise<Answer> {
  await conclude(parts, ruling, status, refusal);
  return refuse(ruling.call, refusal, refOf(ruling));
}

function refOf({ decisionId, call, decision }: Ruling): DecisionRef {
  return { decisionId, traceId: call.traceId, decision };
}
