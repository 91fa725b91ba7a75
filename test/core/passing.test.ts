import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Crowd } from '../../src/core/crowd.ts';
import { Passing } from '../../src/core/passing.ts';

const keys = fc.oneof(
  fc.integer({ min: -2, max: 6 }),
  fc.constantFrom(0.5, 2 ** 32, 1e21),
  fc.constantFrom('0', '1', '-1', '0.5', 'a', '', '__proto__', 'constructor', 'toString', '1e21'),
);

describe('Passing', () => {
  test('has what a Map has, by the same keys', () => {
    const steps = fc.array(fc.record({ key: keys, value: fc.nat(), goes: fc.boolean() }));
    fc.assert(
      fc.property(steps, (all) => {
        const passing = new Passing<number | string, number>();
        const map = new Map<number | string, number>();
        for (const { key, value, goes } of all) {
          if (goes) expect(passing.delete(key)).toBe(map.delete(key));
          else {
            passing.set(key, value);
            map.set(key, value);
          }
          expect(passing.get(key)).toBe(map.get(key));
          expect(passing.has(key)).toBe(map.has(key));
          expect(passing.size).toBe(map.size);
        }
        expect(passing.keys().map((key) => [key, passing.get(key)])).toEqual(
          passing.keys().map((key) => [key, map.get(key)]),
        );
        expect(new Set(passing.keys())).toEqual(new Set(map.keys()));
        expect(passing.values().sort()).toEqual([...map.values()].sort());
      }),
      { numRuns: 500 },
    );
  });

  test('has numbers in their order, also after many have gone', () => {
    const passing = new Passing<number, string>();
    for (let at = 1; at <= 5000; at += 1) {
      passing.set(at, `request ${at}`);
      if (at > 3) passing.delete(at - 3);
    }
    expect(passing.keys()).toEqual([4998, 4999, 5000]);
    expect(passing.values().at(-1)).toBe('request 5000');
  });

  test('may be changed by whoever goes through it', () => {
    const passing = new Passing<string, number>();
    for (const key of ['a', 'b', 'c']) passing.set(key, 1);
    for (const key of passing.keys()) passing.delete(key);
    expect([passing.size, passing.keys()]).toEqual([0, []]);
  });
});

test('what has gone from it does not grow old with it', () => {
  setFlagsFromString('--expose-gc');
  const collect: (options?: { type: 'minor' }) => void = runInNewContext('gc');
  const oldBytes = () =>
    getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')?.space_used_size;
  const passing = new Passing<number, readonly object[]>();
  passing.set(0, []);
  // By now whatever it stands in is old.
  for (let round = 0; round < 2; round += 1) collect();
  const before = oldBytes() ?? 0;
  for (let call = 1; call < 20_000; call += 1) {
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

describe('Crowd', () => {
  test('has each member once, in the order in which they came', () => {
    const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
    const crowd = new Crowd<{ name: string }>();
    for (const each of [b, a, b, c]) crowd.enter(each);
    expect(crowd.members()).toEqual([b, a, c]);
    expect(crowd.size).toBe(3);
  });

  test('says whether a member was there, and takes it again later', () => {
    const member = {};
    const crowd = new Crowd<object>();
    expect(crowd.leave(member)).toBe(false);
    crowd.enter(member);
    expect([crowd.leave(member), crowd.leave(member), crowd.size]).toEqual([true, false, 0]);
    crowd.enter(member);
    expect(crowd.members()).toEqual([member]);
  });
});
