import type { PolicyInput } from '../../src/policy/input.ts';

type Properties = PolicyInput['resource']['properties'];

/** The input of one tool call by the operating-system user, in the workspace `/ws`. */
export function callInput(
  tool: string,
  args: Properties['arguments'],
  properties: Partial<Properties> = {},
  context: Partial<PolicyInput['context']> = {},
): PolicyInput {
  return {
    version: { mcp_gate: '1', mcp: '2025-11-25' },
    subject: {
      type: 'identity',
      id: 'os:alice',
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
      id: `server/${tool}`,
      properties: {
        server: 'server',
        tool,
        annotations: {},
        trusted: false,
        pin: null,
        pin_state: 'pinned',
        arguments: args,
        arguments_digest: 'sha256:0',
        arguments_truncated: false,
        paths: [],
        cost: { estimate_usd: null },
        ...properties,
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
      environment: 'test',
      mode: 'enforce',
      approval_mode: 'auto_execute',
      workspace: '/ws',
      client: { name: 'test', version: '1' },
      session: { id: 's', calls: 0, denials: 0, elapsed_ms: 0, labels: [] },
      budget: [],
      idempotency_key: null,
      approval: null,
      prior: null,
      settled: [],
      freeze: false,
      round: 0,
      obligations_supported: [],
      ...context,
    },
  };
}

/** An argument that the gate resolved to itself, or to `resolved`. */
export function pathArgument(name: string, given: string, resolved = given) {
  return { pointer: `/${name}`, given, resolved, holds_gate: false };
}
