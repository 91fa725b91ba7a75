import { randomBytes } from 'node:crypto';
import type { CallScope } from '../core/call-scope.ts';
import type { Clock } from '../core/clock.ts';
import type { Lifetime } from '../core/lifetime.ts';
import type { Bridge } from './contract.ts';
import { LegacyCrossing } from './legacy-crossing.ts';
import { type BridgeLimits, bridgeLimits } from './limits.ts';
import { crossModern, type ModernParts } from './modern-crossing.ts';
import type { ParkedCall } from './parked-call.ts';
import { ParkedCalls } from './parked-calls.ts';
import { RequestStates, type Seals } from './request-state.ts';
import { keyBytes } from './seal-key.ts';
import { UsedStates } from './used-states.ts';

export interface BridgeParts {
  readonly clock: Clock;
  /** Why everything is stopped; undefined when nothing is. */
  readonly frozen: () => string | undefined;
  /** Lets the operator end a call that waits for its client; the returned function takes it out again. */
  readonly enter: (scope: CallScope, lifetime: Lifetime) => () => void;
  /** Seals what clients hold. Without it no state outlives the process, as no parked call ever does. */
  readonly seals?: Seals;
  readonly limits?: Partial<BridgeLimits>;
}

export function createBridge(parts: BridgeParts): Bridge {
  const { clock, frozen, enter } = parts;
  const limits = { ...bridgeLimits, ...parts.limits };
  const seals = parts.seals ?? passingSeals(clock, limits);
  const parked = new ParkedCalls<ParkedCall>(clock, limits);
  const states = new RequestStates(seals, clock, limits);
  const modern: ModernParts = { states, parked, limits, enter };
  return {
    cross: (request, speaker, scope) =>
      speaker.hello.era === 'legacy'
        ? new LegacyCrossing(request, speaker, { limits, frozen })
        : crossModern(modern, request, speaker, scope),
    close: () => parked.close(),
  };
}

/** They end with the process. */
function passingSeals(clock: Clock, { usedStates }: BridgeLimits): Seals {
  return { key: randomBytes(keyBytes), used: new UsedStates(clock, usedStates) };
}
