import { expect, it } from 'vitest';
import { defaultLimits } from '../../src/upstream/limits.ts';
import { RelistPace } from '../../src/upstream/relist-pace.ts';

it('a server that goes on changing is listed after longer and longer pauses, up to half a minute', () => {
  const { pace, pass } = paced();
  pace.listed();
  const waits = Array.from({ length: 8 }, () => {
    const waitMs = pace.waitMs();
    pass(waitMs);
    pace.listed();
    return waitMs;
  });
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

it('one that was quiet for a minute is listed at once, and a second later again', () => {
  const { pace, pass } = paced();
  for (let round = 0; round < 8; round += 1) pace.listed();
  pass(59_999);
  expect(pace.waitMs()).toBe(0);
  pace.listed();
  expect(pace.waitMs()).toBe(30_000);
  pass(60_000);
  expect(pace.waitMs()).toBe(0);
  pace.listed();
  expect(pace.waitMs()).toBe(1000);
});

it('one that was never listed is listed at once', () => {
  expect(paced().pace.waitMs()).toBe(0);
});

function paced() {
  let nowMs = 5;
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { pace: new RelistPace(defaultLimits, () => nowMs), pass };
}
