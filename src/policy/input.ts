import * as z from 'zod';
import { actions } from '../core/action.ts';
import { budgetAnswers, budgetScopes } from '../core/budget.ts';

/** The policy input, version 1: AuthZEN's four parts and what the four predicates need (design section 6). */
const nullableText = z.string().nullable();
const texts = z.array(z.string());

const subject = z.strictObject({
  type: z.string(),
  id: nullableText,
  properties: z.strictObject({
    verified: z.boolean(),
    source: z.string(),
    issuer: nullableText,
    roles: texts,
    groups: texts,
    department: nullableText,
    tenant: nullableText,
    region: nullableText,
    delegation: z.array(z.strictObject({ type: z.string(), id: z.string() })),
    emergency: z.boolean(),
  }),
});

const resource = z.strictObject({
  type: z.enum(['tool', 'resource', 'prompt', 'client']),
  id: z.string(),
  properties: z.strictObject({
    server: z.string(),
    tool: z.string(),
    annotations: z.looseObject({
      title: z.string().optional(),
      readOnlyHint: z.boolean().optional(),
      destructiveHint: z.boolean().optional(),
      idempotentHint: z.boolean().optional(),
      openWorldHint: z.boolean().optional(),
    }),
    trusted: z.boolean(),
    pin: nullableText,
    pin_state: z.enum(['pinned', 'changed', 'unknown', 'none']),
    arguments: z.looseObject({}),
    arguments_digest: z.string(),
    arguments_truncated: z.boolean(),
    /** Where string arguments that may be paths really lead: absolute, links resolved as far as the path exists. */
    paths: z.array(
      z.strictObject({
        pointer: z.string(),
        given: z.string(),
        resolved: z.string(),
        /** What the gate itself lives on is somewhere below it. */
        holds_gate: z.boolean(),
      }),
    ),
    cost: z.strictObject({ estimate_usd: nullableText }),
  }),
});

const model = z.strictObject({
  provider: nullableText,
  id: nullableText,
  endpoint: nullableText,
  source: z.enum(['client', 'gateway', 'unknown']),
});

const classification = z.strictObject({
  labels: texts,
  findings: z.array(
    z.strictObject({ class: z.string(), pointer: z.string(), count: z.number().int() }),
  ),
  classifier: z.strictObject({ id: z.string(), version: z.string() }),
  asserted: texts,
});

const context = z.strictObject({
  time: z.string(),
  time_ns: z.number(),
  environment: z.string(),
  mode: z.enum(['observe', 'enforce']),
  approval_mode: z.enum(['auto_execute', 'require_human_approval', 'simulation_only']),
  workspace: nullableText,
  client: z.strictObject({ name: z.string(), version: z.string() }),
  session: z.strictObject({
    id: z.string(),
    calls: z.number().int(),
    denials: z.number().int(),
    elapsed_ms: z.number().int(),
    labels: texts,
  }),
  /** The budgets that the call counts in, as they stand before it; what is reserved for calls in flight is spent. */
  budget: z.array(
    z.strictObject({
      id: z.string(),
      scope: z.array(z.enum(budgetScopes)).readonly(),
      window_ends: z.string(),
      limit_usd: nullableText,
      limit_calls: z.number().int().nullable(),
      limit_bytes: z.number().int().nullable(),
      spent_usd: z.string(),
      calls: z.number().int(),
      bytes: z.number().int(),
      remaining_usd: nullableText,
      remaining_calls: z.number().int().nullable(),
      remaining_bytes: z.number().int().nullable(),
      /** There is no room for this call, or the scope is closed. */
      exceeded: z.boolean(),
      closed: z.boolean(),
      on_exceed: z.enum(budgetAnswers),
    }),
  ),
  idempotency_key: nullableText,
  approval: z
    .strictObject({ id: z.string(), rules: texts, approvers: texts, expires: z.string() })
    .nullable(),
  /** What became of the last identical approved call: `unknown` when nobody can tell whether it ran. */
  prior: z
    .strictObject({ decision_id: z.string(), status: z.enum(['unknown', 'running']) })
    .nullable(),
  /** Compute rules whose order this call satisfies already: they have nothing left to change. */
  settled: texts.default([]),
  freeze: z.boolean(),
  round: z.number().int(),
  obligations_supported: texts,
});

export const inputSchema = z.strictObject({
  version: z.strictObject({ mcp_gate: z.literal('1'), mcp: z.string() }),
  subject,
  action: z.strictObject({ name: z.enum([...actions, 'list']) }),
  resource,
  model,
  classification,
  context,
});

export type PolicyInput = z.infer<typeof inputSchema>;
