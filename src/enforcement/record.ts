import type { ApprovalRequest, Yes } from '../approval/contract.ts';
import type { Reserved } from '../control/contract.ts';
import type { DecisionFacts } from '../journal/entries.ts';
import { priorRun, wasEdited } from '../journal/prior-run.ts';
import type { Recording } from '../journal/recorder.ts';
import { budgetRule, deny, hostDenial } from '../policy/ruling.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { Tx } from '../store/contract.ts';
import { approvalRequest, reuseParts } from './approval-request.ts';
import type { Ruling } from './decide.ts';
import { adaptedAnew, type Kept, made } from './handed-out.ts';
import type { RecordParts } from './parts.ts';
import type { Plan } from './plan.ts';
import { findReusable, reuseKey } from './reuse.ts';
import { writeOutcome } from './settle.ts';
import { type Claimed, type Handed, nothingClaimed, type Step, Unwritten } from './step.ts';

type Rewrite = Extract<Plan, { kind: 'rewrite' }>;

/**
 * One durable transaction before anything runs: the decision, the approval that it opens or uses up, what it reserves of
 * budgets, its idempotency key, its place among the calls in flight. When it cannot be written a decision that binds
 * becomes a denial; in observe mode the call passes and is counted as a gap.
 */
export async function record(parts: RecordParts, ruling: Ruling): Promise<Step> {
  try {
    const step = alone(parts, ruling);
    if (step === undefined) {
      return await parts.recorder.decisionWith((tx) => write(parts, tx, ruling));
    }
    await parts.recorder.decision(factsOf(parts, ruling, { forwarded: step.kind === 'forwarded' }));
    return step;
  } catch (thrown) {
    if (thrown instanceof Unwritten) return thrown.step;
    parts.warn('a decision could not be recorded', thrown);
    if (ruling.enforced) return { kind: 'denied', ruling: unrecorded(ruling) };
    parts.recorder.missed();
    return { kind: 'forwarded', claimed: nothingClaimed };
  }
}

/** The step of a decision that touches nothing but the journal; undefined when it does. */
function alone(parts: RecordParts, ruling: Ruling): Step | undefined {
  const { plan, enforced, standing, decision, key } = ruling;
  const isEdited = standing.edited !== undefined;
  const forwarded = { kind: 'forwarded', claimed: nothingClaimed } as const;
  if (enforced && plan.kind === 'refuse' && !isEdited) return { kind: 'denied', ruling };
  if (enforced && plan.kind === 'rewrite') return rewritten(ruling, plan);
  if (parts.spending.counts(ruling.spender)) return undefined;
  if (!enforced) return forwarded;
  const isPlain = standing.approval === undefined && key === undefined && !isEdited;
  return plan.kind === 'run' && isPlain && decision.outcome !== 'reuse' ? forwarded : undefined;
}

function rewritten(ruling: Ruling, { call, settled }: Rewrite): Step {
  const { decision, decisionId: by } = ruling;
  const {
    times: before,
    asked,
    settings,
  } = ruling.standing.rewritten ?? { ...ruling, times: 0, asked: ruling.call };
  // What changes nothing is no other call.
  const times = before + (settled.length === 0 ? 1 : 0);
  const { obligations } = decision;
  return {
    kind: 'rewritten',
    call,
    settled,
    rewritten: { times, by, asked, settings, obligations },
  };
}

function write(parts: RecordParts, tx: Tx, ruling: Ruling): Recording<Step> {
  const { plan, enforced } = ruling;
  if (!enforced) {
    const reserved = reserve(parts, tx, ruling);
    if (reserved.kind === 'exceeded') throw new Error('a budget that only counts has refused');
    return forward(parts, ruling, { ...nothingClaimed, reservation: reserved.reservation });
  }
  if (plan.kind === 'refuse') return overruled(parts, tx, ruling);
  if (plan.kind === 'simulate') {
    return handOut(parts, ruling, made(plan.result));
  }
  return joined(parts, tx, ruling) ?? (plan.kind === 'ask' ? ask : run)(parts, tx, ruling);
}

