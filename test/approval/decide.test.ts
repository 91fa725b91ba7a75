import { describe, expect, it } from 'vitest';
import type { Approver } from '../../src/approval/approvers/separation.ts';
import { decideApproval } from '../../src/approval/decide.ts';
import { decision, deskScratch, kinds, lastEntry, stateOf } from './desk-scratch.ts';

const alice: Approver = { kind: 'credential', name: 'alice' };
const bob: Approver = { kind: 'credential', name: 'bob' };
const carol: Approver = { kind: 'claimed', name: 'carol' };
const rita: Approver = { kind: 'terminal', name: 'rita' };

const yes = (id: string, approver: Approver) =>
  ({ id, verdict: 'approve', approver, reason: 'looked at it' }) as const;
const no = (id: string, approver: Approver) =>
  ({ id, verdict: 'deny', approver, reason: undefined }) as const;

describe('a decision', () => {
  it('approves with one proven yes', async () => {
    const { ask, parts, store } = deskScratch();
    const { id, binding } = await ask();
    const decided = await decideApproval(parts, yes(id, alice));
    expect(decided).toMatchObject({ counted: true, votes: 1, needed: 1 });
    expect(decided.approval).toMatchObject({
      state: 'approved',
      decidedBy: ['alice'],
      decisionReason: 'looked at it',
    });
    expect(store.votes(id)).toMatchObject([
      { approver: 'alice', verified: true, via: 'credential', verdict: 'approve' },
    ]);
    expect(lastEntry(store)).toMatchObject({
      kind: 'approval.approved',
      approval_id: id,
      binding,
      approvers: ['alice'],
      reason: 'looked at it',
      votes: 1,
      needed: 1,
    });
  });

  it('denies at once, whatever the quorum', async () => {
    const { ask, parts, store } = deskScratch();
    const { id } = await ask({ decision: decision({ quorum: 3 }) });
    await decideApproval(parts, yes(id, bob));
    const { approval } = await decideApproval(parts, no(id, alice));
    expect(approval).toMatchObject({ state: 'denied', decidedBy: ['alice'] });
    expect(lastEntry(store)).toMatchObject({ kind: 'approval.denied', approver: 'alice' });
  });

  it.each(['approve', 'deny'] as const)('is made once: then %s is refused', async (verdict) => {
    const { ask, parts, store } = deskScratch();
    const { id } = await ask();
    await decideApproval(parts, no(id, alice));
    await expect(decideApproval(parts, { ...yes(id, bob), verdict })).rejects.toMatchObject({
      code: 'approval_refused',
      message: `approval "${id}" is denied, expected pending`,
    });
    expect(kinds(store)).toEqual(['approval.requested', 'approval.denied']);
  });

  it('comes too late at the expiry, which is marked', async () => {
    const { ask, parts, pass, store } = deskScratch();
    const row = await ask();
    pass(900_000);
    await expect(decideApproval(parts, yes(row.id, alice))).rejects.toMatchObject({
      code: 'approval_refused',
      message: `approval "${row.id}" is expired, expected pending`,
    });
    expect(stateOf(store, row)).toBe('expired');
    expect(lastEntry(store)).toMatchObject({ kind: 'approval.expired', approval_id: row.id });
  });

  it('is refused when nobody can see any more what would run', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask();
    await store.write('decision', (tx) => tx.erasePayloads(Number.MAX_SAFE_INTEGER));
    await expect(decideApproval(parts, yes(row.id, alice))).rejects.toMatchObject({
      code: 'approval_refused',
      message: `approval "${row.id}" does not hold: its stored call was changed or erased`,
    });
    expect(stateOf(store, row)).toBe('pending');
  });

  it('keeps no reason of any length', async () => {
    const { ask, parts } = deskScratch();
    const { id } = await ask();
    const reason = 'x'.repeat(2001);
    await expect(decideApproval(parts, { ...yes(id, alice), reason })).rejects.toMatchObject({
      code: 'usage',
      message: '"reason" has 2001 characters, expected at most 2000',
    });
  });

  it('takes a reason that is not well-formed text', async () => {
    const { ask, parts, store } = deskScratch();
    const { id } = await ask();
    await decideApproval(parts, { ...yes(id, alice), reason: 'a\ud800' });
    expect(lastEntry(store)).toMatchObject({ kind: 'approval.approved', reason: 'a\ufffd' });
  });
});

