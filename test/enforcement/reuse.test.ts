import { expect, it } from 'vitest';
import {
  findReusable,
  keepReusable,
  maxReusableBytes,
  type ReuseParts,
  reuseKey,
} from '../../src/enforcement/reuse.ts';
import { controlScratch } from '../control/scratch.ts';

const parts: ReuseParts = {
  gate: 'gate',
  scope: 'os:rita',
  environment: 'dev',
  action: 'tools/call',
  server: 'files',
  tool: 'read',
  pin: 'sha256:pin',
  canonicalArguments: '{"path":"/a"}',
  policyDigest: 'sha256:policy',
  obligations: [{ type: 'redact', classes: ['pci'] }],
};

it('equal calls have one key, however their obligations are written', () => {
  const obligations = [{ classes: ['pci'], type: 'redact' }];
  expect(reuseKey({ ...parts, obligations })).toBe(reuseKey({ ...parts }));
});

it.each<[keyof ReuseParts, Partial<ReuseParts>]>([
  ['gate', { gate: 'other' }],
  ['scope', { scope: 'os:max' }],
  ['environment', { environment: 'prod' }],
  ['action', { action: 'resources/read' }],
  ['server', { server: 'mail' }],
  ['tool', { tool: 'stat' }],
  ['pin', { pin: undefined }],
  ['canonicalArguments', { canonicalArguments: '{"path":"/b"}' }],
  ['policyDigest', { policyDigest: 'sha256:next' }],
  ['obligations', { obligations: [] }],
])('another %s is another key', (_, change) => {
  expect(reuseKey({ ...parts, ...change })).not.toBe(reuseKey(parts));
});

const bytes = Buffer.from('{"content":[]}');

it('a result is found until its time is over, and is then gone from the store', async () => {
  const { store, write, now, pass } = controlScratch();
  const key = reuseKey(parts);
  expect(findReusable(store, key, now())).toBeUndefined();
  const kept = await write((tx) => keepReusable(tx, key, { decisionId: 'd1', bytes }, 1000, now()));
  expect(kept).toBe(true);
  pass(999);
  expect(findReusable(store, key, now())).toEqual({ decisionId: 'd1', bytes });
  pass(1);
  expect(findReusable(store, key, now())).toBeUndefined();
  pass(1);
  expect(await write((tx) => tx.erasePayloads(now()))).toBe(1);
  expect(store.reusable(key)).toBeUndefined();
});

it('the newest result counts', async () => {
  const { store, write, now } = controlScratch();
  for (const decisionId of ['d1', 'd2']) {
    await write((tx) => keepReusable(tx, 'k', { decisionId, bytes }, 1000, now()));
  }
  expect(findReusable(store, 'k', now())?.decisionId).toBe('d2');
});

it('one whose bytes were erased is a miss', async () => {
  const { store, write, now, pass } = controlScratch();
  await write((tx) => keepReusable(tx, 'k', { decisionId: 'd1', bytes }, 1000, now()));
  const row = store.reusable('k');
  pass(2000);
  await write((tx) => tx.erasePayloads(now()));
  await write((tx) => row && tx.putReusable({ ...row, expiresMs: now() + 1000 }));
  expect(findReusable(store, 'k', now())).toBeUndefined();
});

it('one that is too large is not kept', async () => {
  const { store, write, now } = controlScratch();
  const large = { decisionId: 'd1', bytes: Buffer.alloc(maxReusableBytes + 1) };
  expect(await write((tx) => keepReusable(tx, 'k', large, 1000, now()))).toBe(false);
  expect(findReusable(store, 'k', now())).toBeUndefined();
});