/** Policy will not have what a person made of the call: the next identical one is asked about anew. */
function overruled(parts: RecordParts, tx: Tx, ruling: Ruling): Recording<Step> {
  const { standing, input, decisionId, nowMs } = ruling;
  const { edited } = standing;
  // While everything is stopped nothing is said about this call.
  if (edited !== undefined && !input.context.freeze) {
    parts.desk.overrule(tx, edited.row, decisionId, nowMs);
  }
  return { facts: factsOf(parts, ruling, {}), value: { kind: 'denied', ruling } };
}

/** What another call with the same idempotency key makes of this one; undefined when it may go on. */
function joined(parts: RecordParts, tx: Tx, ruling: Ruling): Recording<Step> | undefined {
  const { key, standing } = ruling;
  if (key === undefined) return undefined;
  const found = parts.claims.find(tx, key, ruling.nowMs);
  switch (found.kind) {
    case 'free':
      return undefined;
    case 'conflict':
      return denied(parts, ruling, 'gate.idempotency', 'its key was used for another call');
    case 'running':
      throw new Unwritten({ kind: 'joined', key });
    case 'unknown':
      // Policy has the word on a call of which nobody knows whether it ran: it is told, once.
      if (standing.prior !== null) return undefined;
      throw new Unwritten({
        kind: 'again',
        prior: { decision_id: found.decisionId, status: 'unknown' },
      });
    case 'unkept':
      return denied(parts, ruling, 'gate.idempotency', 'it ran before, and its result is not kept');
    case 'done': {
      const { part, bytes, decisionId: of } = found;
      return again(parts, ruling, {
        how: 'repeated',
        of,
        part,
        bytes,
        ofEdited: wasEdited(tx, of),
      });
    }
  }
}

function ask(parts: RecordParts, tx: Tx, ruling: Ruling): Recording<Step> {
  const { nowMs, standing } = ruling;
  const request = approvalRequest(parts.gateKey, ruling);
  const callKey = parts.desk.callKey(request);
  if (!stands(parts, tx, request, nowMs)) {
    throw new Unwritten({ kind: 'again', prior: standing.prior });
  }
  const bytes = parts.kept.take(tx, callKey, nowMs);
  if (bytes !== undefined) {
    const ofEdited = tx.lastConsumed(callKey)?.edited !== undefined;
    return again(parts, ruling, { how: 'fetched', of: undefined, part: 'result', bytes, ofEdited });
  }
  const prior = standing.prior === null ? priorRun(tx, callKey) : null;
  if (prior !== null) throw new Unwritten({ kind: 'again', prior });
  // One yes at a time: what it leaves open is asked of a person, and not answered by another. Nor does anybody say yes in
  // advance to a call that may have run already.
  const isOpen = standing.approval === undefined && standing.prior?.status !== 'unknown';
  const grant = isOpen ? parts.desk.granted(tx, request, nowMs) : undefined;
  if (grant !== undefined) throw new Unwritten({ kind: 'granted', grant });
  const approval = parts.desk.open(tx, request, nowMs);
  const facts = factsOf(parts, ruling, { approvalId: approval.id });
  return { facts, value: { kind: 'held', approval } };
}

/** False when the change that a request comes from is no longer what people are asked, or have said yes to. */
function stands({ desk }: RecordParts, tx: Tx, request: ApprovalRequest, nowMs: number): boolean {
  if (request.edited === undefined) return true;
  const open = tx.approvalFor(desk.callKey(request), nowMs);
  return open !== undefined && desk.isAbout(tx, open, request);
}

