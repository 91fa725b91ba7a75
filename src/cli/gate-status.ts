import { timestamp } from '../core/clock.ts';
import type { JsonObject } from '../core/json.ts';
import type { UpstreamPools } from '../upstream/contract.ts';
import type { Foundation } from './foundation.ts';

/** What a running gate says of itself in the store, for `mcp-gate status`. */
export function gateStatus(
  { settings, policy, control, observed, startedMs }: Foundation,
  pools: Pick<UpstreamPools, 'status'>,
): JsonObject {
  const config = settings.config();
  const active = policy.current()?.version;
  return {
    config: config.file,
    mode: config.mode,
    environment: config.environment,
    require_credential: config.approvals.requireCredential,
    since: timestamp(startedMs),
    frozen: control.current().freeze ?? null,
    observed: observed.counts(),
    policy: {
      id: active?.id ?? null,
      revision: active?.revision ?? null,
      digest: active?.digest ?? null,
      rejected: policy.rejected().map((fault) => ({ ...fault })),
    },
    upstreams: pools.status().map((upstream) => ({
      server: upstream.server,
      state: upstream.state,
      transport: upstream.transport,
      era: upstream.era ?? null,
      reason: upstream.reason ?? null,
      restarts: upstream.restarts,
      tools: upstream.tools,
      withheld: upstream.withheld.map((each) => ({ ...each })),
    })),
    config_faults: [...settings.faults()],
    node: process.version,
  };
}
