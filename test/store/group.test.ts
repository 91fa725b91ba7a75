import { expect, test } from 'vitest';
import type { Tx } from '../../src/store/contract.ts';
import { decision, expectSound, openBeside, openScratch, scratchFolder } from './scratch.ts';

test('works of one turn are one transaction, and each has its own answer', async () => {
  const store = openScratch(scratchFolder());
  const before = store.version();
  const ids = await Promise.all(
    Array.from({ length: 50 }, (_, at) =>
      store.write('decision', (tx) => tx.append(decision(`d${at}`))),
    ),
  );
  expect(ids.map((id) => id.seq)).toEqual(Array.from({ length: 50 }, (_, at) => at));
  expect(store.version() - before).toBe(1);
});

test('a store sees another store commit by its version, once for a whole group', async () => {
  const dir = scratchFolder();
  const [one, two] = [openScratch(dir), openScratch(dir)];
  const before = one.version();
  expect(one.version()).toBe(before);
  await Promise.all(['a', 'b'].map((id) => two.write('decision', (tx) => tx.append(decision(id)))));
  expect(one.version()).toBe(before + 1);
});

test('a work that throws is rejected with what it threw and takes no neighbour with it', async () => {
  const store = openScratch(scratchFolder());
  const failure = new Error('not this one');
  const before = store.version();
  const results = await Promise.allSettled(
    Array.from({ length: 300 }, (_, at) =>
      store.write('decision', (tx) => {
        const id = tx.append(decision(`d${at}`));
        if (at % 100 === 50) throw failure;
        return id.seq;
      }),
    ),
  );
  const refused = results.flatMap((result, at) => (result.status === 'rejected' ? [at] : []));
  expect(refused).toEqual([50, 150, 250]);
  expect(results[50]).toEqual({ status: 'rejected', reason: failure });
  expect(results[51]).toEqual({ status: 'fulfilled', value: 50 });
  expect(store.journal.decision('d50')).toBeUndefined();
  expect(store.version() - before).toBe(2);
  expectSound(store, 297);
});

test('a work that asks for what the tables refuse is rejected alone', async () => {
  const store = openScratch(scratchFolder());
  const approver = { name: 'ann', secret: 's', createdMs: 1, addedBy: 'terminal' };
  const put = (fields: object) =>
    store.write('decision', (tx) => tx.putApprover({ ...approver, ...fields }));
  const [first, second, third] = await Promise.allSettled([
    put({}),
    put({ secret: 'stolen' }),
    put({ name: 'bob' }),
  ]);
  expect([first?.status, third?.status]).toEqual(['fulfilled', 'fulfilled']);
  expect(second).toMatchObject({
    reason: {
      code: 'store_unavailable',
      message: 'cannot use "gate.db": UNIQUE constraint failed: approver.name',
    },
  });
  expect(store.approvers().map(({ name, secret }) => [name, secret])).toEqual([
    ['ann', 's'],
    ['bob', 's'],
  ]);
});

test.each([
  ['alone', 0],
  ['in a group', 3],
])(
  'a work that swallows the error of a statement is rejected all the same, %s',
  async (_name, others) => {
    const store = openScratch(scratchFolder());
    const inflight = {
      decisionId: 'd',
      traceId: 't',
      instance: 'i',
      server: 's',
      tool: 't',
      startedMs: 1,
    };
    const swallowing = store.write('decision', (tx) => {
      tx.append(decision('swallowed'));
      tx.putInflight(inflight);
      try {
        tx.putInflight(inflight);
      } catch {}
    });
    const rest = Array.from({ length: others }, (_, at) =>
      store.write('decision', (tx) => tx.append(decision(`d${at}`))),
    );
    await expect(swallowing).rejects.toMatchObject({
      code: 'store_unavailable',
      message: 'a statement of this transaction has failed',
    });
    await Promise.all(rest);
    expect(store.inflight()).toEqual([]);
    expectSound(store, others);
  },
);

test('a work may catch a refused entry and write a smaller one', async () => {
  const store = openScratch(scratchFolder());
  await store.write('decision', (tx) => {
    try {
      tx.append(decision('d1', { text: 'x'.repeat(70_000) }));
    } catch {
      tx.append(decision('d1', { text: 'too large' }));
    }
  });
  expectSound(store, 1);
});

test('a transaction that is kept past its end can write no more', async () => {
  const store = openScratch(scratchFolder());
  const kept: Tx = await store.write('decision', (tx) => ({ ...tx }));
  expect(() => kept.append(decision('late'))).toThrow(
    '"insertEntry" must run inside a transaction',
  );
  expect(() => kept.takeInflight('d')).toThrow('"takeInflight" must run inside a transaction');
  expectSound(store, 0);
});

test('closing commits what is queued, and nothing after it', async () => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  const queued = [
    store.write('decision', (tx) => tx.append(decision('d1'))),
    store.write('outcome', (tx) => tx.append(decision('d2'))),
  ];
  const closed = store.close();
  const late = store.write('decision', (tx) => tx.append(decision('late')));
  await expect(late).rejects.toMatchObject({
    code: 'store_unavailable',
    message: 'store is closed',
  });
  await Promise.all([...queued, closed, store.close()]);
  expect(() => store.journal.head()).toThrow('store is closed');
  expectSound(openScratch(dir), 2);
});

test('an outcome reaches the disk by a commit of the store itself when none follows', async () => {
  const store = openScratch(scratchFolder());
  await store.write('outcome', (tx) => tx.append(decision('d1')));
  const before = store.version();
  await expect.poll(() => store.version()).toBe(before + 1);
  expectSound(store, 1);
});

test('erased bytes leave the write-ahead log when the store is idle', async () => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  const beside = openBeside(dir);
  const pending = () => beside.prepare('PRAGMA wal_checkpoint(PASSIVE)').get()?.['log'];
  await store.write('decision', (tx) =>
    tx.putPayload({
      id: 'p',
      kind: 'input',
      bytes: Buffer.from('x'),
      salt: Buffer.alloc(32),
      expiresMs: 1,
    }),
  );
  expect(await store.write('decision', (tx) => tx.erasePayloads(2))).toBe(1);
  expect(pending()).toBeGreaterThan(0);
  await expect.poll(pending, { timeout: 8_000, interval: 250 }).toBe(0);
});
