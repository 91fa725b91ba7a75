import * as z from 'zod';
import { GateError } from '../core/errors.ts';

/** Design section 3, in the order in which the first wins when rules disagree. */
const outcomes = ['deny', 'simulate', 'compute', 'escalate', 'reuse', 'adapt', 'allow'] as const;
export type Outcome = (typeof outcomes)[number];

const text = z.string().max(2000);
const names = z.array(z.string().max(200)).max(100).readonly();

const rule = z
  .strictObject({
    id: z.string().min(1).max(200),
    reason: text,
    predicate: z.enum(['identity', 'model', 'data', 'policy']).optional(),
    version: z.string().max(200).optional(),
  })
  .readonly();

const predicates = z
  .strictObject({
    identity: z.boolean(),
    model: z.boolean(),
    data: z.boolean(),
    policy: z.boolean(),
  })
  .readonly();

/** What `compute` puts in the place of the call: whole arguments, or a merge patch of them (RFC 7396), or another tool. */
const order = z
  .strictObject({
    arguments: z.looseObject({}).optional(),
    patch: z.looseObject({}).optional(),
    tool: z.string().max(500).optional(),
  })
  .readonly();

const decision = z
  .strictObject({
    outcome: z.enum(outcomes),
    reason: text,
    rules: z.array(rule).max(100).readonly(),
    predicates,
    obligations: z
      .array(z.looseObject({ type: z.string() }).readonly())
      .max(100)
      .readonly(),
    risk: z
      .strictObject({ domain: z.string().max(200), score: z.number() })
      .readonly()
      .nullable(),
    approval: z
      .strictObject({
        expires_in_s: z.number().positive().nullable(),
        quorum: z.number().int().positive(),
        approvers: names,
        // The rules that want the agent's own client asked, and those that a yes there is enough for.
        client: z.strictObject({ asks: names, confirms: names }).readonly().optional(),
      })
      .readonly()
      .nullable(),
    // What the outcome needs; bundles from before these outcomes say nothing here.
    simulate: z.strictObject({ result: z.unknown() }).readonly().nullish(),
    compute: order.nullish(),
    reuse: z.strictObject({ ttl_s: z.number().positive() }).readonly().nullish(),
  })
  .readonly();

/** The decision document of design section 6, as `gate.rego` folds it. */
export type Decision = z.infer<typeof decision>;
export type Rule = z.infer<typeof rule>;

/** Parses what the engine returned; anything but a decision document is a policy error, never an opinion. */
export function parseDecision(value: unknown): Decision {
  const parsed = decision.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined ? '' : ` at "${issue.path.join('.')}": ${issue.message}`;
  throw new GateError('policy_engine', `policy did not answer with a decision document${where}`);
}
