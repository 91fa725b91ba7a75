import { Lifetime } from './lifetime.ts';

/** A timer that is to wait longer than that does not wait at all. */
const longestTimerMs = 2 ** 31 - 1;

/** A lifetime inside another one that ends by itself after a while; released when nobody waits any more. */
export function limitedLifetime(
  outer: Lifetime,
  limitMs: number,
): { readonly lifetime: Lifetime; readonly release: () => void } {
  const lifetime = new Lifetime(outer);
  const waitMs = Math.min(limitMs, longestTimerMs);
  const timer = setTimeout(() => lifetime.end('it took too long'), waitMs).unref();
  const leave = outer.onEnd(() => lifetime.end(outer.ended ?? ''));
  return {
    lifetime,
    release: () => {
      clearTimeout(timer);
      leave();
    },
  };
}

/** Waits, but not beyond the end of the lifetime. */
export function pause(ms: number, lifetime: Lifetime): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      leave();
      resolve();
    }, ms).unref();
    const leave = lifetime.onEnd(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
