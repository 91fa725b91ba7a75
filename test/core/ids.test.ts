import { describe, expect, it } from 'vitest';
import { newTraceId, traceIdOf } from '../../src/core/ids.ts';

const noon = Date.UTC(2026, 0, 1, 12);

describe('a trace id of the gate', () => {
  it('is one that a traceparent can carry', () => {
    const id = newTraceId(noon);
    expect(traceIdOf(`00-${id}-00f067aa0ba902b7-01`)).toBe(id);
  });

  it('sorts by the time of its making', () => {
    const ids = [noon, noon + 1, noon + 1000].map((ms) => newTraceId(ms));
    expect(ids.toSorted()).toEqual(ids);
  });

  it('differs in every digit behind the time from others of the same moment', () => {
    const ids = Array.from({ length: 200 }, () => newTraceId(noon));
    expect(new Set(ids.map((id) => id.slice(0, 12)))).toEqual(new Set(['019b796dd600']));
    for (let at = 12; at < 32; at += 1) {
      expect(new Set(ids.map((id) => id[at])).size).toBeGreaterThan(8);
    }
  });
});
