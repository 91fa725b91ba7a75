import type { Clock } from '../core/clock.ts';
import { sha256 } from '../core/digest.ts';
import type { Identity } from '../core/tool-call.ts';
import { BearerCache } from './bearer-cache.ts';
import { createVerifyJwt, type TrustedIssuer, type VerifyJwt } from './bearer-jwt.ts';
import type { KeyLimits } from './bearer-keys.ts';
import { createTokenHolders } from './tokens.ts';

export interface BearerOptions {
  /** By the name of who holds them. */
  readonly tokens: ReadonlyMap<string, string>;
  readonly issuers: readonly TrustedIssuer[];
  /** Callers without a token may come in; never where there are tokens or issuers. */
  readonly anonymous: boolean;
  readonly clock: Clock;
  /** Why somebody was not let in, for the log: nothing of a token stands in it. */
  readonly onRefused: (reason: string) => void;
  readonly limits?: Partial<BearerLimits>;
}

export interface BearerLimits extends KeyLimits {
  readonly tokenBytes: number;
  readonly cacheEntries: number;
  /** A token that was revoked is good for no longer than this. */
  readonly cacheMs: number;
}

const defaultLimits: BearerLimits = {
  tokenBytes: 16 * 1024,
  cacheEntries: 2_000,
  cacheMs: 300_000,
  fetchMs: 5_000,
  fetchBytes: 1024 * 1024,
  refetchMs: 30_000,
  freshMs: 600_000,
  retryMs: 5_000,
};

export type Authentication =
  /** Without `expiresMs` for good. */
  | { readonly kind: 'known'; readonly identity: Identity; readonly expiresMs?: number }
  /** `error` as RFC 6750 section 3.1 names it; undefined when no credential was given. */
  | { readonly kind: 'unknown'; readonly error: string | undefined }
  /** Nobody can say at the moment: the caller may try again. */
  | { readonly kind: 'unavailable' };

/** Who sends this `Authorization` header (RFC 6750, section 2.1). Never rejects; answers at once where it can. */
export type Authenticate = (header: string | undefined) => Authentication | Promise<Authentication>;

export function createBearer(options: BearerOptions): Authenticate {
  const { tokens, issuers, clock, onRefused } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const withoutToken = isOpen(options) ? anonymous : nobody;
  const holderOf = createTokenHolders(tokens);
  const cache = new BearerCache(limits.cacheEntries);
  const verify = createVerifyJwt(issuers, clock, limits);

  return (header) => {
    if (header === undefined) return withoutToken;
    const token = bearerToken(header, limits.tokenBytes);
    if (token === undefined) return refuse('it is no bearer token', onRefused);
    const digest = sha256(token);
    const key = digest.toString('latin1');
    const holder = holderOf(digest);
    if (holder !== undefined) return { kind: 'known', identity: holder };
    const bearer = cache.find(key, clock());
    if (bearer !== undefined) return { kind: 'known', ...bearer };
    if (issuers.length === 0) return refuse('nobody has it', onRefused);
    return verified(token, key, { verify, cache, clock, onRefused, cacheMs: limits.cacheMs });
  };
}

interface Verification extends Pick<BearerOptions, 'clock' | 'onRefused'> {
  readonly verify: VerifyJwt;
  readonly cache: BearerCache;
  readonly cacheMs: number;
}

async function verified(
  token: string,
  key: string,
  { verify, cache, clock, onRefused, cacheMs }: Verification,
): Promise<Authentication> {
  const verdict = await verify(token);
  switch (verdict.kind) {
    case 'verified': {
      const { identity, expiresMs } = verdict;
      cache.keep(key, { identity, expiresMs }, Math.min(expiresMs, clock() + cacheMs));
      return { kind: 'known', identity, expiresMs };
    }
    case 'refused':
      return refuse(verdict.reason, onRefused);
    case 'unavailable':
      onRefused(verdict.reason);
      return { kind: 'unavailable' };
  }
}

function refuse(reason: string, onRefused: BearerOptions['onRefused']): Authentication {
  onRefused(`the token was refused: ${reason}`);
  return { kind: 'unknown', error: 'invalid_token' };
}

function isOpen({ anonymous: wanted, tokens, issuers }: BearerOptions): boolean {
  return wanted && tokens.size === 0 && issuers.length === 0;
}

const scheme = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

function bearerToken(header: string, limit: number): string | undefined {
  return header.length > limit ? undefined : scheme.exec(header)?.[1];
}

const nobody: Authentication = { kind: 'unknown', error: undefined };

// Who works on this machine is not known by that: the operating system vouches for nobody over HTTP.
const anonymous: Authentication = {
  kind: 'known',
  identity: {
    type: 'identity',
    id: null,
    source: 'anonymous',
    verified: false,
    scope: 'anonymous',
  },
};
