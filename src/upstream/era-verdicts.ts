import type { Era } from '../wire/eras.ts';
import type { EraVerdicts } from './run.ts';

/** One for all pools of a gate: whoever finds out what a server speaks finds it out for everybody. */
export function createEraVerdicts(): EraVerdicts {
  const verdicts = new Map<string, Era>();
  return {
    of: (server) => verdicts.get(server),
    found: (server, era) => {
      if (era === undefined) verdicts.delete(server);
      else verdicts.set(server, era);
    },
  };
}