describe('the id', () => {
  it.each([
    ['beginning', (id: string) => id.slice(0, 6)],
    ['upper case', (id: string) => id.toUpperCase()],
    ['letters that look like digits', (id: string) => id.replaceAll('1', 'l').replaceAll('0', 'O')],
  ])('may be given as its %s', async (_, typed) => {
    const { ask, parts } = deskScratch();
    const { id } = await ask();
    expect((await decideApproval(parts, yes(typed(id), alice))).approval.id).toBe(id);
  });

  it.each([
    ['too short', (id: string) => id.slice(0, 5)],
    ['without its prefix', (id: string) => id.slice(3)],
    ['unknown', () => 'ap_uuuuuuuuuu'],
    ['empty', () => ''],
    ['a pattern', () => 'ap_%%%'],
  ])('is not found when %s', async (_, typed) => {
    const { ask, parts } = deskScratch();
    const { id } = await ask();
    await expect(decideApproval(parts, yes(typed(id), alice))).rejects.toMatchObject({
      code: 'not_found',
      message: `approval "${typed(id)}" does not exist`,
    });
  });

  it('is not found when two begin like it, decided or not', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask();
    for (const id of ['ap_zzz0000000', 'ap_zzz1111111']) {
      await store.write('decision', (tx) => tx.putApproval({ ...row, id }));
    }
    await store.write('decision', (tx) =>
      tx.moveApproval('ap_zzz1111111', 'pending', { state: 'cancelled' }),
    );
    await expect(decideApproval(parts, yes('ap_zzz', alice))).rejects.toMatchObject({
      code: 'not_found',
      message: 'approval "ap_zzz" names more than one, expected more of the id',
    });
  });
});

describe('a quorum of two', () => {
  const two = { decision: decision({ quorum: 2 }) };

  it('is reached by two proven names', async () => {
    const { ask, parts, store } = deskScratch();
    const { id } = await ask(two);
    const first = await decideApproval(parts, yes(id, alice));
    expect(first).toMatchObject({ counted: true, votes: 1, needed: 2 });
    expect(first.approval.state).toBe('pending');
    expect(lastEntry(store)).toMatchObject({ kind: 'approval.voted', votes: 1, needed: 2 });
    const second = await decideApproval(parts, yes(id, bob));
    expect(second.approval).toMatchObject({ state: 'approved', decidedBy: ['alice', 'bob'] });
    expect(lastEntry(store)).toMatchObject({ approvers: ['alice', 'bob'], votes: 2 });
  });

  it('is not reached by one name twice, whatever proves it', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask(two);
    await decideApproval(parts, yes(row.id, alice));
    await decideApproval(parts, yes(row.id, alice));
    const again = await decideApproval(parts, yes(row.id, { kind: 'terminal', name: 'alice' }));
    expect(again).toMatchObject({ votes: 1, needed: 2 });
    expect(stateOf(store, row)).toBe('pending');
    expect(kinds(store)).toEqual(['approval.requested', 'approval.voted']);
  });

  it('is not reached with a claimed name', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask(two);
    await decideApproval(parts, yes(row.id, alice));
    const claimed = await decideApproval(parts, yes(row.id, carol));
    expect(claimed).toMatchObject({ counted: false, votes: 1, needed: 2 });
    expect(stateOf(store, row)).toBe('pending');
    expect(lastEntry(store)).toMatchObject({
      kind: 'approval.voted',
      approver: 'carol',
      verified: false,
    });
  });
});

