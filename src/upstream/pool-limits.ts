/** How many pools there may be, and how long one may stand unused. */
export interface PoolLimits {
  readonly maxPools: number;
  /** Of these, the ones of one caller: what is left is for others. */
  readonly maxPoolsPerScope: number;
  /**
   * Of all pools, so many are for callers who have none: nobody can take the last ones from everybody else. Never more than
   * half of them.
   */
  readonly reservedPools: number;
  /** A modern client has no session: it is gone between any two requests, and comes back. */
  readonly idleMs: number;
}

export const defaultPoolLimits: PoolLimits = {
  maxPools: 64,
  maxPoolsPerScope: 32,
  reservedPools: 16,
  idleMs: 60_000,
};
