import { expect, it } from 'vitest';
import { noTariff } from '../../src/core/budget.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { Identity, ToolCall } from '../../src/core/tool-call.ts';
import { buildInput } from '../../src/facts/input.ts';
import { inputSchema } from '../../src/policy/input.ts';

const none = {
  issuer: null,
  roles: [],
  groups: [],
  department: null,
  tenant: null,
  region: null,
  delegation: [],
  emergency: false,
};

const rows: { name: string; identity: Identity; subject: object }[] = [
  {
    name: 'a caller with a token of an issuer, with all that the issuer says',
    identity: {
      type: 'identity',
      id: 'alice',
      source: 'oidc',
      verified: true,
      scope: 'oidc:x::alice',
      claims: {
        issuer: 'https://idp.example/',
        groups: ['ops'],
        roles: ['admin'],
        tenant: 't1',
        department: 'it',
        region: 'eu',
      },
    },
    subject: {
      type: 'identity',
      id: 'alice',
      properties: {
        ...none,
        verified: true,
        source: 'oidc',
        issuer: 'https://idp.example/',
        groups: ['ops'],
        roles: ['admin'],
        tenant: 't1',
        department: 'it',
        region: 'eu',
      },
    },
  },
  {
    name: 'a caller with a token of the config',
    identity: { type: 'identity', id: 'ci', source: 'token', verified: true, scope: 'token:ci' },
    subject: {
      type: 'identity',
      id: 'ci',
      properties: { ...none, verified: true, source: 'token' },
    },
  },
  {
    name: 'a caller without a token, as nobody',
    identity: {
      type: 'identity',
      id: null,
      source: 'anonymous',
      verified: false,
      scope: 'anonymous',
    },
    subject: {
      type: 'identity',
      id: null,
      properties: { ...none, verified: false, source: 'anonymous' },
    },
  },
];

it.each(rows)('policy sees $name', ({ identity, subject }) => {
  const session = {
    id: 's',
    startedMs: 0,
    client: { name: 'c', version: '1' },
    calls: 0,
    denials: 0,
    labels: new Set<string>(),
  };
  const caller = {
    session,
    identity,
    lifetime: new Lifetime(),
    progress: undefined,
    relayProgress: undefined,
    related: undefined,
  };
  const settings = {
    mode: 'enforce',
    environment: 'test',
    approvalMode: 'auto_execute',
    schema: 'enforce',
    trusted: false,
    costPerCallUsd: null,
    tariff: noTariff,
    idempotency: { pointer: undefined, expiresInMs: 60_000 },
    labels: [],

    workspace: null,
  } as const;
  const moment = {
    nowMs: 0,
    round: 0,
    frozen: false,
    paths: [],
    argumentsDigest: 'sha256:x',
    approval: null,
    prior: null,
    settled: [],
    obligationsSupported: [],
    budget: [],
  };
  const input = buildInput(call, undefined, caller, settings, moment);
  expect(inputSchema.parse(input).subject).toEqual(subject);
});

const call: ToolCall = {
  action: 'tools/call',
  resourceType: 'tool',
  server: 'files',
  name: 'read',
  arguments: {},
  argumentsText: '{}',
  request: {
    method: 'tools/call',
    fields: { name: 'read' },
    meta: undefined,
    argumentsText: '{}',
    extras: undefined,
  },
  traceId: 'x',
  claims: { model: undefined, idempotencyKey: undefined },
  tool: () => undefined,
  sibling: () => undefined,
};