describe('a claimed name', () => {
  it('does not approve, not even for a quorum of one', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask();
    const decided = await decideApproval(parts, yes(row.id, carol));
    expect(decided).toMatchObject({ counted: false, votes: 0, needed: 1 });
    expect(stateOf(store, row)).toBe('pending');
    expect(store.votes(row.id)).toMatchObject([{ approver: 'carol', verified: false }]);
  });

  it('takes nothing from the proven vote of the same name', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask({ decision: decision({ quorum: 2 }) });
    await decideApproval(parts, yes(row.id, { kind: 'claimed', name: 'alice' }));
    await decideApproval(parts, yes(row.id, alice));
    await decideApproval(parts, yes(row.id, { kind: 'claimed', name: 'alice' }));
    await decideApproval(parts, yes(row.id, bob));
    expect(stateOf(store, row)).toBe('approved');
  });

  it('may deny, and the entry says that nobody proved it', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask();
    await decideApproval(parts, no(row.id, carol));
    expect(stateOf(store, row)).toBe('denied');
    expect(lastEntry(store)).toMatchObject({ approver: 'carol', verified: false });
  });
});

describe('separation of duty', () => {
  const own = '"rita" asked for this call, expected another person to approve it';
  const rows: readonly (readonly [
    claim: string,
    requester: string,
    approver: Approver,
    message: string | undefined,
    hint: string | undefined,
  ])[] = [
    [
      'lets the desktop user at a terminal approve their own call',
      'os:rita',
      rita,
      undefined,
      undefined,
    ],
    [
      'refuses the requester by credential, and says what its name has to do with it',
      'os:rita',
      { kind: 'credential', name: 'rita' },
      own,
      'the credential has the name of the system user whose agent asked; issue one under another name: mcp-gate approvers add NAME',
    ],
    [
      'refuses a requester with the same full name',
      'rita',
      { kind: 'credential', name: 'rita' },
      own,
      undefined,
    ],
    ['refuses a remote requester at a terminal', 'https://id.example|rita', rita, own, undefined],
    ['lets another person approve', 'os:rita', alice, undefined, undefined],
  ];
  it.each(rows)('%s', async (_, requester, approver, message, hint) => {
    const { ask, parts, store } = deskScratch();
    const row = await ask({ requester });
    const decided = decideApproval(parts, yes(row.id, approver));
    if (message === undefined) await decided;
    else await expect(decided).rejects.toMatchObject({ code: 'approval_refused', message, hint });
    expect(stateOf(store, row)).toBe(message === undefined ? 'approved' : 'pending');
    expect(store.votes(row.id)).toHaveLength(message === undefined ? 1 : 0);
  });

  it('lets requesters withdraw their own call', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask();
    await decideApproval(parts, no(row.id, { kind: 'credential', name: 'rita' }));
    expect(stateOf(store, row)).toBe('denied');
  });
});

describe('a terminal', () => {
  const proves =
    'a terminal proves nobody, for there are approvers: expected the credential of one of them';
  const dana = { name: 'dana', secret: 'hash', createdMs: 0, addedBy: 'os:rita' };

  it('proves nobody once there are approvers', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask();
    await store.write('decision', (tx) => tx.putApprover(dana));
    await expect(decideApproval(parts, yes(row.id, rita))).rejects.toMatchObject({
      code: 'approval_refused',
      message: proves,
      hint: 'set MCP_GATE_APPROVER=NAME:SECRET',
    });
    expect([stateOf(store, row), store.votes(row.id)]).toEqual(['pending', []]);
  });

  it('proves nobody when the first approver was added in the same moment', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask();
    const added = store.write('decision', (tx) => tx.putApprover(dana));
    await expect(decideApproval(parts, yes(row.id, rita))).rejects.toThrow(proves);
    await added;
    expect(stateOf(store, row)).toBe('pending');
  });

  it('is enough to deny', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask();
    await store.write('decision', (tx) => tx.putApprover(dana));
    await decideApproval(parts, no(row.id, rita));
    expect(stateOf(store, row)).toBe('denied');
  });

  it('counts for no quorum once there are approvers, as early as its yes was', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask({ decision: decision({ quorum: 2 }) });
    expect(await decideApproval(parts, yes(row.id, rita))).toMatchObject({ votes: 1 });
    await store.write('decision', (tx) => {
      for (const name of ['dana', 'alice', 'bob']) tx.putApprover({ ...dana, name });
    });
    expect(await decideApproval(parts, yes(row.id, alice))).toMatchObject({ votes: 1, needed: 2 });
    expect(stateOf(store, row)).toBe('pending');
    await decideApproval(parts, yes(row.id, bob));
    expect(stateOf(store, row)).toBe('approved');
  });
});

