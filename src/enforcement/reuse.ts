import { canonical } from '../core/canonical.ts';
import { digestOf } from '../core/digest.ts';
import { randomBytes, uuidv7 } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Reader, Tx } from '../store/contract.ts';

/** Larger results are not kept: the next identical call runs. */
export const maxReusableBytes = 1_048_576;
/** However long policy says. */
const longestMs = 366 * 86_400_000;

/** Everything that must be the same for one call's result to be another's. */
export interface ReuseParts {
  readonly gate: string;
  /** Who shares results (design section 7). */
  readonly scope: string;
  readonly environment: string;
  readonly action: string;
  readonly server: string;
  readonly tool: string;
  readonly pin: string | undefined;
  /** The arguments, and whatever else the request carries to the tool, as canonical JSON. */
  readonly canonicalArguments: string;
  readonly policyDigest: string;
  readonly obligations: readonly JsonObject[];
}

/** The key under which identical calls meet. */
export function reuseKey(parts: ReuseParts): string {
  const { pin, canonicalArguments, policyDigest, obligations, ...others } = parts;
  return digestOf(
    canonical({
      ...others,
      arguments: digestOf(canonicalArguments),
      obligations: digestOf(canonical(obligations)),
      pin: pin ?? null,
      policy_digest: policyDigest,
    }),
  );
}

export interface Reusable {
  /** The decision whose result it is. */
  readonly decisionId: string;
  /** The result, as it was delivered. */
  readonly bytes: Buffer;
}

/** What an earlier identical call brought; undefined on a miss, and when it has expired or was erased. */
export function findReusable(reader: Reader, key: string, nowMs: number): Reusable | undefined {
  const row = reader.reusable(key);
  if (row === undefined || row.expiresMs <= nowMs) return undefined;
  const bytes = reader.payload(row.payload);
  return bytes === undefined ? undefined : { decisionId: row.decisionId, bytes };
}

/**
 * Keeps a result as it was delivered, encrypted; it must not be an error. The newest one counts. False when it is too large
 * to keep.
 */
export function keepReusable(
  tx: Tx,
  key: string,
  { decisionId, bytes }: Reusable,
  ttlMs: number,
  nowMs: number,
): boolean {
  if (bytes.length > maxReusableBytes) return false;
  const payload = uuidv7(nowMs);
  const expiresMs = nowMs + Math.min(Math.ceil(ttlMs), longestMs);
  tx.putPayload({ id: payload, kind: 'result', bytes, salt: randomBytes(32), expiresMs });
  tx.putReusable({ key, decisionId, payload, expiresMs });
  return true;
}
