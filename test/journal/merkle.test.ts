import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Frontier,
  inclusionProof,
  leafHash,
  nodeHash,
  pushLeaf,
  rootOf,
  rootOfLeaves,
  verifyInclusion,
} from '../../src/journal/merkle.ts';

const entries = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 150 });
const someEntries = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 90 });

test.each([
  ['no leaf', [], 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['one empty leaf', [''], '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  [
    'the eight leaves of the certificate transparency test vectors',
    [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ],
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ],
])('the root of %s is the published one', (_name, leaves, root) => {
  const hashes = leaves.map((hex) => leafHash(Buffer.from(hex, 'hex')));
  expect(rootOfLeaves(hashes).toString('hex')).toBe(root);
});

test('a string is hashed as its UTF-8 bytes', () => {
  const text = '{"name":"naïve 🙂"}';
  expect(leafHash(text)).toEqual(leafHash(Buffer.from(text)));
});

test('pushing leaf after leaf gives the root that RFC 6962 defines', () => {
  fc.assert(
    fc.property(entries, (all) => {
      let frontier: Frontier = [];
      for (const [size, entry] of all.entries()) {
        frontier = pushLeaf(frontier, size, leafHash(entry));
        expect(rootOf(frontier)).toEqual(reference(all.slice(0, size + 1)));
      }
    }),
    { numRuns: 20 },
  );
});

test('pushing does not change the frontier it was given', () => {
  const before: Frontier = [leafHash('a')];
  pushLeaf(before, 1, leafHash('b'));
  expect(before).toEqual([leafHash('a')]);
});

test('a frontier of another size is refused', () => {
  expect(() => pushLeaf([], 1, leafHash('a'))).toThrow(
    'frontier does not belong to a tree of 1 leaves',
  );
});

test('every leaf has a path to the root, and no other leaf, place, size or path fits it', () => {
  fc.assert(
    fc.property(someEntries, fc.nat(), (all, at) => {
      const index = at % all.length;
      const leaves = all.map((entry) => leafHash(entry));
      const root = reference(all);
      const leaf = leafHash(all[index] ?? '');
      const path = inclusionProof(subtreeOf(leaves), index, all.length);
      expect(verifyInclusion(index, all.length, leaf, path, root)).toBe(true);
      expect(verifyInclusion(index, all.length, leafHash('another'), path, root)).toBe(false);
      expect(verifyInclusion(index + all.length, all.length, leaf, path, root)).toBe(false);
      expect(verifyInclusion(index, all.length, leaf, [...path, root], root)).toBe(false);
      expect(verifyInclusion(index, all.length, leaf, path, leafHash('root'))).toBe(false);
      if (path.length > 0) {
        expect(verifyInclusion(index, all.length, leaf, path.slice(1), root)).toBe(false);
      }
    }),
    { numRuns: 60 },
  );
});

test.each([
  ['a negative index', -1, 4],
  ['an index that is no integer', 0.5, 4],
  ['a size that is not finite', 0, Number.POSITIVE_INFINITY],
  ['an empty tree', 0, 0],
])('%s is never included', (_name, index, size) => {
  expect(verifyInclusion(index, size, leafHash(''), [], leafHash(''))).toBe(false);
});

test('a proof for a leaf that the tree does not have is an error', () => {
  expect(() => inclusionProof(subtreeOf([]), 3, 3)).toThrow('no leaf 3 in a tree of 3');
});

/** MTH of RFC 6962 section 2.1, written as it stands there. */
function reference(all: readonly Uint8Array[]): Buffer {
  const hash = (...parts: Uint8Array[]) =>
    createHash('sha256').update(Buffer.concat(parts)).digest();
  const [first] = all;
  if (first === undefined) return hash();
  if (all.length === 1) return hash(Buffer.from([0]), first);
  let k = 1;
  while (k * 2 < all.length) k *= 2;
  return hash(Buffer.from([1]), reference(all.slice(0, k)), reference(all.slice(k)));
}

function subtreeOf(leaves: readonly Buffer[]) {
  return function at(level: number, index: number): Buffer {
    if (level > 0) return nodeHash(at(level - 1, index * 2), at(level - 1, index * 2 + 1));
    const leaf = leaves[index];
    if (leaf === undefined) throw new Error(`no leaf ${index}`);
    return leaf;
  };
}
