import { sha256 } from '../core/digest.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Caller, ToolCall } from '../core/tool-call.ts';
import type { PolicyVersion } from '../policy/contract.ts';
import type { Decision } from '../policy/decision.ts';
import type { PolicyInput } from '../policy/input.ts';
import type { EntryDraft } from '../store/contract.ts';

/** Everything a decision entry is made of (design section 8). */
export interface DecisionFacts {
  readonly decisionId: string;
  readonly nowMs: number;
  readonly instance: string;
  readonly call: ToolCall;
  readonly caller: Caller;
  readonly input: PolicyInput;
  readonly inputText: string;
  readonly raw: Decision | undefined;
  readonly decision: Decision;
  /** Why policy could not decide; for people, never for the agent. */
  readonly error: string | undefined;
  readonly schemaFault: string | undefined;
  readonly policy: PolicyVersion | undefined;
  readonly enforced: boolean;
  /** Whether the call goes on to its target. */
  readonly forwarded: boolean;
  readonly salt: Buffer;
  /** Until when the input document is kept, under the decision's id; undefined when it is not. */
  readonly inputExpiresMs: number | undefined;
  readonly approvalId: string | undefined;
}

/** The decision entry. Hashes are salted: short arguments could be guessed from plain ones. */
export function decisionEntry(facts: DecisionFacts): EntryDraft {
  const { call, decision, input, raw } = facts;
  const properties = input.resource.properties;
  return {
    kind: 'decision',
    timeMs: facts.nowMs,
    traceId: call.traceId,
    decisionId: facts.decisionId,
    fields: {
      gate: facts.instance,
      mode: input.context.mode,
      enforced: facts.enforced,
      forwarded: facts.forwarded,
      environment: input.context.environment,
      action: call.action,
      server: call.server,
      tool: call.name.slice(0, 500),
      pin: properties.pin,
      pin_state: properties.pin_state,
      inputs: predicateInputs(input),
      predicates: { ...decision.predicates },
      outcome: decision.outcome,
      raw_outcome: raw?.outcome ?? null,
      raw_reason: raw !== undefined && raw.reason !== decision.reason ? raw.reason : null,
      rules: decision.rules.slice(0, 32).map(ruleFields),
      reason: decision.reason,
      error: facts.error?.slice(0, 1000) ?? null,
      schema_fault: facts.schemaFault?.slice(0, 500) ?? null,
      obligations: decision.obligations.map((each) => ({ ...each }) as JsonObject),
      risk:
        decision.risk === null
          ? null
          : { domain: decision.risk.domain, score: String(decision.risk.score) },
      policy: facts.policy === undefined ? null : policyFields(facts.policy),
      engine: facts.policy === undefined ? null : { ...facts.policy.engine },
      input_hash: commitment(facts.salt, facts.inputText),
      arguments_hash: commitment(facts.salt, call.argumentsText),
      input_kept: facts.inputExpiresMs !== undefined,
      session: { ...input.context.session },
      budget: input.context.budget.map((each) => ({ ...each })),
      cost_estimate_usd: properties.cost.estimate_usd,
      idempotency_key: input.context.idempotency_key,
      approval_id: facts.approvalId ?? null,
      round: input.context.round,
    },
  };
}

export type OutcomeStatus = 'executed' | 'failed' | 'unknown' | 'cancelled' | 'refused' | 'fetched';

export interface OutcomeFacts {
  readonly decisionId: string;
  readonly traceId: string;
  readonly server: string;
  readonly tool: string;
  readonly nowMs: number;
  readonly instance: string;
  readonly status: OutcomeStatus;
  /** Why, where it did not simply run. */
  readonly reason: string | undefined;
  readonly isError: boolean;
  readonly output: Buffer | undefined;
  readonly durationMs: number;
}

/** The outcome entry that every decision which was let through gets, exactly once. */
export function outcomeEntry(facts: OutcomeFacts): EntryDraft {
  return {
    kind: 'outcome',
    timeMs: facts.nowMs,
    traceId: facts.traceId,
    decisionId: facts.decisionId,
    fields: {
      gate: facts.instance,
      server: facts.server,
      tool: facts.tool.slice(0, 500),
      status: facts.status,
      reason: facts.reason ?? null,
      is_error: facts.isError,
      output_hash: facts.output === undefined ? null : sha256(facts.output).toString('hex'),
      output_bytes: facts.output?.length ?? null,
      duration_ms: Math.round(facts.durationMs),
      cost_usd: null,
      classes: [],
      adapted: [],
    },
  };
}

/** SHA-256 over salt and bytes, hexadecimal: opens only to who has both. */
export function commitment(salt: Buffer, text: string): string {
  return sha256(Buffer.concat([salt, Buffer.from(text)])).toString('hex');
}

// The four predicates' inputs, without arguments: those are in the payload.
function predicateInputs(input: PolicyInput): JsonObject {
  const { subject, model, classification, context } = input;
  return {
    identity: {
      type: subject.type,
      id: subject.id,
      source: subject.properties.source,
      verified: subject.properties.verified,
    },
    model: { ...model },
    data: { labels: classification.labels, classifier: { ...classification.classifier } },
    policy: {
      approval_mode: context.approval_mode,
      client: { ...context.client },
      freeze: context.freeze,
    },
  };
}

function ruleFields(rule: Decision['rules'][number]): Json {
  return {
    id: rule.id,
    reason: rule.reason.slice(0, 500),
    predicate: rule.predicate ?? null,
    version: rule.version ?? null,
  };
}

function policyFields(policy: PolicyVersion): JsonObject {
  return { id: policy.id, revision: policy.revision, digest: policy.digest };
}
