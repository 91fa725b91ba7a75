import { expect, it } from 'vitest';
import { defaultLimits } from '../../src/upstream/limits.ts';
import { RelistPace } from '../../src/upstream/relist-pace.ts';

it('a server that goes on changing is listed after longer and longer pauses, up to half a minute', () => {
  const { pace, pass } = paced();
  pace.listed();
  const waits = Array.from({ length: 11 }, () => {
    const waitMs = pace.waitMs();
    pass(waitMs);
    pace.listed();
    return waitMs;
  });
  expect(waits).toEqual([
    ...[100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600],
    ...[30_000, 30_000],
  ]);
});

it('one that was quiet for a minute is listed at once, and soon after again', () => {
  const { pace, pass } = paced();
  for (let round = 0; round < 11; round += 1) pace.listed();
  pass(59_999);
  expect(pace.waitMs()).toBe(0);
  pace.listed();
  expect(pace.waitMs()).toBe(30_000);
  pass(60_000);
  expect(pace.waitMs()).toBe(0);
  pace.listed();
  expect(pace.waitMs()).toBe(100);
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
