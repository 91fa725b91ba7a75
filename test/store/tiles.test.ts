import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Store } from '../../src/store/contract.ts';
import type { Database } from '../../src/store/driver.ts';
import { decision, expectSound, openBeside, openScratch, scratchFolder } from './scratch.ts';

/** Every full tile of level 0 holds the leaves that stand in the journal. */
function expectTiles(database: Database, count: number): void {
  const tiles = database.prepare('SELECT hashes FROM tile WHERE level = 0 ORDER BY position').all();
  const leaves = database.prepare('SELECT leaf FROM journal ORDER BY seq').all();
  expect(tiles.length).toBe(count);
  tiles.forEach(({ hashes }, at) => {
    const mine = leaves.slice(at * 256, at * 256 + 256).map(({ leaf }) => Buffer.from(bytes(leaf)));
    expect(Buffer.from(bytes(hashes)).equals(Buffer.concat(mine))).toBe(true);
  });
}

function bytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error('expected bytes');
}

interface Group {
  readonly who: 'one' | 'other';
  /** Works of one transaction, by how many entries they append; those of a negative number then fail. */
  readonly works: readonly number[];
}

const counts = fc.oneof(fc.constantFrom(1, 2, 255, 256, 257), fc.integer({ min: 1, max: 300 }));
const groups: fc.Arbitrary<readonly Group[]> = fc.array(
  fc.record({
    who: fc.constantFrom('one' as const, 'other' as const),
    works: fc.array(
      fc.oneof(
        counts,
        counts.map((count) => -count),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  { minLength: 1, maxLength: 6 },
);

/** What is taken back had begun the next tile. */
const overTheEdge: [readonly Group[]][] = [
  [[255], [-2], [1]].map((works) => ({ who: 'one' as const, works })),
  [{ who: 'one' as const, works: [255, -2, 1] }],
].map((each) => [each]);

test('tiles hold what the journal holds, whoever wrote it and whatever was taken back', async () => {
  await fc.assert(
    fc.asyncProperty(groups, async (given) => {
      const dir = scratchFolder();
      const stores = { one: openScratch(dir), other: openScratch(dir) };
      let size = 0;
      let made = 0;
      const append = (store: Store, count: number) =>
        store.write('outcome', (tx) => {
          for (let at = 0; at < Math.abs(count); at += 1) {
            made += 1;
            tx.append(decision(`d${made}`));
          }
          if (count < 0) throw new Error('taken back');
        });
      for (const { who, works } of given) {
        const ends = await Promise.allSettled(works.map((count) => append(stores[who], count)));
        expect(ends.map(({ status }) => status === 'rejected')).toEqual(works.map((n) => n < 0));
        for (const count of works) size += Math.max(0, count);
      }
      expectSound(stores.one, size);
      expectTiles(openBeside(dir), Math.floor(size / 256));
      await Promise.all([stores.one.close(), stores.other.close()]);
    }),
    { numRuns: 12, examples: overTheEdge },
  );
});