function run(parts: RecordParts, tx: Tx, ruling: Ruling): Recording<Step> {
  const { decision, nowMs, standing, key } = ruling;
  const { prior, edited } = standing;
  // A person's change and their yes are one: where policy asks nobody about the changed call, it is used up all the same.
  const yes = standing.approval ?? (edited && { kind: 'once', row: edited.row });
  // A yes is used up by what it lets through, whether that runs or is handed out: left over, it would let one more through.
  const approval = yes === undefined ? undefined : consume(parts, tx, ruling, yes);
  if (yes !== undefined && approval === undefined) throw new Unwritten({ kind: 'again', prior });
  const reuse =
    decision.outcome === 'reuse' ? reuseKey(reuseParts(parts.gateKey, ruling)) : undefined;
  const known = reuse === undefined ? undefined : findReusable(tx, reuse, nowMs);
  if (known !== undefined) {
    const { bytes, decisionId: of } = known;
    return again(parts, ruling, { how: 'reused', of, part: 'result', bytes });
  }
  const reserved = reserve(parts, tx, ruling);
  // Another call was quicker: the budgets are read anew, and say so.
  if (reserved.kind === 'exceeded') throw new Unwritten({ kind: 'again', prior });
  const { reservation } = reserved;
  const claim = key && parts.claims.take(tx, key, ruling.decisionId, nowMs);
  return forward(parts, ruling, { approval, claim, reservation, reuse });
}

function reserve({ spending }: RecordParts, tx: Tx, ruling: Ruling): Reserved {
  const { spender, decisionId, call, nowMs, enforced, standing, input } = ruling;
  const asked = standing.approval?.row.rules ?? [];
  const waived = input.context.budget
    .filter(({ id, on_exceed }) => on_exceed === 'escalate' && asked.includes(budgetRule(id)))
    .map(({ id }) => id);
  const terms = { force: !enforced, waived, decisionId, traceId: call.traceId };
  return spending.reserve(tx, spender, nowMs, terms);
}

// A yes given under another policy or to another definition of the tool is no yes to this call; nor is one that
// somebody else has used up. It is left for the retry when its caller has gone, and for nothing when the result of the run
// before has come meanwhile: that is fetched.
function consume(parts: RecordParts, tx: Tx, ruling: Ruling, yes: Yes): ApprovalRow | undefined {
  const { desk, gateKey, kept } = parts;
  const { decisionId, nowMs, caller } = ruling;
  const request = approvalRequest(gateKey, ruling);
  if (yes.kind === 'standing') return desk.use(tx, yes.row, request, nowMs);
  if (!desk.isAbout(tx, yes.row, request) || caller.lifetime.ended !== undefined) return undefined;
  // Without a yes nothing of this is written, and what was taken is there again.
  if (kept.take(tx, yes.row.callKey, nowMs) !== undefined) return undefined;
  return desk.consume(tx, yes.row, decisionId, nowMs) ? yes.row : undefined;
}

function forward(parts: RecordParts, ruling: Ruling, claimed: Claimed): Recording<Step> {
  const facts = factsOf(parts, ruling, { forwarded: true });
  return { facts, value: { kind: 'forwarded', claimed } };
}

function again(parts: RecordParts, ruling: Ruling, kept: Kept): Recording<Step> {
  return handOut(parts, ruling, adaptedAnew(ruling, kept));
}

function handOut(parts: RecordParts, ruling: Ruling, handed: Handed): Recording<Step> {
  return {
    facts: factsOf(parts, ruling, {}),
    value: { ...handed, kind: 'handed' },
    after: (tx) => writeOutcome(parts, tx, ruling, handed),
  };
}

function denied(parts: RecordParts, ruling: Ruling, id: string, reason: string): Recording<Step> {
  const step = denial(ruling, id, reason);
  return { facts: factsOf(parts, step.ruling, {}), value: step };
}

// What policy had said stands nowhere, so the agent is not told either.
function unrecorded(ruling: Ruling): Ruling {
  const decision = hostDenial('gate.unrecorded', 'the decision could not be recorded');
  return { ...ruling, decision };
}

function denial(ruling: Ruling, id: string, reason: string) {
  const changed = { ...ruling, decision: deny(ruling.decision, id, reason) };
  return { kind: 'denied', ruling: changed } as const;
}

function factsOf(
  { instance, retentionMs }: RecordParts,
  ruling: Ruling,
  { forwarded = false, approvalId }: { forwarded?: boolean; approvalId?: string | undefined },
): DecisionFacts {
  const keptMs = retentionMs();
  const { standing } = ruling;
  return {
    decided: ruling,
    instance,
    forwarded,
    inputExpiresMs: keptMs === undefined ? undefined : ruling.nowMs + keptMs,
    approvalId: approvalId ?? (standing.approval ?? standing.edited)?.row.id,
  };
}
