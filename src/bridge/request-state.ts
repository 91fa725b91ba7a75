import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { RpcError } from '../core/answer.ts';
import { canonical } from '../core/canonical.ts';
import type { Clock } from '../core/clock.ts';
import { isAskMode } from '../core/elicitation.ts';
import type { Held } from '../core/held.ts';
import { randomBytes } from '../core/ids.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import type { BridgeLimits } from './limits.ts';

/** What a sealed state carries from one request of a client to the next. */
export type Carried =
  /** For the modern server that asked: its own state, and what was answered in the client's place. */
  | {
      readonly kind: 'server';
      readonly server: string;
      readonly state: string | null;
      readonly answers: JsonObject;
    }
  /** A call that waits on a legacy server. */
  | { readonly kind: 'parked'; readonly handle: number }
  /** A call that waits for a person. */
  | (Held & { readonly kind: 'held' })
  /** Nothing but that the gate itself wants the request again. */
  | { readonly kind: 'gate' };

/** What a state is made for; it opens for nothing else. */
export interface StateOwner {
  readonly scope: string;
  readonly method: string;
  /** All of the request but its metadata and what a retry adds: name or uri and arguments are in there. */
  readonly params: JsonObject;
}

/** Which states were used up; as lasting as the key. */
export interface Used {
  /** True for the first use of a state that has not expired. */
  use(nonce: string, expiresMs: number): boolean;
}

/** What states are sealed with, and how each is used up. */
export interface Seals {
  /** 32 bytes. */
  readonly key: Buffer;
  readonly used: Used;
}

const version = 2;
const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals the `requestState` that clients hold, which is theirs to forge, to keep and to send twice (MCP 2026-07-28,
 * basic/patterns/mrtr). The owner is authenticated with it, so that a state made for another caller or another request
 * does not open at all. Each opens once, and not for long.
 */
export class RequestStates {
  readonly #key: Buffer;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #used: Used;
  /** Names this process: what waits in another one, or in an earlier one, is not here. */
  readonly #process = randomBytes(nonceBytes).toString('base64url');

  constructor({ key, used }: Seals, clock: Clock, limits: Pick<BridgeLimits, 'stateTtlMs'>) {
    this.#key = key;
    this.#clock = clock;
    this.#ttlMs = limits.stateTtlMs;
    this.#used = used;
  }

  seal(owner: StateOwner, carried: Carried): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.#key, nonce, { authTagLength: tagBytes });
    cipher.setAAD(boundTo(owner));
    const expires = this.#clock() + this.#ttlMs;
    const text = JSON.stringify({ expires, process: this.#process, carried });
    const sealed = [cipher.update(text, 'utf8'), cipher.final()];
    return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]).toString('base64url');
  }

  /** Uses the state up. There is one error for everything that may be wrong: the holder learns nothing from it. */
  open(owner: StateOwner, text: Json): Carried | RpcError {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'base64url') : Buffer.alloc(0);
    if (bytes.toString('base64url') !== text || bytes.length < nonceBytes + tagBytes)
      return invalidState;
    const nonce = bytes.subarray(0, nonceBytes);
    const content = this.#decrypt(owner, nonce, bytes.subarray(nonceBytes));
    const expires = content?.['expires'];
    if (typeof expires !== 'number' || !this.#used.use(nonce.toString('latin1'), expires)) {
      return invalidState;
    }
    const carried = carriedIn(content?.['carried']);
    const isHere = carried?.kind !== 'parked' || content?.['process'] === this.#process;
    return carried !== undefined && isHere ? carried : invalidState;
  }

  #decrypt(owner: StateOwner, nonce: Buffer, sealed: Buffer): JsonObject | undefined {
    try {
      const decipher = createDecipheriv(algorithm, this.#key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(boundTo(owner));
      decipher.setAuthTag(sealed.subarray(0, tagBytes));
      const parts = [decipher.update(sealed.subarray(tagBytes)), decipher.final()];
      const content: Json = parseJson(Buffer.concat(parts).toString('utf8'));
      return isObject(content) ? content : undefined;
    } catch {
      // The tag does not fit: forged, or another owner's.
      return undefined;
    }
  }
}

export const invalidState: RpcError = {
  code: rpcCode.invalidParams,
  message:
    'requestState is not valid for this request (expired, used already, or made for another): send the request again without it',
};

function boundTo({ scope, method, params }: StateOwner): Buffer {
  return Buffer.from(canonical([version, scope, method, params]));
}

function carriedIn(value: Json | undefined): Carried | undefined {
  if (!isObject(value)) return undefined;
  const { kind, server, state, answers, handle } = value;
  if (kind === 'gate') return { kind };
  if (kind === 'held') return heldIn(value);
  if (kind === 'parked' && typeof handle === 'number') return { kind, handle };
  const isState = typeof state === 'string' || state === null;
  return kind === 'server' && typeof server === 'string' && isState && isObject(answers)
    ? { kind, server, state, answers }
    : undefined;
}

function heldIn({ approvalId, binding, round, asked }: JsonObject): Carried | undefined {
  if (typeof approvalId !== 'string' || typeof binding !== 'string') return undefined;
  if (typeof round !== 'number') return undefined;
  return { kind: 'held', approvalId, binding, round, ...(isAskMode(asked) && { asked }) };
}
