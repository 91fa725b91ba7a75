import { expect, test } from 'vitest';
import type { ApprovalRow, ApprovalState, VoteRow } from '../../src/store/approval-contract.ts';
import { decision, openScratch, scratchFolder } from './scratch.ts';

const pending: ApprovalRow = {
  id: 'a1',
  state: 'pending',
  callKey: 'call',
  binding: 'sha256:binding',
  gate: 'gate',
  server: 'files',
  tool: 'write_file',
  argumentsPayload: 'p1',
  reason: 'writes outside the workspace',
  rules: ['files.write', 'files.outside'],
  requester: 'user',
  approvers: [],
  quorum: 2,
  policyDigest: 'sha256:policy',
  environment: 'dev',
  traceId: 'trace',
  decisionId: 'd1',
  createdMs: 10,
  expiresMs: 1_000,
  decidedMs: undefined,
  decidedBy: [],
  decisionReason: undefined,
  consumedBy: undefined,
  resultPayload: undefined,
  requiresCredential: true,
  withdrawnBy: undefined,
};

test('an approval comes back as it was put', async () => {
  const store = openScratch(scratchFolder());
  const approved: ApprovalRow = {
    ...pending,
    id: 'a2',
    state: 'approved',
    approvers: ['ann', 'bob'],
    decidedMs: 20,
    decidedBy: ['ann'],
    decisionReason: 'fine',
    consumedBy: 'd2',
    resultPayload: 'p2',
  };
  await store.write('decision', (tx) => {
    tx.putApproval(pending);
    tx.putApproval(approved);
  });
  expect(store.approval('a1')).toEqual(pending);
  expect(store.approval('a2')).toEqual(approved);
  expect(store.approval('a3')).toBeUndefined();
});

test('of many that move the same approval, in two stores, exactly one wins', async () => {
  const dir = scratchFolder();
  const stores = [openScratch(dir), openScratch(dir)];
  await stores[0]?.write('decision', (tx) => {
    for (let at = 0; at < 40; at += 1) tx.putApproval({ ...pending, id: `a${at}` });
  });
  const verdicts: ApprovalState[] = ['approved', 'denied'];
  const wins = await Promise.all(
    Array.from({ length: 40 }, (_, at) =>
      Promise.all(
        stores.flatMap((store, who) =>
          verdicts.map((state) =>
            store.write('decision', (tx) => {
              const change = { state, decidedMs: 20, decidedBy: [`s${who}`] };
              const isFirst = tx.moveApproval(`a${at}`, 'pending', change);
              if (isFirst) tx.append(decision(`${at}`, { who }));
              return isFirst;
            }),
          ),
        ),
      ),
    ),
  );
  expect(wins.map((each) => each.filter((isFirst) => isFirst).length)).toEqual(Array(40).fill(1));
  expect(stores[0]?.journal.head().size).toBe(40);
  expect(stores[1]?.approvals(['pending'])).toEqual([]);
});

test('an approval is consumed only once', async () => {
  const store = openScratch(scratchFolder());
  await store.write('decision', (tx) => tx.putApproval({ ...pending, state: 'approved' }));
  const consume = (by: string) =>
    store.write('decision', (tx) =>
      tx.moveApproval('a1', 'approved', { state: 'consumed', consumedBy: by }),
    );
  expect(await Promise.all([consume('d1'), consume('d2'), consume('d3')])).toEqual([
    true,
    false,
    false,
  ]);
  expect(store.approval('a1')).toMatchObject({ state: 'consumed', consumedBy: 'd1' });
});

test('a move changes what it names and leaves the rest', async () => {
  const store = openScratch(scratchFolder());
  const move = (from: ApprovalState, change: Parameters<typeof pick>[0]) =>
    store.write('decision', (tx) => tx.moveApproval('a1', from, change));
  const pick = (change: { state: ApprovalState; resultPayload?: string | null }) => change;
  await store.write('decision', (tx) =>
    tx.putApproval({
      ...pending,
      state: 'approved',
      decidedMs: 20,
      decidedBy: ['ann'],
      decisionReason: 'fine',
    }),
  );
  await move('approved', { state: 'consumed', resultPayload: 'p9' });
  expect(store.approval('a1')).toMatchObject({
    decidedMs: 20,
    decidedBy: ['ann'],
    decisionReason: 'fine',
    resultPayload: 'p9',
  });
  await move('consumed', { state: 'consumed' });
  expect(store.approval('a1')?.resultPayload).toBe('p9');
  await move('consumed', { state: 'consumed', resultPayload: null });
  expect(store.approval('a1')?.resultPayload).toBeUndefined();
});

