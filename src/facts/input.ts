import type { Tariff } from '../core/budget.ts';
import { timestamp } from '../core/clock.ts';
import type { JsonObject } from '../core/json.ts';
import { once } from '../core/once.ts';
import type { Caller, ToolCall, ToolFacts } from '../core/tool-call.ts';
import type { PolicyInput } from '../policy/input.ts';
import { modelFacts } from './model.ts';
import type { PathFact } from './paths.ts';
import { forPolicy } from './truncate.ts';

/** What the configuration says about one call, read once so that a reload does not change a call half-way. */
export interface CallSettings {
  readonly mode: 'observe' | 'enforce';
  readonly environment: string;
  readonly approvalMode: PolicyInput['context']['approval_mode'];
  readonly schema: 'enforce' | 'report';
  readonly trusted: boolean;
  readonly costPerCallUsd: string | null;
  readonly tariff: Tariff;
  readonly idempotency: {
    /** JSON pointer into the arguments to the key. */
    readonly pointer: string | undefined;
    readonly expiresInMs: number;
  };
  /** What kinds of data its results bring into a session. */
  readonly labels: readonly string[];
  /** Real path; null when none is configured. */
  readonly workspace: string | null;
}

/** What else the document needs, as it stands at this moment. */
export interface Moment {
  readonly nowMs: number;
  readonly round: number;
  readonly frozen: boolean;
  readonly paths: readonly PathFact[];
  readonly argumentsDigest: string;
  readonly approval: PolicyInput['context']['approval'];
  readonly prior: PolicyInput['context']['prior'];
  readonly settled: readonly string[];
  readonly obligationsSupported: readonly string[];
  readonly budget: readonly PolicyInput['context']['budget'][number][];
}

/** `mcp` is the revision that the input speaks of. */
const version = Object.freeze({ mcp_gate: '1', mcp: '2025-11-25' } as const);

/**
 * The policy input document of design section 6. What is not known is present and says so. Parts that calls have in
 * common are shared, and frozen.
 */
export function buildInput(
  call: ToolCall,
  tool: ToolFacts | undefined,
  caller: Caller,
  settings: CallSettings,
  moment: Moment,
): PolicyInput {
  return {
    version,
    subject: subjectOf(caller.identity),
    action: { name: call.action },
    resource: resourceOf(call, tool, settings, moment),
    model: modelFacts(call.claims.model),
    classification: unclassified,
    context: {
      time: timestamp(moment.nowMs),
      time_ns: moment.nowMs * 1e6,
      environment: settings.environment,
      mode: settings.mode,
      approval_mode: settings.approvalMode,
      workspace: settings.workspace,
      client: caller.session.client,
      session: {
        id: caller.session.id,
        calls: caller.session.calls,
        denials: caller.session.denials,
        elapsed_ms: moment.nowMs - caller.session.startedMs,
        labels: [...caller.session.labels].sort(),
      },
      budget: [...moment.budget],
      idempotency_key: call.claims.idempotencyKey ?? null,
      approval: moment.approval,
      prior: moment.prior,
      settled: [...moment.settled],
      freeze: moment.frozen,
      round: moment.round,
      obligations_supported: [...moment.obligationsSupported],
    },
  };
}

const unclassified: PolicyInput['classification'] = Object.freeze({
  labels: [],
  findings: [],
  classifier: { id: 'none', version: '0' },
  asserted: [],
});

const subjectOf = once((identity: Caller['identity']): PolicyInput['subject'] => {
  const { claims } = identity;
  return Object.freeze({
    type: identity.type,
    id: identity.id,
    properties: {
      verified: identity.verified,
      source: identity.source,
      issuer: claims?.issuer ?? null,
      roles: [...(claims?.roles ?? [])],
      groups: [...(claims?.groups ?? [])],
      department: claims?.department ?? null,
      tenant: claims?.tenant ?? null,
      region: claims?.region ?? null,
      delegation: [],
      emergency: false,
    },
  });
});

function resourceOf(
  call: ToolCall,
  tool: ToolFacts | undefined,
  settings: CallSettings,
  moment: Moment,
): PolicyInput['resource'] {
  const seen = forPolicy(call.arguments, call.argumentsText);
  return {
    type: call.resourceType,
    id: `${call.server}/${call.name}`,
    properties: {
      server: call.server,
      tool: call.name,
      arguments: seen.arguments as JsonObject & PolicyInput['resource']['properties']['arguments'],
      arguments_digest: moment.argumentsDigest,
      arguments_truncated: seen.truncated,
      paths: [...moment.paths],
      annotations: annotationsOf(tool?.annotations),
      trusted: settings.trusted,
      pin: tool?.pin ?? null,
      pin_state: tool?.pinState ?? 'none',
      cost: { estimate_usd: settings.costPerCallUsd },
    },
  };
}

const hints = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const;

// A server's word about itself: only the hints that the schema knows, and only in the type it gives them.
function annotationsOf(
  said: JsonObject | undefined,
): PolicyInput['resource']['properties']['annotations'] {
  const known = hints.filter((hint) => typeof said?.[hint] === 'boolean');
  return Object.fromEntries(known.map((hint) => [hint, said?.[hint]]));
}
