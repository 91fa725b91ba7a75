import { expect, it } from 'vitest';
import type { Claim, KeyResult, KeyUse } from '../../src/control/contract.ts';
import { createClaims, maxKeptBytes } from '../../src/control/idempotency.ts';
import { begin, controlScratch } from './scratch.ts';

const use: KeyUse = { scope: 'os:rita', key: 'k1', payload: '{"a":1}', expiresInMs: 60_000 };
const fine: KeyResult = { part: 'result', isError: false, bytes: Buffer.from('{"ok":true}') };

function desk() {
  const scratch = controlScratch();
  const claims = createClaims('gate-1');
  const { write, now } = scratch;
  return {
    ...scratch,
    find: (change: Partial<KeyUse> = {}) =>
      claims.find(scratch.store, { ...use, ...change }, now()),
    /** As the gate does it: the key and the place in flight in one transaction. */
    take: (decisionId: string, change: Partial<KeyUse> = {}) =>
      write((tx) => {
        const claim = claims.take(tx, { ...use, ...change }, decisionId, now());
        begin(tx, decisionId);
        return claim;
      }),
    end: (claim: Claim, result?: KeyResult) =>
      write((tx) => {
        tx.takeInflight(claim.decisionId);
        return result !== undefined && claims.finish(tx, claim, result, now());
      }),
    drop: (claim: Claim) =>
      write((tx) => {
        tx.takeInflight(claim.decisionId);
        claims.drop(tx, claim);
      }),
    erase: () => write((tx) => tx.erasePayloads(now())),
  };
}

it('the first call has the key, the next ones see it running, and then its result', async () => {
  const { find, take, end } = desk();
  expect(find()).toEqual({ kind: 'free' });
  const claim = await take('d1');
  expect(find()).toEqual({ kind: 'running', decisionId: 'd1' });
  expect(await end(claim, fine)).toBe(true);
  expect(find()).toEqual({ kind: 'done', decisionId: 'd1', ...fine });
});

it.each<[string, Omit<KeyResult, 'bytes'>]>([
  ['a tool that failed', { part: 'result', isError: true }],
  ['an error of the server', { part: 'error', isError: true }],
])('%s is a result, too', async (_, kind) => {
  const { find, take, end } = desk();
  await end(await take('d1'), { ...kind, bytes: fine.bytes });
  expect(find()).toEqual({ kind: 'done', decisionId: 'd1', ...kind, bytes: fine.bytes });
});

it.each([
  ['running', undefined],
  ['done', fine],
])('another payload under a key that is %s is a conflict', async (_, result) => {
  const { find, take, end } = desk();
  const claim = await take('d1');
  if (result !== undefined) await end(claim, result);
  expect(find({ payload: '{"a":2}' })).toEqual({ kind: 'conflict' });
});

it.each<[string, Partial<KeyUse>]>([
  ['scope', { scope: 'os:max' }],
  ['key', { key: 'k2' }],
])('another %s is another key', async (_, change) => {
  const { find, take } = desk();
  await take('d1');
  expect(find(change)).toEqual({ kind: 'free' });
});

it('scope and key cannot be shifted into one another', async () => {
  const { find, take } = desk();
  await take('d1', { scope: 'ab', key: 'c' });
  expect(find({ scope: 'a', key: 'bc' })).toEqual({ kind: 'free' });
});

it('a call that ended without a result leaves its key unknown, and it can be taken over once', async () => {
  const { find, take, end } = desk();
  await end(await take('d1'));
  expect(find()).toEqual({ kind: 'unknown', decisionId: 'd1' });
  const second = await take('d2');
  expect(find()).toEqual({ kind: 'running', decisionId: 'd2' });
  await expect(take('d3')).rejects.toThrow('key is running, expected free');
  await end(second, fine);
  expect(find()).toMatchObject({ kind: 'done', decisionId: 'd2' });
});

it('a call that was never sent gives its key back', async () => {
  const { find, take, drop } = desk();
  await drop(await take('d1'));
  expect(find()).toEqual({ kind: 'free' });
});

it('a call that comes back late changes nothing for the one that has the key now', async () => {
  const { find, take, end, drop } = desk();
  const late = await take('d1');
  await end(late);
  await take('d2');
  expect(await end(late, fine)).toBe(false);
  await drop(late);
  expect(find()).toEqual({ kind: 'running', decisionId: 'd2' });
});

it.each(['running', 'done', 'conflict'])('a key that is %s cannot be taken', async (kind) => {
  const { take, end } = desk();
  const claim = await take('d1');
  if (kind === 'done') await end(claim, fine);
  const change = kind === 'conflict' ? { payload: 'x' } : {};
  await expect(take('d2', change)).rejects.toThrow(`key is ${kind}, expected free`);
});

it('a result that is too large is not kept, and the key says that the call ran', async () => {
  const { find, take, end } = desk();
  const large = { ...fine, bytes: Buffer.alloc(maxKeptBytes + 1) };
  expect(await end(await take('d1'), large)).toBe(false);
  expect(find()).toEqual({ kind: 'unkept', decisionId: 'd1', isError: false });
  await end(await take('d2', { key: 'k2' }), { ...fine, bytes: Buffer.alloc(maxKeptBytes) });
  expect(find({ key: 'k2' }).kind).toBe('done');
});

it('a result holds for its time from the end of the call on', async () => {
  const { find, take, end, pass, erase, store } = desk();
  const claim = await take('d1');
  pass(50_000);
  await end(claim, fine);
  pass(59_999);
  expect(find().kind).toBe('done');
  pass(1);
  expect(find()).toEqual({ kind: 'free' });
  pass(1);
  expect(await erase()).toBe(1);
  expect(store.claim(claim.key)).toBeUndefined();
});

it('a call that runs longer than its key holds keeps it', async () => {
  const { find, take, end, pass, erase } = desk();
  const claim = await take('d1');
  pass(100_000);
  await erase();
  expect(find()).toEqual({ kind: 'running', decisionId: 'd1' });
  expect(await end(claim, fine)).toBe(true);
  expect(find().kind).toBe('done');
});

it('an unknown key is free once it has expired', async () => {
  const { find, take, end, pass } = desk();
  await end(await take('d1'));
  pass(60_000);
  expect(find()).toEqual({ kind: 'free' });
});

it('the store holds neither the key nor the payload as they were written', async () => {
  const { take, store } = desk();
  const { key } = await take('d1', { key: 'hunter2', payload: '"hunter2"' });
  expect(JSON.stringify(store.claim(key))).not.toContain('hunter2');
});