test.each([
  ['pending', 'consumed'],
  ['approved', 'denied'],
  ['denied', 'approved'],
  ['expired', 'approved'],
  ['cancelled', 'pending'],
  ['consumed', 'approved'],
] as const)('an approval never moves from %s to %s', async (from, to) => {
  const store = openScratch(scratchFolder());
  await store.write('decision', (tx) => tx.putApproval({ ...pending, state: from }));
  await expect(
    store.write('decision', (tx) => tx.moveApproval('a1', from, { state: to })),
  ).rejects.toMatchObject({
    code: 'approval_refused',
    message: `approval cannot move from "${from}" to "${to}"`,
  });
  expect(store.approval('a1')?.state).toBe(from);
});

test('an identical call finds the newest approval that is not over', async () => {
  const store = openScratch(scratchFolder());
  const put = (id: string, state: ApprovalState, createdMs: number, expiresMs: number) =>
    store.write('decision', (tx) =>
      tx.putApproval({ ...pending, id, state, createdMs, expiresMs }),
    );
  const find = (nowMs: number) =>
    store.write('decision', (tx) => tx.approvalFor('call', nowMs)?.id);
  await put('old', 'denied', 1, 100);
  await put('new', 'pending', 2, 50);
  await put('over', 'consumed', 3, 100);
  expect(await find(49)).toBe('new');
  expect(await find(50)).toBe('old');
  expect(await find(100)).toBeUndefined();
  expect(await store.write('decision', (tx) => tx.lastApproval('call')?.id)).toBe('over');
  expect(await store.write('decision', (tx) => tx.lastApproval('other'))).toBeUndefined();
});

test('the newest approval that was used up is found behind what was asked since', async () => {
  const store = openScratch(scratchFolder());
  const last = () => store.write('decision', (tx) => tx.lastConsumed('call')?.id);
  const put = (id: string, state: ApprovalRow['state'], createdMs: number) =>
    store.write('decision', (tx) => tx.putApproval({ ...pending, id, state, createdMs }));
  await put('asked', 'pending', 1);
  expect(await last()).toBeUndefined();
  await put('used', 'consumed', 2);
  await put('used-later', 'consumed', 3);
  await put('asked-again', 'pending', 4);
  expect(await last()).toBe('used-later');
});

test('the keys that begin alike are found once each, and no others', async () => {
  const store = openScratch(scratchFolder());
  const keys = ['a/1', 'a/1', 'a/2', 'a', 'a0', 'ab/1', 'b/1'];
  await store.write('decision', (tx) => {
    for (const [at, callKey] of keys.entries())
      tx.putApproval({ ...pending, id: `${at}`, callKey });
  });
  const from = (start: string) => store.write('decision', (tx) => tx.callKeysFrom(start));
  expect(await from('a/')).toEqual(['a/1', 'a/2']);
  expect(await from('c/')).toEqual([]);
  await store.write('decision', (tx) => {
    for (let at = 0; at < 200; at += 1) {
      tx.putApproval({ ...pending, id: `many-${at}`, callKey: `many/${at}` });
    }
  });
  expect(await from('many/')).toHaveLength(100);
});

test('approvals are listed by state, oldest first', async () => {
  const store = openScratch(scratchFolder());
  await store.write('decision', (tx) => {
    tx.putApproval({ ...pending, id: 'c', createdMs: 1 });
    tx.putApproval({ ...pending, id: 'b', createdMs: 3, state: 'denied' });
    tx.putApproval({ ...pending, id: 'a', createdMs: 2, state: 'approved' });
  });
  const ids = (rows: readonly ApprovalRow[]) => rows.map((row) => row.id);
  expect(ids(store.approvals(undefined))).toEqual(['c', 'a', 'b']);
  expect(ids(store.approvals(['denied', 'pending']))).toEqual(['c', 'b']);
  expect(ids(store.approvals([]))).toEqual([]);
});

test('an approver may vote anew, but a name that nobody proved replaces no proven vote', async () => {
  const store = openScratch(scratchFolder());
  const vote: VoteRow = {
    approvalId: 'a1',
    approver: 'ann',
    verified: true,
    via: 'credential',
    verdict: 'approve',
    reason: undefined,
    atMs: 1,
  };
  const claimed: VoteRow = { ...vote, verified: false, via: 'terminal', verdict: 'deny', atMs: 2 };
  const changed: VoteRow = { ...vote, verdict: 'deny', reason: 'not today', atMs: 3 };
  await store.write('decision', (tx) => {
    tx.putApproval(pending);
    tx.putVote(vote);
    tx.putVote(claimed);
  });
  expect(store.votes('a1')).toEqual([vote, claimed]);
  await store.write('decision', (tx) => tx.putVote(changed));
  expect(store.votes('a1')).toEqual([claimed, changed]);
});

test('a vote on an approval that does not exist is refused', async () => {
  const store = openScratch(scratchFolder());
  const vote: VoteRow = {
    approvalId: 'none',
    approver: 'ann',
    verified: true,
    via: 'terminal',
    verdict: 'approve',
    reason: undefined,
    atMs: 1,
  };
  await expect(store.write('decision', (tx) => tx.putVote(vote))).rejects.toMatchObject({
    code: 'store_unavailable',
    message: 'cannot use "gate.db": FOREIGN KEY constraint failed',
  });
});
