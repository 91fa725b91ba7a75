import { describe, expect, it } from 'vitest';
import { holdBudgetMs } from '../../src/approval/carriers/hold-budget.ts';
import {
  knownClient,
  knownClients,
  unknownHoldMs,
} from '../../src/approval/carriers/known-clients.ts';

const day = 86_400_000;

/** What the rest of the table is held against: a limit that anything built on an SDK has. */
const sdkLimitMs = 60_000;

describe.each(knownClients)('the row of "$name"', (row) => {
  it('is the row of a client that reports it, with a version behind it and in any case', () => {
    expect(knownClient(row.name)).toBe(row);
    expect(knownClient(`${row.name.toUpperCase()}/9.9`)).toBe(row);
    expect(knownClient(`not-${row.name}`)).not.toBe(row);
  });

  it('holds a call for what the table says', () => {
    expect(holdBudgetMs(row.name, {}, false, day)).toBe(Math.min(row.holdMs, day));
    const withProgress = row.progressResets ? day : Math.min(row.holdMs, day);
    expect(holdBudgetMs(row.name, {}, true, day)).toBe(withProgress);
  });

  it('leaves the tool time within the limit', () => {
    const limitMs = row.limitMs ?? Number.POSITIVE_INFINITY;
    if (row.limitMs === undefined) expect(row.holdMs).toBe(Number.POSITIVE_INFINITY);
    else expect(limitMs - row.holdMs).toBeGreaterThanOrEqual(20_000);
  });

  it('gives way to the configuration', () => {
    expect(holdBudgetMs(row.name, { [row.name]: 1234, default: 1 }, true, day)).toBe(1234);
    expect(holdBudgetMs(row.name, { default: 1234 }, false, day)).toBe(Math.min(row.holdMs, day));
  });

  it('says how it is known', () => expect(row.source).toMatch(/\S+ \S+/));
});

describe('the table of known clients', () => {
  it('names each client once', () => {
    const names = knownClients.map(({ name }) => name.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
  });

  it('has the safe default for everybody else', () => {
    expect(knownClient('some-new-client')).toBeUndefined();
    expect(knownClient('')).toBeUndefined();
    expect(unknownHoldMs).toBeLessThanOrEqual(sdkLimitMs - 20_000);
  });
});
