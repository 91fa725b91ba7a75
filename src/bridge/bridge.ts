import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { Bridge } from './contract.ts';
import { LegacyCrossing } from './legacy-crossing.ts';
import { type BridgeLimits, bridgeLimits } from './limits.ts';
import { crossModern, type ModernParts } from './modern-crossing.ts';
import type { ParkedCall } from './parked-call.ts';
import { ParkedCalls } from './parked-calls.ts';
import { keyBytes, RequestStates } from './request-state.ts';

export interface BridgeParts {
  readonly clock: Clock;
  /** Why everything is stopped; undefined when nothing is. */
  readonly frozen: () => string | undefined;
  /** Seals what clients hold; 32 bytes. Without it no state outlives the process, as no parked call does. */
  readonly key?: Buffer;
  readonly limits?: Partial<BridgeLimits>;
}

export function createBridge(parts: BridgeParts): Bridge {
  const { clock, frozen, key = randomBytes(keyBytes) } = parts;
  const limits = { ...bridgeLimits, ...parts.limits };
  const parked = new ParkedCalls<ParkedCall>(clock, limits);
  const modern: ModernParts = { states: new RequestStates(key, clock, limits), parked, limits };
  return {
    cross: (request, speaker, scope) =>
      speaker.hello.era === 'legacy'
        ? new LegacyCrossing(request, speaker, { limits, frozen })
        : crossModern(modern, request, speaker, scope),
    close: () => parked.close(),
  };
}
