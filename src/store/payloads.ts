import { createCipheriv, createDecipheriv } from 'node:crypto';
import { GateError } from '../core/errors.ts';
import { randomBytes } from '../core/ids.ts';
import type { Connection } from './connection.ts';
import type { PayloadDraft } from './contract.ts';
import { bytes, text } from './row.ts';

const algorithm = 'aes-256-gcm';

// Every key seals exactly one record, so the nonce need not differ (NIST SP 800-38D section 8).
const nonce = Buffer.alloc(12);

export const saltBytes = 32;
const tagBytes = 16;

export function putPayload(connection: Connection, draft: PayloadDraft): void {
  if (draft.salt.length !== saltBytes) {
    throw new GateError('usage', `payload salt has ${draft.salt.length} bytes, expected 32`);
  }
  putSalted(connection, draft, Buffer.concat([draft.salt, draft.bytes]));
}

/**
 * Keeps `tag, AES-256-GCM(salt, bytes)`, and the key in a table of its own: with the key, both are gone for good.
 * `salted` is the salt and the bytes.
 */
export function putSalted(
  connection: Connection,
  { id, kind, expiresMs }: Pick<PayloadDraft, 'id' | 'kind' | 'expiresMs'>,
  salted: Buffer,
): void {
  const secret = randomBytes(32);
  const cipher = createCipheriv(algorithm, secret, nonce);
  cipher.setAAD(Buffer.from(`${kind} ${id}`));
  const ciphered = cipher.update(salted);
  cipher.final();
  const sealed = Buffer.concat([cipher.getAuthTag(), ciphered]);
  connection.run('insertPayload', id, kind, expiresMs, sealed);
  connection.run('insertPayloadKey', id, secret);
}

export function readPayload(connection: Connection, id: string, nowMs: number): Buffer | undefined {
  const row = connection.get('payload', id, nowMs);
  if (row === undefined) return undefined;
  const sealed = bytes(row, 'sealed');
  try {
    const decipher = createDecipheriv(algorithm, bytes(row, 'secret'), nonce);
    decipher.setAAD(Buffer.from(`${text(row, 'kind')} ${id}`));
    decipher.setAuthTag(sealed.subarray(0, tagBytes));
    const opened = decipher.update(sealed.subarray(tagBytes));
    decipher.final();
    return opened.subarray(saltBytes);
  } catch (cause) {
    throw damaged(id, cause);
  }
}

/** Returns how many have gone. The bytes leave the write-ahead log with its next full checkpoint. */
export function erasePayloads(connection: Connection, expiredBeforeMs: number): number {
  connection.run('erasePayloadKeys', expiredBeforeMs);
  return connection.run('erasePayloads', expiredBeforeMs);
}

function damaged(id: string, cause: unknown): GateError {
  return new GateError('store_unavailable', `"gate.db" is damaged: payload "${id}"`, { cause });
}
