import { createHash, hash } from 'node:crypto';

/** SHA-256 as 32 bytes. The one-shot form, where Node has it, is twice as fast on short input. */
export const sha256: (bytes: Uint8Array | string) => Buffer =
  typeof hash === 'function'
    ? (bytes) => hash('sha256', bytes, 'buffer')
    : (bytes) => createHash('sha256').update(bytes).digest();

/** SHA-256 as `sha256:` and 64 hexadecimal digits, the form in which journals and policies name content. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${sha256(bytes).toString('hex')}`;
}
