import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PayloadDraft } from '../../src/store/contract.ts';
import { openBeside, openScratch, scratchFolder } from './scratch.ts';

const draft = (fields: Partial<PayloadDraft> = {}): PayloadDraft => ({
  id: 'p1',
  kind: 'input',
  bytes: Buffer.from('the arguments of a call '.repeat(50)),
  salt: randomBytes(32),
  expiresMs: 2_000,
  ...fields,
});

test.each([
  ['of a kilobyte', Buffer.from('x'.repeat(1_024))],
  ['of no bytes', Buffer.alloc(0)],
  ['of a megabyte', randomBytes(1_048_576)],
])('a payload %s comes back as it was put', async (_name, bytes) => {
  const store = openScratch(scratchFolder());
  await store.write('decision', (tx) => tx.putPayload(draft({ bytes })));
  expect(store.payload('p1')?.equals(bytes)).toBe(true);
  expect(store.payload('p2')).toBeUndefined();
});

test('a payload is gone from the moment it expires', async () => {
  let now = 1_999;
  const store = openScratch(scratchFolder(), { clock: () => now });
  await store.write('decision', (tx) => tx.putPayload(draft()));
  expect(store.payload('p1')).toBeDefined();
  now = 2_000;
  expect(store.payload('p1')).toBeUndefined();
});

test('erasing takes what has expired before the given time, and only that', async () => {
  const dir = scratchFolder();
  const store = openScratch(dir, { clock: () => 0 });
  await store.write('decision', (tx) => {
    tx.putPayload(draft({ id: 'a', expiresMs: 99 }));
    tx.putPayload(draft({ id: 'b', expiresMs: 100 }));
  });
  expect(await store.write('decision', (tx) => tx.erasePayloads(100))).toBe(1);
  expect(store.payload('a')).toBeUndefined();
  expect(store.payload('b')).toBeDefined();
  const count = (table: string) =>
    openBeside(dir).prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count'];
  expect([count('payload'), count('payload_key')]).toEqual([1, 1]);
});

test('neither bytes nor salt are in the files, and after erasing the key is not either', async () => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  const salt = randomBytes(32);
  await store.write('decision', (tx) => tx.putPayload(draft({ salt })));
  const beside = openBeside(dir);
  const secret = Buffer.from(
    beside.prepare('SELECT secret FROM payload_key').get()?.['secret'] as Uint8Array,
  );
  await store.close();
  const kept = readFileSync(join(dir, 'gate.db'));
  expect(kept.includes(secret)).toBe(true);
  expect(kept.includes('the arguments of a call')).toBe(false);
  expect(kept.includes(salt)).toBe(false);

  const again = openScratch(dir);
  await again.write('decision', (tx) => tx.erasePayloads(9_999));
  await again.close();
  expect(readFileSync(join(dir, 'gate.db')).includes(secret)).toBe(false);
});

test('while the store is open, its log holds no plain text', async () => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  const salt = randomBytes(32);
  await store.write('decision', (tx) => tx.putPayload(draft({ salt })));
  // Reading drops this process's locks, which is why the store is used no more after it.
  const log = readFileSync(join(dir, 'gate.db-wal'));
  expect(log.length).toBeGreaterThan(0);
  expect(log.includes('the arguments of a call')).toBe(false);
  expect(log.includes(salt)).toBe(false);
});

test.each([
  ['whose bytes were changed', 'UPDATE payload SET sealed = zeroblob(length(sealed))'],
  ['whose key was changed', 'UPDATE payload_key SET secret = zeroblob(32)'],
  ['that was put in the place of another', "UPDATE payload SET kind = 'result'"],
])('a payload %s is refused', async (_name, change) => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  await store.write('decision', (tx) => tx.putPayload(draft()));
  openBeside(dir).exec(change);
  expect(() => store.payload('p1')).toThrow(
    expect.objectContaining({
      code: 'store_unavailable',
      message: '"gate.db" is damaged: payload "p1"',
    }),
  );
});

test('a salt of another size is refused', async () => {
  const store = openScratch(scratchFolder());
  await expect(
    store.write('decision', (tx) => tx.putPayload(draft({ salt: Buffer.alloc(16) }))),
  ).rejects.toMatchObject({ code: 'usage', message: 'payload salt has 16 bytes, expected 32' });
});
