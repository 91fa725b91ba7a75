import { describe, expect, it } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { type PendingChange, watchApprovals } from '../../src/approval/view/watch.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import { deskScratch } from './desk-scratch.ts';

const alice = { kind: 'credential', name: 'alice' } as const;
const ids = (rows: PendingChange['pending'] | undefined) => rows?.map((row) => row.id);

describe('a watch', () => {
  it('yields what is pending, then each change from any store, until its lifetime ends', async () => {
    const { ask, clock, open, pass, store } = deskScratch();
    const lifetime = new Lifetime();
    const changes = watchApprovals({ store, clock, lifetime, pollMs: 2 });
    const next = async () => (await changes.next()).value ?? undefined;

    expect(await next()).toEqual({ pending: [], opened: [], closed: [] });

    const other = open();
    const first = await ask({}, other);
    expect(ids((await next())?.opened)).toEqual([first.id]);

    pass(1000);
    const second = await ask({ tool: 'delete_file' }, other);
    const opened = await next();
    expect(ids(opened?.opened)).toEqual([second.id]);
    expect(ids(opened?.pending)).toEqual([first.id, second.id]);

    const verdict = { id: first.id, verdict: 'deny', approver: alice, reason: undefined } as const;
    await decideApproval({ store: other, clock }, verdict);
    expect(ids((await next())?.closed)).toEqual([first.id]);

    pass(900_000);
    expect(await next()).toMatchObject({ pending: [], closed: [{ id: second.id }] });

    const ended = changes.next();
    lifetime.end('enough');
    expect(await ended).toEqual({ done: true, value: undefined });
  });
});
