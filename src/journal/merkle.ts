import { sha256 } from '../core/digest.ts';

/**
 * The compact range of a tree (RFC 6962 section 2.1): the hashes of its perfect subtrees, largest first, one for each
 * bit set in its size. It is all that is needed to add a leaf and to know the root.
 */
export type Frontier = readonly Buffer[];

/** Hash of the perfect subtree of `2 ** level` leaves that starts at leaf `index * 2 ** level`. */
export type SubtreeAt = (level: number, index: number) => Buffer;

/** RFC 6962: SHA-256 of 0x00 and the entry. A string counts as its UTF-8 bytes. */
export function leafHash(entry: string | Uint8Array): Buffer {
  return typeof entry === 'string'
    ? sha256(`\0${entry}`)
    : sha256(Buffer.concat([leafPrefix, entry]));
}

const leafPrefix = Buffer.from([0]);

// Shared by all calls: a hash is taken before anything else can run.
const pair = Buffer.alloc(65, 1);

/** RFC 6962: SHA-256 of 0x01, left and right. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 33);
  return sha256(pair);
}

/** The frontier after one more leaf on a tree of `size` leaves. */
export function pushLeaf(frontier: Frontier, size: number, leaf: Buffer): Frontier {
  const next = frontier.slice();
  let hash = leaf;
  for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
    const left = next.pop();
    if (left === undefined) throw new Error(`frontier does not belong to a tree of ${size} leaves`);
    hash = nodeHash(left, hash);
  }
  next.push(hash);
  return next;
}

/** The root over all leaves; of no leaves, the hash of nothing. */
export function rootOf(frontier: Frontier): Buffer {
  return frontier.length === 0
    ? sha256('')
    : frontier.reduceRight((right, left) => nodeHash(left, right));
}

/** The root over these leaves. */
export function rootOfLeaves(leaves: readonly Buffer[]): Buffer {
  return rootOf(leaves.reduce<Frontier>((tree, leaf, at) => pushLeaf(tree, at, leaf), []));
}

/** The audit path (RFC 6962 section 2.1.1) of leaf `index` in a tree of `size` leaves, from the leaf upwards. */
export function inclusionProof(subtree: SubtreeAt, index: number, size: number): Buffer[] {
  if (index < 0 || index >= size) throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  const path: Buffer[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + largestPowerBelow(end - start);
    if (index < middle) {
      path.push(rangeHash(subtree, middle, end));
      end = middle;
    } else {
      path.push(rangeHash(subtree, start, middle));
      start = middle;
    }
  }
  return path.reverse();
}

/** True when the path leads from the leaf to the root. Index, size and path may come from anybody. */
export function verifyInclusion(
  index: number,
  size: number,
  leaf: Buffer,
  path: readonly Buffer[],
  root: Buffer,
): boolean {
  if (!isIndex(index, size)) return false;
  // RFC 9162 section 2.1.3.2, with `at` and `last` as fn and sn.
  let at = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0 || sibling.length !== 32) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && hash.equals(root);
}

function isIndex(index: number, size: number): boolean {
  return Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size;
}

/** Hash over the leaves from `start` up to `end`, where `start` is a multiple of every subtree it is made of. */
function rangeHash(subtree: SubtreeAt, start: number, end: number): Buffer {
  const size = end - start;
  const level = Math.log2(size);
  if (Number.isInteger(level)) return subtree(level, start / size);
  const middle = start + largestPowerBelow(size);
  return nodeHash(rangeHash(subtree, start, middle), rangeHash(subtree, middle, end));
}

/** The largest power of two below `size`. */
function largestPowerBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}