describe('approvers that policy names', () => {
  const stranger = '"bob" is not among the approvers that policy names';
  const rows: readonly (readonly [string, readonly string[], Approver, string | undefined])[] = [
    ['may approve', ['alice'], alice, undefined],
    ['may approve at a terminal', ['rita'], rita, undefined],
    ['may be named as users of the system', ['os:rita'], rita, undefined],
    ['are not users of the system by credential', ['os:bob'], bob, stranger],
    ['shut others out', ['alice', 'carol'], bob, stranger],
    ['are matched whole', ['bo', 'bobby', 'BOB'], bob, stranger],
    ['shut out who is in no group', ['group:ops'], bob, `${stranger}, nor in group:ops`],
    ['may stand beside a group', ['group:ops', 'bob'], bob, undefined],
  ];
  it.each(rows)('%s', async (_, approvers, approver, message) => {
    const { ask, parts, store } = deskScratch();
    const row = await ask({ decision: decision({ approvers: [...approvers] }) });
    const decided = decideApproval(parts, yes(row.id, approver));
    if (message === undefined) await decided;
    else await expect(decided).rejects.toMatchObject({ code: 'approval_refused', message });
    expect(stateOf(store, row)).toBe(message === undefined ? 'approved' : 'pending');
  });

  it('are not replaced by a claim to be one of them', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask({ decision: decision({ approvers: ['carol'] }) });
    await decideApproval(parts, yes(row.id, carol));
    expect(stateOf(store, row)).toBe('pending');
  });
});

describe('two stores on one folder', () => {
  it('have one winner for opposite verdicts', async () => {
    const { ask, clock, open, store } = deskScratch();
    const other = open();
    for (let round = 0; round < 10; round += 1) {
      const row = await ask({ canonicalArguments: `{"round":${round}}` });
      const results = await Promise.allSettled([
        decideApproval({ store, clock }, yes(row.id, alice)),
        decideApproval({ store: other, clock }, no(row.id, bob)),
      ]);
      expect(results.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
      expect(store.votes(row.id)).toHaveLength(1);
      expect(stateOf(store, row)).toBe(results[0].status === 'fulfilled' ? 'approved' : 'denied');
    }
    expect(kinds(store)).toHaveLength(20);
  });

  it('ask once for two identical calls', async () => {
    const { ask, open, store } = deskScratch();
    const other = open();
    const rows = await Promise.all([ask(), ask({}, other), ask(), ask({}, other)]);
    expect(new Set(rows.map((row) => row.id)).size).toBe(1);
    expect(kinds(store)).toEqual(['approval.requested']);
  });

  it('consume an approval once', async () => {
    const { ask, consume, open, parts, store } = deskScratch();
    const other = open();
    const { id } = await ask();
    await decideApproval(parts, yes(id, alice));
    const row = await ask();
    const won = await Promise.all([
      consume(row, 'decision-2', other),
      consume(row, 'decision-3'),
      consume(row, 'decision-4', other),
    ]);
    expect(won.filter((each) => each)).toHaveLength(1);
    expect(kinds(store).filter((kind) => kind === 'approval.consumed')).toHaveLength(1);
  });

  it('count two yeses that arrive together', async () => {
    const { ask, clock, open, store } = deskScratch();
    const other = open();
    const row = await ask({ decision: decision({ quorum: 2 }) });
    await Promise.all([
      decideApproval({ store, clock }, yes(row.id, alice)),
      decideApproval({ store: other, clock }, yes(row.id, bob)),
    ]);
    expect(stateOf(store, row)).toBe('approved');
    expect(kinds(store)).toEqual(['approval.requested', 'approval.voted', 'approval.approved']);
  });
});
