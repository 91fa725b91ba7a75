import type { UpstreamStatus } from './contract.ts';
import { type ServerSpec, transportOf } from './server-spec.ts';

/**
 * Each server once, as it stands in the most recent pool (the last of `pools`), with the restarts of all of them. What it
 * offers is not added up: every pool has the same tools.
 */
export function mergedStatus(
  servers: readonly ServerSpec[],
  pools: readonly (readonly UpstreamStatus[])[],
): readonly UpstreamStatus[] {
  return servers.map((spec) => {
    const all = pools.flatMap((statuses) => statuses.filter((each) => each.server === spec.key));
    const restarts = all.reduce((sum, each) => sum + each.restarts, 0);
    return { ...(all.at(-1) ?? resting(spec)), restarts };
  });
}

function resting(spec: ServerSpec): UpstreamStatus {
  const reason = 'starts when a client needs it';
  return {
    server: spec.key,
    state: 'stopped',
    transport: transportOf(spec),
    era: undefined,
    reason,
    restarts: 0,
    tools: 0,
    withheld: [],
  };
}
