import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { Passing } from '../../src/core/passing.ts';

it('holds what has come and not gone, in the order in which it came', () => {
  const passing = new Passing<string | number, string>();
  for (const key of ['a', 1, '1', 'b']) passing.set(key, `of ${key}`);
  expect(passing.delete('a')).toBe(true);
  expect(passing.delete('a')).toBe(false);
  expect([passing.size, passing.has('a'), passing.get('a')]).toEqual([3, false, undefined]);
  expect([passing.has(1), passing.get(1), passing.get('1')]).toEqual([true, 'of 1', 'of 1']);
  expect(passing.keys()).toEqual([1, '1', 'b']);
  expect(passing.values()).toEqual(['of 1', 'of 1', 'of b']);
});

it('has one value for a key, and the last one stands last', () => {
  const passing = new Passing<string, number>();
  for (const [at, key] of ['a', 'b', 'a'].entries()) passing.set(key, at);
  expect([passing.size, passing.get('a')]).toEqual([2, 2]);
  expect(passing.values()).toEqual([1, 2]);
});

it('may lose what it holds while somebody goes through it', () => {
  const passing = new Passing<number, number>();
  for (let key = 0; key < 3; key += 1) passing.set(key, key);
  const seen: number[] = [];
  for (const value of passing.values()) {
    seen.push(value);
    for (const key of passing.keys()) passing.delete(key);
  }
  expect([seen, passing.size]).toEqual([[0, 1, 2], 0]);
});

it('what has gone does not grow old with the tables that it stood in', () => {
  setFlagsFromString('--expose-gc');
  const collect: (options?: { type: 'minor' }) => void = runInNewContext('gc');
  const oldBytes = () =>
    getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')?.space_used_size;
  const passing = new Passing<number, readonly object[]>();
  passing.set(-1, []);
  // By now its first table is old.
  for (let round = 0; round < 2; round += 1) collect();
  const before = oldBytes() ?? 0;
  for (let call = 0; call < 20_000; call += 1) {
    passing.set(
      call,
      Array.from({ length: 50 }, (_, at) => ({ at })),
    );
    passing.delete(call - 64);
    if (call % 500 === 0) collect({ type: 'minor' });
  }
  // The calls have had more than 30 MB.
  expect((oldBytes() ?? 0) - before).toBeLessThan(8_000_000);
});
