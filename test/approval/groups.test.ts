import { describe, expect, it } from 'vitest';
import {
  addApprover,
  changeMembership,
  removeApprover,
} from '../../src/approval/approvers/approvers.ts';
import type { Approver } from '../../src/approval/approvers/separation.ts';
import { decideApproval } from '../../src/approval/decide.ts';
import { createDesk } from '../../src/approval/desk.ts';
import {
  decision,
  deskScratch,
  hold,
  lastEntry,
  request as requestOf,
  stateOf,
} from './desk-scratch.ts';

const os = { credential: undefined, osUser: 'root' };
const by = (name: string): Approver => ({ kind: 'credential', name });
const yes = (id: string, approver: Approver) =>
  ({ id, verdict: 'approve', approver, reason: undefined }) as const;
const asking = (quorum: number, ...approvers: string[]) => ({
  decision: decision({ quorum, approvers }),
});

/** Alice is in finance, Bob in nothing; both have credentials. */
async function office() {
  const desk = deskScratch();
  const { secret } = await addApprover(desk.parts, 'alice', os, ['finance']);
  const alice = { credential: secret, osUser: 'root' };
  await addApprover(desk.parts, 'bob', alice);
  const change = (how: 'join' | 'leave', name: string, group = 'finance') =>
    changeMembership(desk.parts, how, { name, group }, alice);
  return { ...desk, alice, change };
}

describe('a group that policy names', () => {
  it('is answered by one of it', async () => {
    const { ask, parts, store } = await office();
    const row = await ask(asking(1, 'group:finance'));
    await decideApproval(parts, yes(row.id, by('alice')));
    expect(stateOf(store, row)).toBe('approved');
  });

  it('is not answered by others, nor by a claim or a terminal with the name of one', async () => {
    const { ask, parts, store } = await office();
    const row = await ask(asking(1, 'group:finance'));
    await expect(decideApproval(parts, yes(row.id, by('bob')))).rejects.toMatchObject({
      message: '"bob" is not among the approvers that policy names, nor in group:finance',
    });
    await decideApproval(parts, yes(row.id, { kind: 'claimed', name: 'alice' }));
    const terminal = yes(row.id, { kind: 'terminal', name: 'alice' });
    await expect(decideApproval(parts, terminal)).rejects.toMatchObject({
      code: 'approval_refused',
    });
    expect(stateOf(store, row)).toBe('pending');
  });

  it('is as it stands when the vote is cast', async () => {
    const { ask, parts, store, change } = await office();
    const row = await ask(asking(1, 'group:finance'));
    await change('join', 'bob');
    await change('leave', 'alice');
    await expect(decideApproval(parts, yes(row.id, by('alice')))).rejects.toThrow('nor in');
    await decideApproval(parts, yes(row.id, by('bob')));
    expect(stateOf(store, row)).toBe('approved');
  });

  it.each([
    ['has left it', 'leave'],
    ['has lost the credential', 'remove'],
  ] as const)('counts no yes of somebody who %s before the quorum', async (_, how) => {
    const { ask, parts, store, change, alice } = await office();
    await change('join', 'bob');
    await addApprover(parts, 'carol', alice, ['finance']);
    const row = await ask(asking(2, 'group:finance'));
    await decideApproval(parts, yes(row.id, by('bob')));
    if (how === 'leave') await change('leave', 'bob');
    else await removeApprover(parts, 'bob', alice);
    const decided = await decideApproval(parts, yes(row.id, by('alice')));
    expect(decided).toMatchObject({ votes: 1, needed: 2 });
    await decideApproval(parts, yes(row.id, by('carol')));
    expect(stateOf(store, row)).toBe('approved');
    expect(store.approval(row.id)?.decidedBy).toEqual(['alice', 'carol']);
  });

  it('is changed by those who are in it, once somebody is', async () => {
    const { parts, alice, store } = await office();
    const { secret } = await addApprover(parts, 'carl', alice);
    const carl = { credential: secret, osUser: 'root' };
    const refused = {
      code: 'credential_refused',
      message:
        'who is in group "finance" is up to its members, expected the credential of one of them',
    };
    const finance = (name: string) => ({ name, group: 'finance' });
    const tries = [
      () => changeMembership(parts, 'join', finance('carl'), carl),
      () => changeMembership(parts, 'leave', finance('alice'), carl),
      () => addApprover(parts, 'dora', carl, ['ops', 'group:finance']),
      () => removeApprover(parts, 'alice', carl),
    ];
    for (const attempt of tries) await expect(attempt()).rejects.toMatchObject(refused);
    expect(store.memberships().map(({ group, approver }) => [group, approver])).toEqual([
      ['finance', 'alice'],
    ]);
    expect(store.approvers().map(({ name }) => name)).toEqual(['alice', 'bob', 'carl']);

    await changeMembership(parts, 'join', { name: 'carl', group: 'ops' }, carl);
    await changeMembership(parts, 'join', finance('carl'), alice);
    await removeApprover(parts, 'alice', carl);
    expect(store.memberships().map(({ group, approver }) => [group, approver])).toEqual([
      ['finance', 'carl'],
      ['ops', 'carl'],
    ]);
  });

  it('may stand beside names', async () => {
    const { ask, parts, store } = await office();
    const row = await ask(asking(2, 'group:finance', 'bob'));
    await decideApproval(parts, yes(row.id, by('bob')));
    await decideApproval(parts, yes(row.id, by('alice')));
    expect(stateOf(store, row)).toBe('approved');
  });

  it('holds a grant only as long as those who gave it are in it', async () => {
    const { ask, parts, store, change, desk, clock } = await office();
    const traced = { ...asking(1, 'group:finance') };
    const row = await ask(traced);
    const grant = { arguments: { kind: 'any' }, lifeMs: 60_000, uses: undefined } as const;
    const decided = await decideApproval(parts, { ...yes(row.id, by('alice')), grant });
    expect(decided.grant).toBeDefined();
    const another = { ...traced, canonicalArguments: '{"path":"b"}' };
    const found = () =>
      store.write('decision', (tx) => desk.granted(tx, requestOf(another), clock()));
    expect(await found()).toMatchObject({ id: decided.grant?.id });
    await change('leave', 'alice');
    expect(await found()).toBeUndefined();
  });
});

