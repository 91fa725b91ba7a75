import type { Clock } from '../core/clock.ts';
import type { Lifetime } from '../core/lifetime.ts';
import { pause } from '../core/limited-lifetime.ts';
import type { Store } from '../store/contract.ts';
import type { Claims, KeyUse } from './contract.ts';

export interface JoiningParts {
  readonly store: Pick<Store, 'version'> & Parameters<Claims['find']>[0];
  readonly claims: Pick<Claims, 'find'>;
  readonly clock: Clock;
  readonly pollMs?: number;
}

/**
 * Waits for the end of the call that holds an idempotency key, in whatever process it runs. False when it is not over in
 * time, or when nobody waits any more.
 */
export async function untilOver(
  { store, claims, clock, pollMs = 25 }: JoiningParts,
  key: KeyUse,
  lifetime: Lifetime,
  limitMs: number,
): Promise<boolean> {
  const deadlineMs = clock() + limitMs;
  for (let seen = store.version(); ; seen = store.version()) {
    if (claims.find(store, key, clock()).kind !== 'running') return true;
    while (store.version() === seen) {
      if (lifetime.ended !== undefined || clock() >= deadlineMs) return false;
      await pause(pollMs, lifetime);
    }
  }
}
