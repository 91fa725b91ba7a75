import type { ApprovalDesk, ApprovalRequest } from '../approval/contract.ts';
import { canonical } from '../core/canonical.ts';
import type { Caller } from '../core/tool-call.ts';
import { type DecisionFacts, journalName, outcomeEntry } from '../journal/entries.ts';
import { type Prior, priorRun } from '../journal/prior-run.ts';
import type { Recorder, Recording } from '../journal/recorder.ts';
import type { ApprovalRow, Tx } from '../store/contract.ts';
import type { Ruling } from './decide.ts';

export interface RecordParts {
  readonly instance: string;
  /** Hash of the config's path: whose approvals these are. */
  readonly gateKey: string;
  readonly recorder: Recorder;
  readonly desk: ApprovalDesk;
  readonly kept: KeptResults;
  /** How long the input document is kept; undefined when it is not. */
  readonly retentionMs: () => number | undefined;
  /** Tells the operator what could not be recorded; gets no arguments and no results. */
  readonly warn: (message: string, cause: unknown) => void;
}

/** Results of approved calls whose caller had gone: each is handed out once, to an identical call. */
export interface KeptResults {
  keep(tx: Tx, approvalId: string, bytes: Buffer, nowMs: number): void;
  take(tx: Tx, callKey: string, nowMs: number): Buffer | undefined;
}

/** What the record says is to be done. */
export type Step =
  | { readonly kind: 'forwarded' | 'denied' | 'unrecorded' }
  /** Nothing was written: the call is to be decided again, without an approval and with what is known of a prior run. */
  | { readonly kind: 'again'; readonly prior: Prior | null }
  | { readonly kind: 'held'; readonly approval: ApprovalRow }
  | { readonly kind: 'fetched'; readonly bytes: Buffer };

/** Rolls the transaction back: what was decided rests on something that does not hold. */
class Again extends Error {
  readonly prior: Prior | null;

  constructor(prior: Prior | null) {
    super('to be decided again');
    this.prior = prior;
  }
}

/**
 * One durable transaction before anything runs: the decision, the approval that it opens or uses up, its place among the
 * calls in flight. When it cannot be written a decision that binds becomes `unrecorded`, which denies; in observe mode
 * the call passes and is counted as a gap.
 */
export async function record(
  parts: RecordParts,
  ruling: Ruling,
  approval: ApprovalRow | undefined,
): Promise<Step> {
  try {
    const step = alone(ruling, approval);
    if (step === undefined) {
      return await parts.recorder.decisionWith((tx) => write(parts, tx, ruling, approval));
    }
    await parts.recorder.decision(factsOf(parts, ruling, step, approval));
    return step;
  } catch (thrown) {
    if (thrown instanceof Again) return { kind: 'again', prior: thrown.prior };
    parts.warn('a decision could not be recorded', thrown);
    if (ruling.enforced) return { kind: 'unrecorded' };
    parts.recorder.missed();
    return { kind: 'forwarded' };
  }
}

/** The step of a decision that touches no approval; undefined when it does. */
function alone(
  { decision, enforced }: Ruling,
  approval: ApprovalRow | undefined,
): Step | undefined {
  if (!enforced) return { kind: 'forwarded' };
  if (decision.outcome === 'escalate') return undefined;
  if (decision.outcome !== 'allow') return { kind: 'denied' };
  return approval === undefined ? { kind: 'forwarded' } : undefined;
}

function factsOf(
  parts: RecordParts,
  ruling: Ruling,
  step: Step,
  approval: ApprovalRow | undefined,
): DecisionFacts {
  const keptMs = parts.retentionMs();
  return {
    decided: ruling,
    instance: parts.instance,
    forwarded: step.kind === 'forwarded',
    inputExpiresMs: keptMs === undefined ? undefined : ruling.nowMs + keptMs,
    approvalId: step.kind === 'held' ? step.approval.id : approval?.id,
  };
}

function write(
  parts: RecordParts,
  tx: Tx,
  ruling: Ruling,
  approval: ApprovalRow | undefined,
): Recording<Step> {
  const step = alongside(parts, tx, ruling, approval);
  return { facts: factsOf(parts, ruling, step, approval), value: step };
}

function alongside(
  parts: RecordParts,
  tx: Tx,
  ruling: Ruling,
  approval: ApprovalRow | undefined,
): Step {
  if (ruling.decision.outcome === 'escalate') return escalate(parts, tx, ruling);
  if (approval !== undefined && !consume(parts, tx, ruling, approval)) {
    throw new Again(ruling.input.context.prior);
  }
  return { kind: 'forwarded' };
}

// A yes given under another policy or to another definition of the tool is no yes to this call; nor is one that
// somebody else has used up.
function consume(parts: RecordParts, tx: Tx, ruling: Ruling, approval: ApprovalRow): boolean {
  if (parts.desk.callKey(requestOf(parts, ruling)) !== approval.callKey) return false;
  return parts.desk.consume(tx, approval, ruling.decisionId, ruling.nowMs);
}

function escalate(parts: RecordParts, tx: Tx, ruling: Ruling): Step {
  const request = requestOf(parts, ruling);
  const callKey = parts.desk.callKey(request);
  const bytes = parts.kept.take(tx, callKey, ruling.nowMs);
  if (bytes !== undefined) {
    tx.append(fetchedEntry(parts.instance, ruling, bytes));
    return { kind: 'fetched', bytes };
  }
  // Policy has the word on a call of which nobody knows whether it ran: it is told, once.
  const prior = ruling.input.context.prior === null ? priorRun(tx, callKey) : null;
  if (prior !== null) throw new Again(prior);
  return { kind: 'held', approval: parts.desk.open(tx, request, ruling.nowMs) };
}

// What a person says yes to: the arguments, and whatever else the request carries to the tool.
function askedFor({ call, canonicalArguments }: Ruling): string {
  const { name: _, ...others } = call.request.fields ?? {};
  if (Object.keys(others).length === 0) return canonicalArguments;
  return canonical({ arguments: call.arguments, params: others });
}

function fetchedEntry(instance: string, { call, decisionId, nowMs }: Ruling, output: Buffer) {
  const { traceId, server } = call;
  const tool = journalName(call);
  const end = { status: 'fetched', reason: undefined, isError: false, output } as const;
  return outcomeEntry({
    decisionId,
    traceId,
    server,
    tool,
    nowMs,
    instance,
    durationMs: 0,
    ...end,
  });
}

function requestOf(parts: RecordParts, ruling: Ruling): ApprovalRequest {
  const { call, caller, policy } = ruling;
  return {
    gate: parts.gateKey,
    requester: caller.identity.scope,
    scope: scopeOf(caller),
    action: call.action,
    server: call.server,
    tool: call.name,
    pin: ruling.tool?.pin,
    canonicalArguments: askedFor(ruling),
    policyDigest: policy?.digest ?? '',
    environment: ruling.settings.environment,
    decision: ruling.decision,
    decisionId: ruling.decisionId,
    traceId: call.traceId,
  };
}

// Whoever did not prove who it is shares its questions and their answers with nobody but itself.
function scopeOf({ identity, session }: Caller): string {
  return identity.verified ? identity.scope : `${identity.scope} ${session.id}`;
}