describe('the list of groups', () => {
  it('is changed by approvers alone, and journaled', async () => {
    const { parts, store, change } = await office();
    const member = { name: 'bob', group: 'finance' };
    await expect(changeMembership(parts, 'join', member, os)).rejects.toMatchObject({
      code: 'credential_refused',
    });
    await change('join', 'bob', 'group:finance');
    expect(lastEntry(store)).toMatchObject({
      ...{ kind: 'approver.grouped', name: 'bob', group: 'finance', by: 'alice' },
    });
    await change('leave', 'bob');
    expect(lastEntry(store)).toMatchObject({ kind: 'approver.ungrouped', name: 'bob' });
    expect(store.memberships()).toMatchObject([{ group: 'finance', approver: 'alice' }]);
  });

  it.each([
    ['somebody who has no credential', 'join', 'carol', 'finance', 'does not exist'],
    ['who is in it', 'join', 'alice', 'finance', 'is in group "finance"'],
    ['who is not in it', 'leave', 'bob', 'finance', 'is not in group "finance"'],
    ['a name that is none', 'join', 'bob', 'fin ance', 'has characters outside'],
  ] as const)('refuses %s', async (_, how, name, group, message) => {
    const { change } = await office();
    await expect(change(how, name, group)).rejects.toThrow(message);
  });

  it('gives a name that comes back no group of before', async () => {
    const { parts, store, alice, change } = await office();
    await change('join', 'bob');
    await removeApprover(parts, 'bob', alice);
    await addApprover(parts, 'bob', alice);
    expect(store.memberships().map((each) => each.approver)).toEqual(['alice']);
  });
});

