import { canonical } from '../core/canonical.ts';
import { digestOf } from '../core/digest.ts';
import { randomBytes, uuidv7 } from '../core/ids.ts';
import type { Reader, Tx } from '../store/contract.ts';
import type { ClaimRow, ResultKind } from '../store/control-contract.ts';
import type { Claim, Claims, KeyState, KeyUse, Told } from './contract.ts';

/** Larger results are not kept: a repeated key is then told that the call ran, without what came of it. */
export const maxKeptBytes = 1_048_576;

/** The idempotency keys of one gate process. */
export function createClaims(instance: string): Claims {
  return {
    find,
    take: (tx, use, decisionId, nowMs) => {
      const { kind } = find(tx, use, nowMs);
      if (kind !== 'free' && kind !== 'unknown') throw new Error(`key is ${kind}, expected free`);
      const key = keyOf(use);
      const expiresMs = nowMs + use.expiresInMs;
      const none = { resultPayload: undefined, resultKind: undefined } as const;
      const payloadHash = payloadHashOf(use);
      tx.putClaim({ key, payloadHash, state: 'running', decisionId, instance, expiresMs, ...none });
      return { key, decisionId, expiresInMs: use.expiresInMs };
    },
    finish,
    drop: (tx, claim) => {
      if (heldRow(tx, claim) !== undefined) tx.removeClaim(claim.key);
    },
  };
}

function find(reader: Reader, use: KeyUse, nowMs: number): KeyState {
  const row = reader.claim(keyOf(use));
  if (row === undefined) return { kind: 'free' };
  const { decisionId } = row;
  const isRunning = row.state === 'running' && reader.isInflight(decisionId);
  // While the call runs the key is taken, however long that takes.
  if (row.expiresMs <= nowMs && !isRunning) return { kind: 'free' };
  if (row.payloadHash !== payloadHashOf(use)) return { kind: 'conflict' };
  if (row.state === 'done') return resultOf(reader, row);
  return { kind: isRunning ? 'running' : 'unknown', decisionId };
}

function resultOf(reader: Reader, { decisionId, resultPayload, resultKind }: ClaimRow): KeyState {
  const bytes = resultPayload === undefined ? undefined : reader.payload(resultPayload);
  const isError = resultKind !== 'result';
  if (bytes === undefined) return { kind: 'unkept', decisionId, isError };
  return {
    kind: 'done',
    decisionId,
    part: resultKind === 'error' ? 'error' : 'result',
    isError,
    bytes,
  };
}

function finish(tx: Tx, claim: Claim, result: Told, nowMs: number): boolean {
  const row = heldRow(tx, claim);
  if (row === undefined) return false;
  const expiresMs = nowMs + claim.expiresInMs;
  const resultPayload = keep(tx, result.bytes, expiresMs, nowMs);
  tx.putClaim({ ...row, state: 'done', resultPayload, resultKind: kindOf(result), expiresMs });
  return resultPayload !== undefined;
}

function keep(
  tx: Tx,
  bytes: Buffer | undefined,
  expiresMs: number,
  nowMs: number,
): string | undefined {
  if (bytes === undefined || bytes.length > maxKeptBytes) return undefined;
  const id = uuidv7(nowMs);
  tx.putPayload({ id, kind: 'result', bytes, salt: randomBytes(32), expiresMs });
  return id;
}

function kindOf({ part, isError }: Told): ResultKind {
  if (part === 'error') return 'error';
  return isError ? 'tool_error' : 'result';
}

// A call that came back late may find its key in other hands.
function heldRow(tx: Tx, { key, decisionId }: Claim): ClaimRow | undefined {
  const row = tx.claim(key);
  return row?.state === 'running' && row.decisionId === decisionId ? row : undefined;
}

// Callers choose keys, and may choose secrets.
function keyOf({ scope, key }: KeyUse): string {
  return digestOf(canonical({ key, scope }));
}

// With the key in it, which is kept nowhere, short payloads cannot be guessed from it.
function payloadHashOf({ scope, key, payload }: KeyUse): string {
  return digestOf(canonical({ key, payload, scope }));
}
