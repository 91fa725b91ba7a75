import type { Obstacle } from './contract.ts';
import type { PoolLimits } from './pool-limits.ts';

/** What counts of a pool when there is to be one more. */
export interface CountedPool {
  /** Whose it is; undefined until somebody has come. */
  readonly scope: string | undefined;
  /** Since when nobody uses it; undefined while somebody does. */
  readonly idleSinceMs: number | undefined;
}

export type Room<P> =
  /** `unused` has to go for it. */
  | { readonly kind: 'room'; readonly unused: P | undefined }
  | { readonly kind: 'full'; readonly obstacle: Obstacle };

/** Somebody who leaves makes room at any time. */
const retryAfterS = 5;

/**
 * Whether a caller may have one more pool. `closing` are the callers of pools that are being closed: their servers still run,
 * and nobody can start them without end. A caller with a pool in use leaves the reserved ones to others.
 */
export function roomFor<P extends CountedPool>(
  scope: string,
  open: readonly P[],
  closing: readonly (string | undefined)[],
  limits: PoolLimits,
): Room<P> {
  const { maxPools, maxPoolsPerScope } = limits;
  const own = open.filter((pool) => pool.scope === scope);
  const ownClosing = closing.filter((each) => each === scope).length;
  const isNew = ownClosing === 0 && own.every(isUnused);
  const most = isNew ? maxPools : maxPools - reservedOf(limits);
  if (ownClosing >= maxPoolsPerScope) return tooManyOfCaller(limits);
  const used = open.length - open.filter(isUnused).length;
  if (used >= most || closing.length >= most) return tooMany(limits);
  if (own.length >= maxPoolsPerScope) {
    const unused = unusedForLongest(own);
    return unused === undefined ? tooManyOfCaller(limits) : { kind: 'room', unused };
  }
  return { kind: 'room', unused: open.length < maxPools ? undefined : unusedForLongest(open) };
}

function reservedOf({ maxPools, reservedPools }: PoolLimits): number {
  return Math.min(reservedPools, Math.floor(maxPools / 2));
}

function isUnused({ idleSinceMs }: CountedPool): boolean {
  return idleSinceMs !== undefined;
}

function unusedForLongest<P extends CountedPool>(pools: readonly P[]): P | undefined {
  const [longest] = pools
    .filter(isUnused)
    .sort((a, b) => (a.idleSinceMs ?? 0) - (b.idleSinceMs ?? 0));
  return longest;
}

function tooMany<P>(limits: PoolLimits): Room<P> {
  const reserved = reservedOf(limits);
  const kept = reserved === 0 ? '' : `, ${reserved} of them for callers who have none`;
  const name = 'transport.http.limits.pools';
  const what = `there is no room for the servers of another client: the gate starts them for at most ${limits.maxPools} at a time ("${name}")${kept}`;
  return full(what, 'try again later', name, limits.maxPools);
}

function tooManyOfCaller<P>({ maxPoolsPerScope: most }: PoolLimits): Room<P> {
  const name = 'transport.http.limits.poolsPerCaller';
  const what = `there is no room for the servers of another client of this caller: the gate starts them for at most ${most} at a time ("${name}")`;
  return full(what, 'end a session that is not needed, or try again later', name, most);
}

function full<P>(what: string, hint: string, name: string, most: number): Room<P> {
  const obstacle = { reason: `${what}; ${hint}`, limit: { name, most }, retryAfterS };
  return { kind: 'full', obstacle };
}
