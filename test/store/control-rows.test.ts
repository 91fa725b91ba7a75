import { expect, test } from 'vitest';
import type { BudgetRow, ClaimRow, ReusableRow } from '../../src/store/control-contract.ts';
import { openBeside, openScratch, scratchFolder } from './scratch.ts';

const count: BudgetRow = {
  gate: 'g',
  budgetId: 'daily',
  scopeKey: 'subject=os:rita',
  windowStartMs: 1000,
  windowEndsMs: 2000,
  calls: 1,
  microUsd: 9_000_000_000_000_000,
  bytes: 3,
  closed: true,
  raisedCalls: 4,
  raisedMicroUsd: 5,
  raisedBytes: 6,
};

const claim: ClaimRow = {
  key: 'k',
  payloadHash: 'h',
  state: 'running',
  decisionId: 'd1',
  instance: 'i',
  resultPayload: undefined,
  resultKind: undefined,
  expiresMs: 2000,
};

const reusable: ReusableRow = { key: 'k', decisionId: 'd1', payload: 'p', expiresMs: 2000 };

test('a count is kept whole, by gate, budget, scope and window', async () => {
  const store = openScratch(scratchFolder());
  const others: readonly Partial<BudgetRow>[] = [
    { gate: 'h' },
    { budgetId: 'hourly' },
    { scopeKey: 'global' },
    { windowEndsMs: 3000 },
  ];
  await store.write('decision', (tx) => {
    tx.putBudgetCount({ ...count, closed: false });
    tx.putBudgetCount(count);
    for (const change of others) tx.putBudgetCount({ ...count, ...change, calls: 7 });
    tx.putBudgetCount({ ...count, windowStartMs: 2000, windowEndsMs: 3000 });
  });
  expect(store.budgetCount(count)).toEqual(count);
  expect(store.budgetCount({ ...count, scopeKey: 'none' })).toBeUndefined();
  const keys = (nowMs: number) =>
    store.budgetCounts('g', nowMs).map((row) => [row.budgetId, row.scopeKey, row.windowEndsMs]);
  expect(keys(1999)).toEqual([
    ['daily', 'global', 2000],
    ['daily', 'subject=os:rita', 2000],
    ['daily', 'subject=os:rita', 3000],
    ['hourly', 'subject=os:rita', 2000],
  ]);
  expect(keys(2000)).toEqual([
    ['daily', 'subject=os:rita', 3000],
    ['daily', 'subject=os:rita', 3000],
  ]);
  expect(keys(999)).toEqual([]);
});

test('a claim is replaced and removed', async () => {
  const store = openScratch(scratchFolder());
  const done: ClaimRow = { ...claim, state: 'done', resultPayload: 'p', resultKind: 'tool_error' };
  await store.write('decision', (tx) => tx.putClaim(claim));
  expect(store.claim('k')).toEqual(claim);
  await store.write('decision', (tx) => tx.putClaim(done));
  expect(store.claim('k')).toEqual(done);
  await store.write('decision', (tx) => tx.removeClaim('k'));
  expect(store.claim('k')).toBeUndefined();
});

test('the last result under a key counts', async () => {
  const store = openScratch(scratchFolder());
  await store.write('decision', (tx) => tx.putReusable(reusable));
  await store.write('decision', (tx) => tx.putReusable({ ...reusable, decisionId: 'd2' }));
  expect(store.reusable('k')).toEqual({ ...reusable, decisionId: 'd2' });
  expect(store.reusable('other')).toBeUndefined();
});

test('a decision is in flight until its outcome is written', async () => {
  const store = openScratch(scratchFolder());
  const row = { decisionId: 'd1', traceId: 't', instance: 'i', server: 's', tool: 't' };
  await store.write('decision', (tx) => tx.putInflight({ ...row, startedMs: 1 }));
  expect([store.isInflight('d1'), store.isInflight('d2')]).toEqual([true, false]);
  await store.write('outcome', (tx) => tx.takeInflight('d1'));
  expect(store.isInflight('d1')).toBe(false);
});

const dayMs = 86_400_000;

test('what has expired goes with expired payloads, and is not counted as one', async () => {
  const store = openScratch(scratchFolder());
  const row = { decisionId: 'd2', traceId: 't', instance: 'i', server: 's', tool: 't' };
  await store.write('decision', (tx) => {
    tx.putBudgetCount(count);
    tx.putClaim(claim);
    tx.putClaim({ ...claim, key: 'runs', decisionId: 'd2' });
    tx.putInflight({ ...row, startedMs: 1 });
    tx.putReusable(reusable);
  });
  const erase = (ms: number) => store.write('decision', (tx) => tx.erasePayloads(ms));
  expect(await erase(2000)).toBe(0);
  expect([store.claim('k'), store.reusable('k')]).toEqual([claim, reusable]);
  expect(await erase(2001)).toBe(0);
  expect([store.claim('k'), store.reusable('k')]).toEqual([undefined, undefined]);
  expect(store.claim('runs')).toMatchObject({ decisionId: 'd2' });
  await erase(2000 + dayMs);
  expect(store.budgetCount(count)).toEqual(count);
  await erase(2001 + dayMs);
  expect(store.budgetCount(count)).toBeUndefined();
});

test.each([
  ['budget', 'calls = 9007199254740993'],
  ['claim', "state = 'held'"],
  ['claim', "result_kind = 'maybe'"],
])('a damaged row of "%s" is an error, never a guess: %s', async (table, change) => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  await store.write('decision', (tx) => {
    tx.putBudgetCount(count);
    tx.putClaim(claim);
  });
  openBeside(dir).exec(`UPDATE ${table} SET ${change}`);
  const read = () => (table === 'budget' ? store.budgetCount(count) : store.claim('k'));
  expect(read).toThrow(expect.objectContaining({ code: 'store_unavailable' }));
});
