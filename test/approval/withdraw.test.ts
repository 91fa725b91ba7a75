import { describe, expect, it } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import {
  type Withdrawal,
  withdraw,
  withdrawApproval,
  withdrawalBy,
} from '../../src/approval/withdraw.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import { deskScratch, hold, kinds, lastEntry, stateOf } from './desk-scratch.ts';

const rita: Withdrawal = { by: 'os:rita', via: 'terminal', reason: 'changed my mind' };
const yes = (id: string) =>
  ({
    id,
    verdict: 'approve',
    approver: { kind: 'credential', name: 'alice' },
    reason: undefined,
  }) as const;
const heldOf = ({ id: approvalId, binding }: ApprovalRow) => ({ approvalId, binding, round: 1 });

describe('a question that its requester takes back', () => {
  it('is cancelled, and the entry says by whom and why', async () => {
    const { ask, parts, store } = deskScratch();
    const { id, binding } = await ask();
    const row = await withdraw(parts, id.slice(0, 8), rita);
    expect(row).toMatchObject({
      state: 'cancelled',
      withdrawnBy: 'os:rita',
      decisionReason: 'changed my mind',
      decidedBy: [],
    });
    expect(lastEntry(store)).toMatchObject({
      ...{ kind: 'approval.cancelled', approval_id: id, binding, withdrawn_by: 'os:rita' },
      ...{ via: 'terminal', was: 'pending', reason: 'changed my mind' },
    });
  });

  it('ends the calls that are held for it, in every process, and nobody is asked anew', async () => {
    const { ask, clock, desk, open, store } = deskScratch();
    const row = await ask();
    const waiting = [desk.wait(row, hold()), desk.wait(row, hold())];
    await withdraw({ store: open(), clock }, row.id, rita);
    for (const verdict of await Promise.all(waiting)) {
      expect(verdict).toMatchObject({ kind: 'withdrawn', approval: { id: row.id } });
    }
    expect(await ask({ awaited: heldOf(row) })).toMatchObject({ id: row.id, state: 'cancelled' });
    expect(kinds(store)).toEqual(['approval.requested', 'approval.cancelled']);
  });

  it('is taken back once, however many do it', async () => {
    const { ask, clock, open, store } = deskScratch();
    const { id } = await ask();
    const stores = [store, open(), open()];
    const tries = stores.flatMap((each) => [each, each]);
    const done = await Promise.allSettled(
      tries.map((each) => withdraw({ store: each, clock }, id, rita)),
    );
    expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(kinds(store)).toEqual(['approval.requested', 'approval.cancelled']);
  });

  it('can be taken back along with whatever else a transaction does', async () => {
    const { ask, clock, store } = deskScratch();
    const { id } = await ask();
    const twice = await store.write('decision', (tx) => [
      withdrawApproval(tx, id, rita, clock()),
      withdrawApproval(tx, id, rita, clock()),
      withdrawApproval(tx, 'ap_uuuuuuuuuu', rita, clock()),
    ]);
    expect(twice).toEqual([true, false, false]);
    expect(kinds(store)).toEqual(['approval.requested', 'approval.cancelled']);
  });

  it('takes the yes with it that nothing has used', async () => {
    const { ask, consume, parts, store } = deskScratch();
    const row = await ask();
    const { approval } = await decideApproval(parts, yes(row.id));
    await withdraw(parts, row.id, rita);
    expect(await consume(approval, 'decision-2')).toBe(false);
    expect(lastEntry(store)).toMatchObject({ kind: 'approval.cancelled', was: 'approved' });
  });

  it('is not answered any more', async () => {
    const { ask, parts } = deskScratch();
    const { id } = await ask();
    await withdraw(parts, id, rita);
    await expect(decideApproval(parts, yes(id))).rejects.toMatchObject({
      message: `approval "${id}" is cancelled, expected pending`,
    });
  });

  it('may be put again by a new call', async () => {
    const { ask, parts } = deskScratch();
    const { id } = await ask();
    await withdraw(parts, id, rita);
    const next = await ask();
    expect(next).toMatchObject({ state: 'pending' });
    expect(next.id).not.toBe(id);
  });

  it('has expired at its expiry, which is marked', async () => {
    const { ask, parts, pass, store } = deskScratch();
    const row = await ask();
    pass(900_000);
    await expect(withdraw(parts, row.id, rita)).rejects.toMatchObject({
      code: 'approval_refused',
      message: `approval "${row.id}" is expired, expected pending or approved`,
    });
    expect(stateOf(store, row)).toBe('expired');
  });

  it('keeps its place when a call has used it up', async () => {
    const { ask, consume, parts, store } = deskScratch();
    const row = await ask();
    const { approval } = await decideApproval(parts, yes(row.id));
    await consume(approval, 'decision-2');
    await expect(withdraw(parts, row.id, rita)).rejects.toMatchObject({ code: 'approval_refused' });
    expect(stateOf(store, row)).toBe('consumed');
  });
});

describe('who may take it back', () => {
  it('is the user of the system that asked, at a terminal', async () => {
    const row = await deskScratch().ask();
    expect(withdrawalBy(row, { kind: 'terminal', name: 'rita' }, 'why')).toEqual({
      ...{ by: 'os:rita', via: 'terminal', reason: 'why' },
    });
  });

  it('is every proven approver', async () => {
    const row = await deskScratch().ask();
    const alice = { kind: 'credential', name: 'alice' } as const;
    expect(withdrawalBy(row, alice, undefined)).toMatchObject({ by: 'approver:alice' });
  });

  it.each([
    ['another user of the system', { kind: 'terminal', name: 'bob' }, 'os:rita'],
    ['a name that nobody proved', { kind: 'claimed', name: 'rita' }, 'os:rita'],
    ['a user of the system with the name of a caller', { kind: 'terminal', name: 'rita' }, 'rita'],
  ] as const)('is not %s', async (_, approver, requester) => {
    const row = await deskScratch().ask({ requester });
    expect(() => withdrawalBy(row, approver, undefined)).toThrow('did not ask for this call');
  });
});
