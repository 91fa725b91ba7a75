import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { decision, expectSound, openBeside, openScratch, scratchFolder } from './scratch.ts';

test('a write waits while another connection holds the lock, then succeeds', async () => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  const beside = openBeside(dir);
  beside.exec('BEGIN IMMEDIATE');
  let isDone = false;
  const write = store
    .write('decision', (tx) => tx.append(decision('d1')))
    .then(() => {
      isDone = true;
    });
  await wait(50);
  const joining = store.write('decision', (tx) => tx.append(decision('d2')));
  expect(isDone).toBe(false);
  expect(store.journal.head().size).toBe(0);
  beside.exec('COMMIT');
  await Promise.all([write, joining]);
  expectSound(store, 2);
});

test('a lock that stays refuses the whole group after two seconds, and nothing of it is kept', async () => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  const beside = openBeside(dir);
  beside.exec('BEGIN IMMEDIATE');
  const writes = ['d1', 'd2'].map((id) => store.write('decision', (tx) => tx.append(decision(id))));
  for (const write of writes) {
    await expect(write).rejects.toMatchObject({
      code: 'store_unavailable',
      message: 'another process has kept "gate.db" locked for 2000 ms',
      cause: { cause: { errcode: 5 } },
    });
  }
  beside.exec('COMMIT');
  await store.write('decision', (tx) => tx.append(decision('d3')));
  expect(store.journal.decision('d1')).toBeUndefined();
  expectSound(store, 1);
});

test('closing waits for the lock too', async () => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  const beside = openBeside(dir);
  beside.exec('BEGIN IMMEDIATE');
  const write = store.write('decision', (tx) => tx.append(decision('d1')));
  const closed = store.close();
  await wait(20);
  beside.exec('COMMIT');
  await Promise.all([write, closed]);
  expectSound(openScratch(dir), 1);
});

test('more than 10,000 waiting writes are refused at once', async () => {
  const store = openScratch(scratchFolder());
  const writes = Array.from({ length: 10_001 }, () => store.write('outcome', () => 'kept'));
  await expect(writes[10_000]).rejects.toMatchObject({
    code: 'store_unavailable',
    message: '10000 writes are waiting already',
  });
  expect(await writes[9_999]).toBe('kept');
});
