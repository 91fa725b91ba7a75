import { describe, expect, it } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { createDesk } from '../../src/approval/desk.ts';
import { GateError } from '../../src/core/errors.ts';
import type { Store } from '../../src/store/contract.ts';
import { decision, defaults, deskScratch, hold, kinds, stateOf } from './desk-scratch.ts';

const alice = { kind: 'credential', name: 'alice' } as const;
const verdictOf = (id: string, verdict: 'approve' | 'deny') =>
  ({ id, verdict, approver: alice, reason: undefined }) as const;

describe('a waiting call', () => {
  it.each([
    ['approve', 'approved'],
    ['deny', 'denied'],
  ] as const)('is released by %s through a second store', async (verdict, kind) => {
    const { ask, clock, desk, open } = deskScratch();
    const row = await ask();
    const waiting = desk.wait(row, hold());
    await decideApproval({ store: open(), clock }, verdictOf(row.id, verdict));
    expect(await waiting).toMatchObject({ kind, approval: { id: row.id, state: kind } });
  });

  it('is answered at once when the verdict is there already, even without a budget', async () => {
    const { ask, desk, parts } = deskScratch();
    const row = await ask();
    await decideApproval(parts, verdictOf(row.id, 'approve'));
    expect(await desk.wait(row, hold({ budgetMs: 0 }))).toMatchObject({ kind: 'approved' });
  });

  it('is still pending when its budget is over', async () => {
    const { ask, desk, store } = deskScratch();
    const row = await ask();
    expect(await desk.wait(row, hold({ budgetMs: 20 }))).toMatchObject({ kind: 'pending' });
    expect(stateOf(store, row)).toBe('pending');
  });

  it('is pending as soon as its caller has gone', async () => {
    const { ask, desk } = deskScratch();
    const held = hold();
    const waiting = desk.wait(await ask(), held);
    held.lifetime.end('cancelled');
    expect(await waiting).toMatchObject({ kind: 'pending' });
  });

  it('gets no yes for a caller that had gone before', async () => {
    const { ask, desk, parts } = deskScratch();
    const row = await ask();
    await decideApproval(parts, verdictOf(row.id, 'approve'));
    const held = hold();
    held.lifetime.end('disconnected');
    expect(await desk.wait(row, held)).toMatchObject({ kind: 'pending' });
  });

  it('marks the expiry it notices, once for all that wait', async () => {
    const { ask, desk, pass, store } = deskScratch();
    const row = await ask();
    const waiting = [desk.wait(row, hold()), desk.wait(row, hold())];
    pass(900_000);
    for (const verdict of await Promise.all(waiting)) {
      expect(verdict).toMatchObject({ kind: 'expired', approval: { state: 'expired' } });
    }
    expect(kinds(store)).toEqual(['approval.requested', 'approval.expired']);
  });

  it('is not let through by a yes that has expired since', async () => {
    const { ask, desk, parts, pass } = deskScratch();
    const row = await ask();
    await decideApproval(parts, verdictOf(row.id, 'approve'));
    pass(900_000);
    expect(await desk.wait(row, hold())).toMatchObject({ kind: 'expired' });
  });

  it('learns of a used-up approval only through consume', async () => {
    const { ask, consume, desk, parts } = deskScratch();
    const row = await ask();
    const waiting = [desk.wait(row, hold()), desk.wait(row, hold())];
    await decideApproval(parts, verdictOf(row.id, 'approve'));
    const verdicts = await Promise.all(waiting);
    const won = await Promise.all(verdicts.map(({ approval }) => consume(approval, 'decision-2')));
    expect(won).toEqual([true, false]);
    expect(await desk.wait(row, hold())).toMatchObject({
      kind: 'approved',
      approval: { state: 'consumed' },
    });
  });

  it('is sent on to the wider question that took the place of its own', async () => {
    const { ask, consume, desk, parts, store } = deskScratch();
    const row = await ask();
    await decideApproval(parts, verdictOf(row.id, 'approve'));
    const wider = await ask({ decision: decision({ quorum: 2 }, ['files.big']) });
    const { approval } = await desk.wait(row, hold());
    expect(approval.state).toBe('cancelled');
    expect(await consume(approval, 'decision-2')).toBe(false);
    expect((await ask()).id).toBe(wider.id);
    expect(stateOf(store, wider)).toBe('pending');
  });

  it('tells of its progress again and again, and names no command', async () => {
    const { ask, desk } = deskScratch();
    const row = await ask();
    const messages: string[] = [];
    const held = hold({
      progress: (message) => {
        messages.push(message);
        if (messages.length === 3) held.lifetime.end('seen enough');
      },
    });
    await desk.wait(row, held);
    expect(messages).toEqual(Array(3).fill(`waiting for approval ${row.id}`));
  });

  it('outlasts a store that cannot be read for a while', async () => {
    const { ask, clock, parts, store } = deskScratch();
    const row = await ask();
    let failures = 0;
    const failing = (times: number) => {
      if (failures >= times) return;
      failures += 1;
      throw new GateError('store_unavailable', 'store is not available');
    };
    const flaky: Store = {
      ...store,
      version: () => {
        failing(2);
        return store.version();
      },
      approval: (id) => {
        failing(4);
        return store.approval(id);
      },
    };
    const desk = createDesk({ store: flaky, clock, defaults, pollMs: 5 });
    const waiting = desk.wait(row, hold());
    await decideApproval(parts, verdictOf(row.id, 'approve'));
    expect(await waiting).toMatchObject({ kind: 'approved' });
    expect(failures).toBe(4);
  });

  it('is refused at its expiry although the mark cannot be written', async () => {
    const { ask, clock, pass, store } = deskScratch();
    const row = await ask();
    const full: Store = {
      ...store,
      write: () => Promise.reject(new GateError('store_unavailable', 'disk is full')),
    };
    pass(900_000);
    const desk = createDesk({ store: full, clock, defaults });
    expect(await desk.wait(row, hold())).toMatchObject({ kind: 'expired' });
    expect(stateOf(store, row)).toBe('pending');
  });
});
