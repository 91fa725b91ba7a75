import { sha256 } from '../core/digest.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { shortened } from '../core/shortened.ts';
import type { ToolCall } from '../core/tool-call.ts';
import type { PolicyVersion } from '../policy/contract.ts';
import type { Decision, Rule } from '../policy/decision.ts';
import type { PolicyInput } from '../policy/input.ts';
import type { EntryDraft } from '../store/contract.ts';

/** What was decided about one call. */
export interface Decided {
  readonly decisionId: string;
  readonly nowMs: number;
  readonly call: ToolCall;
  readonly input: PolicyInput;
  readonly inputText: string;
  readonly raw: Decision | undefined;
  readonly decision: Decision;
  /** Why policy could not decide; for people, never for the agent. */
  readonly error: string | undefined;
  readonly schemaFault: string | undefined;
  readonly policy: PolicyVersion | undefined;
  readonly enforced: boolean;
}

/** Everything a decision entry is made of (design section 8). */
export interface DecisionFacts {
  readonly decided: Decided;
  readonly instance: string;
  /** Whether the call goes on to its target. */
  readonly forwarded: boolean;
  readonly salt: Buffer;
  /** Until when the input document is kept, under the decision's id; undefined when it is not. */
  readonly inputExpiresMs: number | undefined;
  readonly approvalId: string | undefined;
}

/** The decision entry. Hashes are salted: short arguments could be guessed from plain ones. */
export function decisionEntry(facts: DecisionFacts): EntryDraft {
  const { decided } = facts;
  const { call, decision, input, policy, raw } = decided;
  const properties = input.resource.properties;
  return {
    kind: 'decision',
    timeMs: decided.nowMs,
    traceId: call.traceId,
    decisionId: decided.decisionId,
    fields: {
      action: call.action,
      approval_id: facts.approvalId ?? null,
      arguments_hash: commitment(facts.salt, call.argumentsText),
      budget: [],
      cost_estimate_usd: properties.cost.estimate_usd,
      enforced: decided.enforced,
      engine: policy === undefined ? null : engineFields(policy),
      environment: input.context.environment,
      error: shortenedOrNull(decided.error, 1000),
      forwarded: facts.forwarded,
      gate: facts.instance,
      idempotency_key: input.context.idempotency_key,
      input_hash: commitment(facts.salt, decided.inputText),
      input_kept: facts.inputExpiresMs !== undefined,
      inputs: predicateInputs(input),
      mode: input.context.mode,
      obligations: decision.obligations.map((each) => ({ ...each }) as JsonObject),
      outcome: decision.outcome,
      pin: properties.pin,
      pin_state: properties.pin_state,
      policy: policy === undefined ? null : policyFields(policy),
      predicates: predicateFields(decision.predicates),
      raw_outcome: raw?.outcome ?? null,
      raw_reason: raw !== undefined && raw.reason !== decision.reason ? raw.reason : null,
      reason: decision.reason,
      risk: decision.risk === null ? null : riskFields(decision.risk),
      round: input.context.round,
      rules: decision.rules.slice(0, 32).map(ruleFields),
      schema_fault: shortenedOrNull(decided.schemaFault, 500),
      server: call.server,
      session: sessionFields(input.context.session),
      tool: journalName(call),
    },
  };
}

export type OutcomeStatus =
  | 'executed'
  | 'failed'
  | 'unknown'
  | 'cancelled'
  | 'refused'
  | 'fetched'
  /** The server wants answers first: the call goes on with another request, which is decided anew (MCP, MRTR). */
  | 'input_required';

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
      adapted: [],
      classes: [],
      cost_usd: null,
      duration_ms: Math.round(facts.durationMs),
      gate: facts.instance,
      is_error: facts.isError,
      output_bytes: facts.output?.length ?? null,
      output_hash: facts.output === undefined ? null : sha256(facts.output).toString('hex'),
      reason: facts.reason ?? null,
      server: facts.server,
      status: facts.status,
      tool: facts.tool,
    },
  };
}

/**
 * What a call is named in the journal. Leaves are for good, so of a resource only what names it stays: queries, fragments
 * and credentials of a URI are in the payload alone.
 */
export function journalName({
  resourceType,
  name,
}: Pick<ToolCall, 'resourceType' | 'name'>): string {
  const plain =
    resourceType === 'resource' ? name.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//') : name;
  return shortened(plain, 500);
}

function shortenedOrNull(text: string | undefined, limit: number): string | null {
  return text === undefined ? null : shortened(text, limit);
}

/** SHA-256 over salt and bytes, hexadecimal: opens only to who has both. */
function commitment(salt: Buffer, text: string): string {
  const bytes = Buffer.allocUnsafe(salt.length + Buffer.byteLength(text));
  salt.copy(bytes);
  bytes.write(text, salt.length);
  return sha256(bytes).toString('hex');
}

// From here on members stand in the order of RFC 8785, which makes sealing an entry cheap; any order would be right.

// The four predicates' inputs, without arguments: those are in the payload.
function predicateInputs(input: PolicyInput): JsonObject {
  const { subject, model, classification, context } = input;
  const { classifier, labels } = classification;
  return {
    data: { classifier: { id: classifier.id, version: classifier.version }, labels },
    identity: {
      id: subject.id,
      source: subject.properties.source,
      type: subject.type,
      verified: subject.properties.verified,
    },
    model: {
      endpoint: model.endpoint,
      id: model.id,
      provider: model.provider,
      source: model.source,
    },
    policy: {
      approval_mode: context.approval_mode,
      client: { name: context.client.name, version: context.client.version },
      freeze: context.freeze,
    },
  };
}

function ruleFields({ id, predicate, reason, version }: Rule): Json {
  return {
    id,
    predicate: predicate ?? null,
    reason: shortened(reason, 500),
    version: version ?? null,
  };
}

function policyFields({ digest, id, revision }: PolicyVersion): JsonObject {
  return { digest, id, revision };
}

function engineFields({ engine }: PolicyVersion): JsonObject {
  const { gate, memory_pages, opa_wasm, regoc } = engine;
  return { gate, memory_pages, opa_wasm, regoc };
}

function predicateFields({ data, identity, model, policy }: Decision['predicates']): JsonObject {
  return { data, identity, model, policy };
}

function riskFields({ domain, score }: NonNullable<Decision['risk']>): JsonObject {
  return { domain, score: String(score) };
}

function sessionFields(session: PolicyInput['context']['session']): JsonObject {
  const { calls, denials, elapsed_ms, id, labels } = session;
  return { calls, denials, elapsed_ms, id, labels };
}
