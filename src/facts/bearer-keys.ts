import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../core/clock.ts';

/** The issuer's keys cannot be had at the moment: nobody can say whether a token is good. */
export class KeysUnavailable extends Error {}

export interface KeyLimits {
  /** One fetch of the keys. */
  readonly fetchMs: number;
  readonly fetchBytes: number;
  /** The shortest time between two fetches for a key that is not there, whoever asks for it. */
  readonly refetchMs: number;
  /** How long keys count before they are fetched again. */
  readonly freshMs: number;
  /** After a fetch that failed nobody tries again for this long. */
  readonly retryMs: number;
}

/** The keys at an address, fetched when a token needs them (RFC 7517). */
export function createKeys(jwksUri: string, clock: Clock, limits: KeyLimits): JWTVerifyGetKey {
  let retryAtMs = Number.NEGATIVE_INFINITY;
  const keys = createRemoteJWKSet(new URL(jwksUri), {
    timeoutDuration: limits.fetchMs,
    cooldownDuration: limits.refetchMs,
    cacheMaxAge: limits.freshMs,
    [customFetch]: async (url, options) => {
      if (clock() < retryAtMs) throw new KeysUnavailable();
      return fetchBounded(url, options, limits.fetchBytes);
    },
  });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (cause) {
      if (saysNoKey(cause) || cause instanceof KeysUnavailable) throw cause;
      retryAtMs = clock() + limits.retryMs;
      throw new KeysUnavailable('', { cause });
    }
  };
}

// The keys are there, and none of them, or no single one, is the token's.
function saysNoKey(thrown: unknown): boolean {
  return (
    thrown instanceof errors.JWKSNoMatchingKey ||
    thrown instanceof errors.JWKSMultipleMatchingKeys ||
    thrown instanceof errors.JOSENotSupported
  );
}

async function fetchBounded(url: string, options: RequestInit, limit: number): Promise<Response> {
  const { body, status } = await fetch(url, options);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > limit) throw new Error('the keys are larger than allowed');
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status });
}
