import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf, sha256, sha256Hex } from '../../src/core/digest.ts';

test.each([
  ['bytes', fc.uint8Array({ maxLength: 200 })],
  ['a text as its UTF-8 bytes', fc.string({ unit: 'binary', maxLength: 200 })],
] as const)('every form of a digest is SHA-256 of %s', (_, content) => {
  fc.assert(
    fc.property<[Uint8Array | string]>(content, (given) => {
      const expected = createHash('sha256').update(given).digest();
      expect(sha256(given)).toEqual(expected);
      expect(sha256Hex(given)).toBe(expected.toString('hex'));
      expect(digestOf(given)).toBe(`sha256:${expected.toString('hex')}`);
    }),
  );
});
