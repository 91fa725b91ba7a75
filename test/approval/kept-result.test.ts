import { describe, expect, it } from 'vitest';
import type { ApprovalRequest } from '../../src/approval/contract.ts';
import { decideApproval } from '../../src/approval/decide.ts';
import { keepResult, takeKept } from '../../src/approval/kept-result.ts';
import { deskScratch, request } from './desk-scratch.ts';

const approver = { kind: 'credential', name: 'alice' } as const;

async function kept() {
  const scratch = deskScratch();
  const { clock, consume, desk, parts, store } = scratch;
  const { id } = await scratch.ask();
  await decideApproval(parts, { id, verdict: 'approve', approver, reason: undefined });
  await consume(await scratch.ask(), 'decision-2');
  await store.write('outcome', (tx) => keepResult(tx, id, Buffer.from('{"answer":42}'), clock()));
  const take = (change: Partial<ApprovalRequest> = {}, on = store) =>
    on.write('decision', (tx) => takeKept(tx, desk.callKey(request(change)), clock())?.toString());
  return { ...scratch, take };
}

describe('a kept result', () => {
  it('is fetched once by the identical call', async () => {
    const { take } = await kept();
    expect(await take()).toBe('{"answer":42}');
    expect(await take()).toBeUndefined();
  });

  it('goes to one of two that ask at once', async () => {
    const { open, take } = await kept();
    const taken = await Promise.all([take(), take({}, open())]);
    expect(taken.filter((each) => each !== undefined)).toEqual(['{"answer":42}']);
  });

  it('does not go to a call in another scope', async () => {
    const { take } = await kept();
    expect(await take({ scope: 'os:mallory' })).toBeUndefined();
    expect(await take()).toBe('{"answer":42}');
  });

  it('is gone after ten minutes', async () => {
    const { pass, take } = await kept();
    pass(600_001);
    expect(await take()).toBeUndefined();
  });

  it('is not kept for an approval that was never used', async () => {
    const { ask, clock, desk, store } = deskScratch();
    const { id } = await ask();
    await store.write('outcome', (tx) => keepResult(tx, id, Buffer.from('x'), clock()));
    expect(store.approval(id)?.resultPayload).toBeUndefined();
    const key = desk.callKey(request());
    expect(await store.write('decision', (tx) => takeKept(tx, key, clock()))).toBeUndefined();
  });
});
