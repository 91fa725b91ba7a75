import type { Catalog, UpstreamPool, UpstreamStatus } from './contract.ts';
import { type ServerSpec, transportOf } from './server-spec.ts';

/** What a client gets that there is no pool for: nothing is offered, and every server says why. */
export function createRefusedPool(servers: readonly ServerSpec[], reason: string): UpstreamPool {
  const status = servers.map(
    (spec): UpstreamStatus => ({
      server: spec.key,
      state: 'failed',
      transport: transportOf(spec),
      era: undefined,
      reason,
      restarts: 0,
      tools: 0,
      withheld: [],
    }),
  );
  return {
    catalog: nothing,
    start() {},
    open() {},
    connection: () => undefined,
    connections: () => [],
    status: () => status,
    onChange() {},
    close: async () => {},
  };
}

const nothing: Catalog = {
  settled: async () => {},
  revision: 0,
  list: () => [],
  tool: () => undefined,
  toolOf: () => undefined,
  prompt: () => undefined,
  resourceServer: () => undefined,
};
