import { decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Clock } from '../core/clock.ts';
import type { Identity } from '../core/tool-call.ts';
import { type ClaimNames, identityOf, UnusableClaim } from './bearer-claims.ts';
import { createKeys, type KeyLimits, KeysUnavailable } from './bearer-keys.ts';

/** Whose tokens count, and what must stand in them. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly jwksUri: string;
  /** A token must be meant for one of these (RFC 8707). */
  readonly audience: readonly string[];
  /** Asymmetric ones only. */
  readonly algorithms: readonly string[];
  readonly claims: ClaimNames;
}

export type Verdict =
  | { readonly kind: 'verified'; readonly identity: Identity; readonly expiresMs: number }
  /** `reason` holds nothing of the token but the names of claims. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Checks a token of one of the issuers. Never rejects. */
export type VerifyJwt = (token: string) => Promise<Verdict>;

interface Known extends TrustedIssuer {
  readonly keys: JWTVerifyGetKey;
}

/** Clocks of two machines may be this far apart. */
const toleranceSeconds = 30;

export function createVerifyJwt(
  issuers: readonly TrustedIssuer[],
  clock: Clock,
  limits: KeyLimits,
): VerifyJwt {
  const known = new Map<unknown, Known>(
    issuers.map((each) => [
      each.issuer,
      { ...each, keys: createKeys(each.jwksUri, clock, limits) },
    ]),
  );
  return async (token) => {
    const issuer = known.get(claimedIssuer(token));
    if (issuer === undefined) return refused('it is of no issuer that is configured');
    try {
      return await verify(token, issuer, clock());
    } catch (thrown) {
      if (thrown instanceof KeysUnavailable) return unavailable(issuer);
      return refused(thrown instanceof UnusableClaim ? thrown.message : whatIsWrong(thrown));
    }
  };
}

async function verify(token: string, known: Known, nowMs: number): Promise<Verdict> {
  const { keys, issuer, claims, audience, algorithms } = known;
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer,
    audience: [...audience],
    algorithms: [...algorithms],
    clockTolerance: toleranceSeconds,
    currentDate: new Date(nowMs),
    requiredClaims: ['exp'],
  });
  if (!isAccessToken(protectedHeader.typ)) return refused('it is another type of token');
  if (payload['cnf'] !== undefined)
    return refused('it is bound to a key that a bearer cannot show');
  const identity = identityOf(issuer, claims, payload);
  return { kind: 'verified', identity, expiresMs: (payload.exp ?? 0) * 1000 };
}

// RFC 9068, section 2.1; tokens from before it say `JWT`, or nothing.
function isAccessToken(typ: string | undefined): boolean {
  return typ === undefined || /^(application\/)?(at\+jwt|jwt)$/i.test(typ);
}

/** What the token says before anything is verified: it only chooses the keys to verify it with. */
function claimedIssuer(token: string): unknown {
  try {
    const payload: JWTPayload = decodeJwt(token);
    return payload.iss;
  } catch {
    // What cannot be read is of nobody.
    return undefined;
  }
}

const faults: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: 'it has expired',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'its signature does not fit',
  ERR_JOSE_ALG_NOT_ALLOWED: 'its algorithm is not allowed',
  ERR_JWKS_NO_MATCHING_KEY: 'its key is none of the issuer',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'it does not say which key of the issuer it has',
};

function whatIsWrong(thrown: unknown): string {
  if (thrown instanceof errors.JWTClaimValidationFailed) {
    return `its claim "${thrown.claim}" is ${thrown.reason === 'missing' ? 'missing' : 'wrong'}`;
  }
  const known = thrown instanceof errors.JOSEError ? faults[thrown.code] : undefined;
  return known ?? 'it is not well formed';
}

function refused(reason: string): Verdict {
  return { kind: 'refused', reason };
}

function unavailable({ issuer }: TrustedIssuer): Verdict {
  return { kind: 'unavailable', reason: `the keys of "${issuer}" cannot be fetched` };
}
