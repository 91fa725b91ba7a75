import { sha256Hex } from '../core/digest.ts';
import { frozen } from '../core/frozen.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { shortened } from '../core/shortened.ts';
import type { ToolCall } from '../core/tool-call.ts';
import type { PolicyVersion } from '../policy/contract.ts';
import type { Decision } from '../policy/decision.ts';
import type { PolicyInput } from '../policy/input.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { Posting } from '../store/contract.ts';
import {
  budgetFields,
  engineOf,
  policyOf,
  predicateInputs,
  saidBy,
  sessionFields,
} from './decision-fields.ts';

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
  readonly standing: {
    readonly rewritten: { readonly by: string; readonly asked: ToolCall } | undefined;
    /** The approval that came of a person's change of the arguments. */
    readonly edited?: { readonly row: Pick<ApprovalRow, 'id' | 'edited'> } | undefined;
  };
}

/** Everything a decision entry is made of (design section 8). */
export interface DecisionFacts {
  readonly decided: Decided;
  readonly instance: string;
  /** Whether the call goes on to its target. */
  readonly forwarded: boolean;
  /** Until when the input document is kept, under the decision's id; undefined when it is not. */
  readonly inputExpiresMs: number | undefined;
  readonly approvalId: string | undefined;
}

/**
 * The decision entry. Its two hashes are commitments that the store makes, under a salt: short arguments could be guessed
 * from plain ones.
 */
export function decisionEntry(facts: DecisionFacts): Posting['entry'] {
  const { decided } = facts;
  const { call, decision, input, policy, raw } = decided;
  const properties = input.resource.properties;
  const said = saidBy(decision);
  return {
    kind: 'decision',
    timeMs: decided.nowMs,
    traceId: call.traceId,
    decisionId: decided.decisionId,
    fields: {
      action: call.action,
      approval_id: facts.approvalId ?? null,
      arguments_hash: null,
      asked_hash: null,
      budget: listOf(input.context.budget, budgetFields),
      cost_estimate_usd: properties.cost.estimate_usd,
      ...editedFields(decided),
      enforced: decided.enforced,
      engine: policy === undefined ? null : engineOf(policy),
      environment: input.context.environment,
      error: shortenedOrNull(decided.error, 1000),
      forwarded: facts.forwarded,
      gate: facts.instance,
      idempotency_key: input.context.idempotency_key,
      input_hash: null,
      input_kept: facts.inputExpiresMs !== undefined,
      inputs: predicateInputs(input),
      mode: input.context.mode,
      obligations: said.obligations,
      outcome: decision.outcome,
      pin: properties.pin,
      pin_state: properties.pin_state,
      policy: policy === undefined ? null : policyOf(policy),
      predicates: said.predicates,
      raw_outcome: raw?.outcome ?? null,
      raw_reason: raw !== undefined && raw.reason !== decision.reason ? raw.reason : null,
      reason: decision.reason,
      rewrites: decided.standing.rewritten?.by ?? null,
      risk: said.risk,
      round: input.context.round,
      rules: said.rules,
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
  /** It ran, and nobody sees what came of it. */
  | 'executed_withheld'
  /** Nothing reached a server: a made result, and one that an earlier call had brought. */
  | 'simulated'
  | 'reused'
  | 'repeated'
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
  /** As the server wrote it. */
  readonly output: Buffer | undefined;
  /** As it went back, where that is not the same. */
  readonly delivered: Buffer | undefined;
  /** What was done to it, such as `redact:pci.pan`. */
  readonly adapted: readonly string[];
  /** The kinds of data that were found in it. */
  readonly classes: readonly string[];
  /** Decimal text. */
  readonly costUsd: string | null;
  /** The decision whose result was handed out again. */
  readonly of: string | undefined;
  readonly durationMs: number;
}

/** The outcome of a call that brought nothing back. */
export const nothingCame = {
  reason: undefined,
  isError: true,
  output: undefined,
  delivered: undefined,
  adapted: [],
  classes: [],
  costUsd: null,
  of: undefined,
} as const satisfies Partial<OutcomeFacts>;

/** The outcome entry that every decision which was let through gets, exactly once. */
export function outcomeEntry(facts: OutcomeFacts): Posting['entry'] {
  return {
    kind: 'outcome',
    timeMs: facts.nowMs,
    traceId: facts.traceId,
    decisionId: facts.decisionId,
    fields: {
      adapted: listOf(facts.adapted, String),
      classes: listOf(facts.classes, String),
      cost_usd: facts.costUsd,
      delivered_hash: hashOf(facts.delivered),
      duration_ms: Math.round(facts.durationMs),
      gate: facts.instance,
      is_error: facts.isError,
      output_bytes: facts.output?.length ?? null,
      output_hash: hashOf(facts.output),
      reason: facts.reason ?? null,
      result_of: facts.of ?? null,
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

/** Only a decision about arguments that a person wrote says so: who, and in which approval. */
function editedFields({ standing: { edited } }: Decided): JsonObject {
  if (edited === undefined) return {};
  const { id, edited: by } = edited.row;
  return { edited: { approval_id: id, by: by?.by ?? null } };
}

function hashOf(bytes: Buffer | undefined): string | null {
  return bytes === undefined ? null : sha256Hex(bytes);
}

/** Most lists have nothing in them, and are one and the same. */
function listOf<T>(list: readonly T[], toJson: (each: T) => Json): readonly Json[] {
  return list.length === 0 ? noneYet : list.map(toJson);
}

function shortenedOrNull(text: string | undefined, limit: number): string | null {
  return text === undefined ? null : shortened(text, limit);
}

const noneYet: readonly Json[] = frozen([]);
