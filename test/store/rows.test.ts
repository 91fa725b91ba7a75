import { expect, test } from 'vitest';
import type { BundleRow, InflightRow, InstanceRow, PinRow } from '../../src/store/contract.ts';
import { openBeside, openScratch, scratchFolder } from './scratch.ts';

const pin: PinRow = {
  gate: 'g',
  server: 'files',
  tool: 'read',
  digest: 'sha256:a',
  changedDigest: undefined,
  seenMs: 1,
};

test('a pin is kept per gate, server and tool, and renewed in place', async () => {
  const store = openScratch(scratchFolder());
  const changed = { ...pin, changedDigest: 'sha256:b', seenMs: 2 };
  const other = { ...pin, tool: 'write' };
  await store.write('decision', (tx) => {
    tx.putPin(pin);
    tx.putPin(other);
    tx.putPin({ ...pin, gate: 'h' });
    tx.putPin(changed);
  });
  expect(store.pins('g')).toEqual([changed, other]);
  expect(store.pins('none')).toEqual([]);
  expect(store.pin('g', 'files', 'read')).toEqual(changed);
  expect(store.pin('g', 'files', 'none')).toBeUndefined();
});

test('a bundle is kept as it was put first', async () => {
  const store = openScratch(scratchFolder());
  const bundle: BundleRow = {
    digest: 'sha256:a',
    revision: undefined,
    engine: { gate: '0.1.0', pages: 46 },
    sources: Buffer.from('sources'),
    wasm: Buffer.alloc(100_000, 7),
    createdMs: 5,
  };
  await store.write('decision', (tx) => tx.putBundle(bundle));
  await store.write('decision', (tx) => tx.putBundle({ ...bundle, wasm: Buffer.from('other') }));
  expect(store.bundle('sha256:a')).toEqual(bundle);
  expect(store.bundle('sha256:b')).toBeUndefined();
});

test('an instance is renewed in place and can be removed', async () => {
  const store = openScratch(scratchFolder());
  const instance: InstanceRow = {
    id: 'i1',
    gate: 'g',
    pid: 42,
    processStart: undefined,
    heartbeatMs: 1,
    status: { mode: 'observe' },
  };
  const renewed = { ...instance, processStart: '123', heartbeatMs: 2, status: { mode: 'enforce' } };
  await store.write('outcome', (tx) => tx.putInstance(instance));
  await store.write('outcome', (tx) => tx.putInstance(renewed));
  expect(store.instances()).toEqual([renewed]);
  await store.write('outcome', (tx) => tx.removeInstance('i1'));
  expect(store.instances()).toEqual([]);
});

test('a decision in flight is taken only once, even by two stores', async () => {
  const dir = scratchFolder();
  const [one, two] = [openScratch(dir), openScratch(dir)];
  const inflight: InflightRow = {
    decisionId: 'd1',
    traceId: 't',
    instance: 'i',
    server: 's',
    tool: 'u',
    startedMs: 3,
  };
  await one.write('decision', (tx) => tx.putInflight(inflight));
  expect(two.inflight()).toEqual([inflight]);
  const taken = await Promise.all(
    [one, two, one, two].map((store) => store.write('outcome', (tx) => tx.takeInflight('d1'))),
  );
  expect(taken.filter((isFirst) => isFirst)).toEqual([true]);
  expect(one.inflight()).toEqual([]);
});

test('an approver is listed with the hash, and is removed once', async () => {
  const store = openScratch(scratchFolder());
  const ann = { name: 'ann', secret: 'scrypt:x', createdMs: 1, addedBy: 'terminal' };
  await store.write('decision', (tx) => tx.putApprover(ann));
  expect(store.approvers()).toEqual([ann]);
  const remove = () => store.write('decision', (tx) => tx.removeApprover('ann'));
  expect([await remove(), await remove()]).toEqual([true, false]);
  expect(store.approvers()).toEqual([]);
});

test.each([
  ['a list that is none', "decided_by = 'x'", 'column "decided_by" expected json, got string'],
  ['a list of numbers', "rules = '[1]'", 'column "rules" expected a list of texts, got object'],
  [
    'a state that nobody knows',
    "state = 'open'",
    'column "state" expected one of pending, approved, denied, expired, cancelled, consumed, got string',
  ],
])('%s in the file is an error, not a guess', async (_name, change, message) => {
  const dir = scratchFolder();
  const store = openScratch(dir);
  const empty = {
    callKey: '',
    binding: '',
    gate: '',
    server: '',
    tool: '',
    argumentsPayload: '',
    reason: '',
    requester: '',
    policyDigest: '',
    environment: '',
    traceId: '',
    decisionId: '',
  };
  await store.write('decision', (tx) =>
    tx.putApproval({
      ...empty,
      id: 'a',
      state: 'pending',
      rules: [],
      approvers: [],
      quorum: 1,
      createdMs: 1,
      expiresMs: 2,
      decidedMs: undefined,
      decidedBy: [],
      decisionReason: undefined,
      consumedBy: undefined,
      resultPayload: undefined,
      requiresCredential: false,
      withdrawnBy: undefined,
    }),
  );
  openBeside(dir).exec(`UPDATE approval SET ${change}`);
  expect(() => store.approval('a')).toThrow(
    expect.objectContaining({
      code: 'store_unavailable',
      message: `"gate.db" is damaged: ${message}`,
    }),
  );
});