describe('where a credential is required', () => {
  const strict = { expiresInMs: 900_000, quorum: 1, requireCredential: true };
  const rita: Approver = { kind: 'terminal', name: 'rita' };
  const needed = '"approvals.requireCredential" holds';

  async function askStrictly() {
    const scratch = deskScratch();
    const { store, clock } = scratch;
    const strictDesk = createDesk({ store, clock, defaults: strict, pollMs: 5 });
    const put = (change = {}) =>
      store.write('decision', (tx) => strictDesk.open(tx, requestOf(change), clock()));
    return { ...scratch, put, row: await put() };
  }

  it('a terminal proves nobody, not even before the first approver', async () => {
    const { parts, row, store } = await askStrictly();
    await expect(decideApproval(parts, yes(row.id, rita))).rejects.toMatchObject({
      message: `a terminal proves nobody, for ${needed}: expected the credential of one of them`,
      hint: 'mcp-gate approvers add NAME',
    });
    expect(stateOf(store, row)).toBe('pending');
    await addApprover(parts, 'alice', os);
    await decideApproval(parts, yes(row.id, by('alice')));
    expect(stateOf(store, row)).toBe('approved');
  });

  it('a config that says otherwise by now weakens no question that was put before', async () => {
    const { parts, row, store } = await askStrictly();
    const lax = { ...yes(row.id, rita), requireCredential: false };
    await expect(decideApproval(parts, lax)).rejects.toThrow(needed);
    expect(stateOf(store, row)).toBe('pending');
  });

  it('a config that says so by now counts for questions of before', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask({ decision: decision({ quorum: 2 }) });
    await decideApproval(parts, yes(row.id, rita));
    const now = { ...yes(row.id, { ...rita, name: 'bob' }), requireCredential: true };
    await expect(decideApproval(parts, now)).rejects.toThrow(needed);
    const claim = { ...now, approver: { kind: 'claimed', name: 'x' } } as const;
    expect(await decideApproval(parts, claim)).toMatchObject({ votes: 0 });
    expect(stateOf(store, row)).toBe('pending');
  });

  it('it is bound: a row in which somebody turned it off holds no more', async () => {
    const { parts, row, store } = await askStrictly();
    expect(row.requiresCredential).toBe(true);
    const id = 'ap_zzzzzzzzzz';
    const turned = { ...row, id, callKey: 'other', requiresCredential: false };
    await store.write('decision', (tx) => tx.putApproval(turned));
    await expect(decideApproval(parts, yes(id, rita))).rejects.toThrow('does not hold');
  });

  it('a yes of before is no answer: the call is asked about anew', async () => {
    const { ask, parts, store, put } = await askStrictly();
    const path = { canonicalArguments: '{"path":"c"}' };
    const lax = await ask(path);
    await decideApproval(parts, yes(lax.id, rita));
    const next = await put(path);
    expect(next).toMatchObject({ state: 'pending', requiresCredential: true });
    expect(stateOf(store, lax)).toBe('cancelled');
  });

  it('a held call of before goes on under what it was asked under', async () => {
    const { ask, desk, parts } = await askStrictly();
    const lax = await ask({ canonicalArguments: '{"path":"d"}' });
    const waiting = desk.wait(lax, hold());
    await decideApproval(parts, yes(lax.id, rita));
    expect(await waiting).toMatchObject({ kind: 'approved' });
  });

  it('a grant that was given at a terminal answers nothing', async () => {
    const { clock, parts, row, store } = await askStrictly();
    const { ask } = {
      ask: createDesk({ store, clock, defaults: { ...strict, requireCredential: false } }),
    };
    const lax = await store.write('decision', (tx) =>
      ask.open(tx, requestOf({ canonicalArguments: '{"path":"e"}' }), clock()),
    );
    const grant = { arguments: { kind: 'any' }, lifeMs: 60_000, uses: undefined } as const;
    const decided = await decideApproval(parts, { ...yes(lax.id, rita), grant });
    expect(decided.grant).toBeDefined();
    const another = requestOf({ canonicalArguments: '{"path":"f"}' });
    const strictDesk = createDesk({ store, clock, defaults: strict });
    const found = await store.write('decision', (tx) => [
      ask.granted(tx, another, clock())?.id,
      strictDesk.granted(tx, another, clock())?.id,
    ]);
    expect(found).toEqual([decided.grant?.id, undefined]);
    expect(row.requiresCredential).toBe(true);
  });
});
