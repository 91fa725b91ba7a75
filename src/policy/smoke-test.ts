import type { ActivePolicy } from './contract.ts';
import type { PolicyInput } from './input.ts';

/** Throws `policy_engine` unless the policy gives a well-formed answer to a plain call and to one with much missing. */
export async function smokeTest(policy: ActivePolicy): Promise<void> {
  for (const input of [plainCall, bareCall]) await policy.decide(JSON.stringify(input));
  await policy.visible(JSON.stringify({ ...plainCall, action: { name: 'list' } }));
}

const plainCall: PolicyInput = {
  version: { mcp_gate: '1', mcp: '2025-11-25' },
  subject: {
    type: 'identity',
    id: 'os:smoke-test',
    properties: {
      verified: false,
      source: 'os',
      issuer: null,
      roles: [],
      groups: [],
      department: null,
      tenant: null,
      region: null,
      delegation: [],
      emergency: false,
    },
  },
  action: { name: 'tools/call' },
  resource: {
    type: 'tool',
    id: 'files/read_file',
    properties: {
      server: 'files',
      tool: 'read_file',
      annotations: { readOnlyHint: true },
      trusted: false,
      pin: null,
      pin_state: 'pinned',
      arguments: { path: '/workspace/notes.txt' },
      arguments_digest: 'sha256:0',
      arguments_truncated: false,
      paths: [
        {
          pointer: '/path',
          given: '/workspace/notes.txt',
          resolved: '/workspace/notes.txt',
          holds_gate: false,
        },
      ],
      cost: { estimate_usd: null },
    },
  },
  model: { provider: null, id: null, endpoint: null, source: 'unknown' },
  classification: {
    labels: [],
    findings: [],
    classifier: { id: 'none', version: '0' },
    asserted: [],
  },
  context: {
    time: '2026-01-01T00:00:00.000Z',
    time_ns: 1_767_225_600_000_000_000,
    environment: 'smoke-test',
    mode: 'enforce',
    approval_mode: 'auto_execute',
    workspace: '/workspace',
    client: { name: 'smoke-test', version: '0' },
    session: { id: 'smoke-test', calls: 0, denials: 0, elapsed_ms: 0, labels: [] },
    budget: [],
    idempotency_key: null,
    approval: null,
    prior: null,
    settled: [],
    freeze: false,
    round: 0,
    obligations_supported: [],
  },
};

const bareCall: PolicyInput = {
  ...plainCall,
  subject: { ...plainCall.subject, id: null },
  resource: {
    type: 'tool',
    id: 'other/tool',
    properties: {
      ...plainCall.resource.properties,
      tool: 'tool',
      annotations: {},
      arguments: {},
      paths: [],
      pin_state: 'unknown',
    },
  },
  context: { ...plainCall.context, workspace: null },
};
