import * as z from 'zod';
import { approvalModes, modes } from './config.ts';
import { cost, keyExpiry, pointer } from './schema-budgets.ts';
import { checked, matching, text } from './schema-fields.ts';
import { webAddress } from './web-address.ts';

const labels = z.array(
  matching(/^[a-z][a-z0-9._-]{0,63}$/, { expected: 'a label such as "private"' }),
);

const tool = z.strictObject({
  approval: z.enum(approvalModes).optional(),
  labels: labels.max(20).default([]),
  cost: cost.optional(),
  idempotency: z
    .strictObject({ pointer: pointer.optional(), expiresIn: keyExpiry.optional() })
    .optional(),
});

const gate = {
  prefix: z.boolean().default(true),
  protocol: z.enum(['auto', 'legacy', 'modern']).default('auto'),
  schema: z.enum(['enforce', 'report']).default('enforce'),
  trusted: z.boolean().default(false),
  mode: z.enum(modes).optional(),
  approval: z.enum(approvalModes).optional(),
  environment: text(100).optional(),
  labels: labels.max(20).default([]),
  cost: cost.optional(),
  tools: z.record(text(200), tool).default({}),
};

interface Priced {
  readonly trusted: boolean;
  readonly cost?: z.infer<typeof cost> | undefined;
  readonly tools: Readonly<Record<string, z.infer<typeof tool>>>;
}

/** What a server says of its own cost counts only when it is trusted; to ignore it silently would surprise. */
function checkReported({ trusted, cost: ofServer, tools }: Priced, context: z.RefinementCtx): void {
  if (trusted) return;
  const places = [
    { path: ['cost', 'reported'], said: ofServer?.reported },
    ...Object.entries(tools).map(([name, each]) => ({
      path: ['tools', name, 'cost', 'reported'],
      said: each.cost?.reported,
    })),
  ];
  for (const { path, said } of places) {
    if (said === undefined) continue;
    const params = {
      expected: 'a server that is trusted',
      hint: 'what a server says that it costs counts only with "trusted": true',
    };
    context.addIssue({ code: 'custom', path, params });
  }
}

/** Other clients keep members of their own in an entry (`autoApprove`, `timeout`, `icon`, …): they are not ours to judge. */
const started = z.looseObject({
  type: z.literal('stdio'),
  command: text(4096),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
  envFile: text(4096).optional(),
  cwd: text(4096).optional(),
  gate: z.strictObject(gate).superRefine(checkReported).prefault({}),
});

const oauth = z.strictObject({
  clientId: text(4096).optional(),
  clientSecret: text(4096).optional(),
  issuer: checked(isIssuer, {
    expected: 'the address of an authorization server, such as "https://auth.example"',
  }).optional(),
  scopes: z.array(text(200)).max(100).default([]),
});

/** Which of its three names the address has, and what it is, was looked at before. */
const remote = z.looseObject({
  type: z.enum(['http', 'sse']),
  url: text(4096).optional(),
  httpUrl: text(4096).optional(),
  serverUrl: text(4096).optional(),
  headers: z.record(text(200), z.string().max(16_384)).default({}),
  oauth: oauth.optional(),
  gate: z
    .strictObject({ ...gate, insecure: z.boolean().default(false) })
    .superRefine(checkReported)
    .prefault({}),
});

export const serverKey = matching(/^[A-Za-z0-9-]{1,64}$/, {
  expected: 'a server key of letters, digits and "-"',
  hint: "rename the server: its key becomes the first part of its tools' names",
});

/** An entry of `mcpServers`, whose `type` was made one of these three. */
export const server = z.discriminatedUnion('type', [started, remote]);

// RFC 8414, section 2.
function isIssuer(value: string): boolean {
  const url = webAddress(value);
  return url !== undefined && url.search === '' && url.hash === '';
}
