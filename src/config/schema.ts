import * as z from 'zod';
import { approvalModes, modes } from './config.ts';
import { budgets, keyExpiry } from './schema-budgets.ts';
import { duration, emptyList, text } from './schema-fields.ts';
import { identity } from './schema-identity.ts';
import { notify } from './schema-notify.ts';
import { elicit, page } from './schema-page.ts';
import { server, serverKey } from './schema-servers.ts';
import { http } from './schema-transport.ts';
import { isLoopback } from './web-address.ts';

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
    const params = {
      expected: 'either "dir" or "bundle"',
      hint: 'remove one of them: rules come from one place',
    };
    context.addIssue({ code: 'custom', path: ['bundle'], params });
  });

const approvals = z.strictObject({
  mode: z.enum(approvalModes).default('auto_execute'),
  expiresIn: duration(1000, 30 * 86_400_000, 'from 1s to 30d').default(900_000),
  quorum: z.int().min(1).max(100).default(1),
  requireCredential: z.boolean().default(false),
  hold: z.record(text(200), duration(0, 3_600_000, 'from 0s to 1h')).default({ default: 40_000 }),
  notify: notify.default([]),
  rounds: z.record(text(200), z.boolean()).default({}),
  elicit: elicit.default({}),
  page: page.optional(),
  tasks: z.record(text(200), z.enum(['extension', '2025-11-25', 'none'])).default({}),
});

const journal = z.strictObject({
  capture: z.enum(['none', 'input']).default('input'),
  retention: duration(60_000, 3650 * 86_400_000, 'from 1m to 3650d').default(30 * 86_400_000),
  anchors: emptyList.optional(),
  durability: z.enum(['power', 'process']).default('power'),
});

/** The config file of design section 9, after variables were expanded; strict in everything that is ours. */
export const configSchema = z
  .strictObject({
    $schema: z.string().optional(),
    mode: z.enum(modes).default('enforce'),
    environment: text(100).default('default'),
    stateDir: text(4096).optional(),
    mcpServers: z.record(serverKey, server),
    policy: policy.prefault({}),
    approvals: approvals.prefault({}),
    identity: identity.prefault({}),
    workspace: text(4096).optional(),
    classification: z
      .strictObject({ detectors: emptyList.optional(), custom: emptyList.optional() })
      .optional(),
    budgets: budgets.default([]),
    idempotency: z.strictObject({ expiresIn: keyExpiry.default(86_400_000) }).prefault({}),
    journal: journal.prefault({}),
    transport: z.strictObject({ http: http.prefault({}) }).prefault({}),
  })
  .superRefine((file, context) => {
    const { host, tokens } = file.transport.http;
    const isNamed = Object.keys(tokens).length > 0 || file.identity.issuers.length > 0;
    if (isLoopback(host) || isNamed) return;
    const params = {
      expected: 'an address of this machine',
      hint: 'others may only come in with a token: add "tokens" beside it, or "identity.issuers"',
    };
    context.addIssue({ code: 'custom', path: ['transport', 'http', 'host'], params });
  });

export type ConfigFile = z.infer<typeof configSchema>;
export type ServerEntry = ConfigFile['mcpServers'][string];
