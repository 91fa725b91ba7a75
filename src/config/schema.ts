import * as z from 'zod';
import { approvalModes, modes } from './config.ts';
import { parseDuration } from './duration.ts';

/** What an issue that zod has no code for carries, so that every problem can be told in one form. */
interface ProblemParams {
  readonly expected: string;
  readonly hint?: string;
}

const laterHint = 'not supported by this version: remove it, nothing would enforce it';

const text = (limit: number) => z.string().min(1).max(limit);

function matching(pattern: RegExp, params: ProblemParams) {
  return z.string().superRefine((value, context) => {
    if (!pattern.test(value)) context.addIssue({ code: 'custom', params: { ...params } });
  });
}

function duration(minMs: number, maxMs: number, range: string) {
  return z.string().transform((value, context) => {
    const ms = parseDuration(value);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    const expected = `a duration such as "40s", "15m" or "30d", ${range}`;
    context.addIssue({ code: 'custom', params: { expected } satisfies ProblemParams });
    return z.NEVER;
  });
}

/** A part that a later version brings: its key is known, anything in it is refused instead of ignored. */
const emptyList = z.array(z.unknown()).superRefine((list, context) => {
  if (list.length === 0) return;
  const params: ProblemParams = { expected: 'an empty list', hint: laterHint };
  context.addIssue({ code: 'custom', params: { ...params } });
});

const onlyFalse = z.boolean().superRefine((value, context) => {
  if (!value) return;
  context.addIssue({ code: 'custom', params: { expected: 'false', hint: laterHint } });
});

const protocol = z.enum(['auto', 'legacy', 'modern']).transform((value, context) => {
  if (value !== 'modern') return value;
  const hint = 'a later version opens sessions of the modern era towards servers';
  context.addIssue({ code: 'custom', params: { expected: '"auto" or "legacy"', hint } });
  return z.NEVER;
});

const usd = matching(/^\d{1,9}(\.\d{1,9})?$/, {
  expected: 'an amount in US dollars as text, such as "0.01"',
});

const tool = z.strictObject({
  approval: z.enum(approvalModes).optional(),
  cost: z.strictObject({ perCall: usd }).optional(),
});

const serverGate = z.strictObject({
  prefix: z.boolean().default(true),
  protocol: protocol.default('auto'),
  schema: z.enum(['enforce', 'report']).default('enforce'),
  trusted: z.boolean().default(false),
  mode: z.enum(modes).optional(),
  approval: z.enum(approvalModes).optional(),
  tools: z.record(text(200), tool).default({}),
});

/** Other clients keep members of their own in an entry (`autoApprove`, `timeout`, `icon`, …): they are not ours to judge. */
const server = z.looseObject({
  type: z.literal('stdio').optional(),
  command: text(4096),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
  envFile: text(4096).optional(),
  cwd: text(4096).optional(),
  gate: serverGate.prefault({}),
});

const serverKey = matching(/^[A-Za-z0-9-]{1,64}$/, {
  expected: 'a server key of letters, digits and "-"',
  hint: "rename the server: its key becomes the first part of its tools' names",
});

const policy = z
  .strictObject({
    dir: text(4096).optional(),
    bundle: text(4096).optional(),
    isolation: z.enum(['inline', 'worker']).default('inline'),
    timeoutMs: z.int().min(10).max(60_000).default(250),
    memoryPages: z.int().min(16).max(16_384).default(256),
  })
  .superRefine((value, context) => {
    if (value.dir === undefined || value.bundle === undefined) return;
    const params: ProblemParams = {
      expected: 'either "dir" or "bundle"',
      hint: 'remove one of them: rules come from one place',
    };
    context.addIssue({ code: 'custom', path: ['bundle'], params: { ...params } });
  });

const approvals = z.strictObject({
  mode: z.enum(approvalModes).default('auto_execute'),
  expiresIn: duration(1000, 30 * 86_400_000, 'from 1s to 30d').default(900_000),
  quorum: z.int().min(1).max(100).default(1),
  hold: z.record(text(200), duration(0, 3_600_000, 'from 0s to 1h')).default({ default: 40_000 }),
});

const journal = z.strictObject({
  capture: z.enum(['none', 'input']).default('input'),
  retention: duration(60_000, 3650 * 86_400_000, 'from 1m to 3650d').default(30 * 86_400_000),
  anchors: emptyList.optional(),
  durability: z.enum(['power', 'process']).default('power'),
});

const transport = z.strictObject({
  http: z
    .strictObject({
      host: text(255).optional(),
      port: z.int().min(0).max(65_535).optional(),
      sse: z.boolean().optional(),
    })
    .optional(),
});

/** The config file of design section 9, after variables were expanded; strict in everything that is ours. */
export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  mode: z.enum(modes).default('enforce'),
  environment: text(100).default('default'),
  stateDir: text(4096).optional(),
  mcpServers: z.record(serverKey, server),
  policy: policy.prefault({}),
  approvals: approvals.prefault({}),
  identity: z
    .strictObject({
      required: onlyFalse.optional(),
      onError: z.literal('closed').optional(),
      issuers: emptyList.optional(),
    })
    .optional(),
  workspace: text(4096).optional(),
  classification: z
    .strictObject({ detectors: emptyList.optional(), custom: emptyList.optional() })
    .optional(),
  budgets: emptyList.optional(),
  journal: journal.prefault({}),
  transport: transport.optional(),
});

export type ConfigFile = z.infer<typeof configSchema>;
export type ServerEntry = ConfigFile['mcpServers'][string];
