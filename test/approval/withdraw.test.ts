import { describe, expect, it } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { withdrawApproval } from '../../src/approval/withdraw.ts';
import { decision, deskScratch, hold, kinds, lastEntry, stateOf } from './desk-scratch.ts';

const alice = { kind: 'credential', name: 'alice' } as const;

describe('a question that is taken back', () => {
  it('is over for everybody who waits for it, with an entry', async () => {
    const { ask, desk, parts, store } = deskScratch();
    const row = await ask();
    const waits = [desk.wait(row, hold()), desk.wait(row, hold())];
    expect(await withdrawApproval(parts, row.id)).toBe(true);
    for (const verdict of await Promise.all(waits)) expect(verdict.kind).toBe('withdrawn');
    expect(lastEntry(store)).toMatchObject({
      kind: 'approval.cancelled',
      approval_id: row.id,
      withdrawn_by: 'os:rita',
      via: 'client',
      verified: false,
    });
    // The same call may be asked about anew.
    expect((await ask()).id).not.toBe(row.id);
  });

  it('is taken back once, and only while nobody has decided it', async () => {
    const { ask, parts, store } = deskScratch();
    const row = await ask();
    await decideApproval(parts, {
      id: row.id,
      verdict: 'approve',
      approver: alice,
      reason: 'fine',
    });
    expect(await withdrawApproval(parts, row.id)).toBe(false);
    expect(stateOf(store, row)).toBe('approved');
    expect(await withdrawApproval(parts, row.id, ['pending', 'approved'])).toBe(true);
    expect(await withdrawApproval(parts, row.id, ['pending', 'approved'])).toBe(false);
    expect(kinds(store)).toEqual(['approval.requested', 'approval.approved', 'approval.cancelled']);
  });

  it('is none that has expired', async () => {
    const { ask, parts, store, pass } = deskScratch();
    const row = await ask();
    pass(900_000);
    expect(await withdrawApproval(parts, row.id)).toBe(false);
    expect(stateOf(store, row)).toBe('expired');
  });

  it('is told to whoever comes back for it, and nobody is asked again for them', async () => {
    const { ask, parts } = deskScratch();
    const { id, binding } = await ask();
    await withdrawApproval(parts, id);
    expect((await ask({ awaited: { approvalId: id, binding, round: 1 } })).id).toBe(id);
  });

  it.each(['with a yes', 'without one'])(
    'is another than one that a wider question took the place of, %s: whoever waits is asked there',
    async (yes) => {
      const { ask, desk, parts, store } = deskScratch();
      const row = await ask();
      if (yes === 'with a yes') {
        await decideApproval(parts, {
          id: row.id,
          verdict: 'approve',
          approver: alice,
          reason: 'fine',
        });
        await ask({ decision: decision({}, ['files.outside', 'more']) });
      } else {
        await store.write('decision', (tx) =>
          tx.moveApproval(row.id, 'pending', { state: 'cancelled' }),
        );
      }
      expect(stateOf(store, row)).toBe('cancelled');
      expect((await desk.wait(row, hold())).kind).toBe('approved');
    },
  );
});
