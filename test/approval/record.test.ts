import { describe, expect, it } from 'vitest';
import type { ApprovalRequest } from '../../src/approval/contract.ts';
import { decideApproval } from '../../src/approval/decide.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import {
  decision,
  deskScratch,
  kinds,
  lastEntry,
  request,
  startMs,
  stateOf,
} from './desk-scratch.ts';

const alice = { kind: 'credential', name: 'alice' } as const;

describe('an approval that is asked for', () => {
  it('is pending, bound, and journaled without its arguments', async () => {
    const { ask, store } = deskScratch();
    const row = await ask();
    expect(row).toMatchObject({ state: 'pending', quorum: 1, approvers: [], decidedBy: [] });
    expect(row.id).toMatch(/^ap_[0-9a-hjkmnp-tv-z]{10}$/);
    expect(row.expiresMs).toBe(startMs + 900_000);
    expect(store.payload(row.argumentsPayload)?.toString()).toBe(request().canonicalArguments);
    const entry = lastEntry(store);
    expect(entry).toMatchObject({
      kind: 'approval.requested',
      approval_id: row.id,
      decision_id: 'decision-1',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      action: 'tools/call',
      server: 'files',
      tool: 'write_file',
      binding: row.binding,
      rules: ['files.outside'],
      expires: '2026-01-02T03:19:05.000Z',
      quorum: 1,
      approvers: [],
      requester: 'os:rita',
    });
    expect(entry['arguments_commitment']).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(entry['arguments_commitment']).not.toBe(digestOf(request().canonicalArguments));
    expect(JSON.stringify(entry)).not.toContain('/etc/hosts');
  });

  const terms = [
    [
      'takes expiry, quorum and approvers from policy',
      { expires_in_s: 60, quorum: 2, approvers: ['alice', 'bob'] },
      60_000,
      2,
    ],
    ['takes the larger quorum', { quorum: 3 }, 900_000, 3],
    ['lives a year at most', { expires_in_s: 1e300 }, 366 * 86_400_000, 1],
    ['never lives less than its fraction of a second', { expires_in_s: 0.0001 }, 1, 1],
  ] as const;
  it.each(terms)('%s', async (_, approval, lifeMs, quorum) => {
    const { ask } = deskScratch();
    const row = await ask({ decision: decision(approval) });
    expect(row).toMatchObject({ quorum, expiresMs: startMs + lifeMs });
    expect(row.approvers).toEqual('approvers' in approval ? approval.approvers : []);
  });
});

describe('an identical call', () => {
  it('joins the pending approval and is not journaled as a second question', async () => {
    const { ask, store } = deskScratch();
    const first = await ask();
    const second = await ask({ decisionId: 'decision-2', traceId: 'f'.repeat(32) });
    expect(second.id).toBe(first.id);
    expect(kinds(store)).toEqual(['approval.requested']);
  });

  it('joins the approved and unused approval', async () => {
    const { ask, parts } = deskScratch();
    const { id } = await ask();
    await decideApproval(parts, { id, verdict: 'approve', approver: alice, reason: undefined });
    expect(await ask()).toMatchObject({ id, state: 'approved' });
  });

  it('joins the denied approval until that expires, then asks anew', async () => {
    const { ask, parts, pass } = deskScratch();
    const { id } = await ask();
    await decideApproval(parts, { id, verdict: 'deny', approver: alice, reason: 'no' });
    expect(await ask()).toMatchObject({ id, state: 'denied' });
    pass(900_000);
    expect((await ask()).id).not.toBe(id);
  });

  it('joins the denied approval although more is asked now', async () => {
    const { ask, parts } = deskScratch();
    const { id } = await ask();
    await decideApproval(parts, { id, verdict: 'deny', approver: alice, reason: 'no' });
    const wider = decision({ quorum: 2, approvers: ['bob'] }, ['files.outside', 'files.big']);
    expect(await ask({ decision: wider })).toMatchObject({ id, state: 'denied' });
  });

  it('asks anew once the approval is used up', async () => {
    const { ask, consume, parts } = deskScratch();
    const { id } = await ask();
    await decideApproval(parts, { id, verdict: 'approve', approver: alice, reason: undefined });
    expect(await consume(await ask(), 'decision-2')).toBe(true);
    const next = await ask();
    expect(next).toMatchObject({ state: 'pending' });
    expect(next.id).not.toBe(id);
  });

  it('marks the expired one it meets, once, and asks anew', async () => {
    const { ask, pass, store } = deskScratch();
    const first = await ask();
    pass(899_999);
    expect((await ask()).id).toBe(first.id);
    pass(1);
    expect((await ask()).id).not.toBe(first.id);
    await ask();
    expect(stateOf(store, first)).toBe('expired');
    expect(kinds(store)).toEqual(['approval.requested', 'approval.expired', 'approval.requested']);
  });

  it('finds its approval after a restart', async () => {
    const { ask, open, store } = deskScratch();
    const first = await ask();
    await store.close();
    const reopened = open();
    expect(await ask({}, reopened)).toEqual(first);
    const { id } = first;
    const decided = { store: reopened, clock: () => startMs };
    await decideApproval(decided, { id, verdict: 'approve', approver: alice, reason: undefined });
    await reopened.close();
    expect(open().approval(id)).toMatchObject({ state: 'approved', decidedBy: ['alice'] });
  });
});

describe('a call is not joined to another', () => {
  const others: readonly (readonly [string, Partial<ApprovalRequest>])[] = [
    ['arguments', { canonicalArguments: '{"path":"/etc/hosts","text":"y"}' }],
    ['pin', { pin: 'sha256:other' }],
    ['pin that is missing', { pin: undefined }],
    ['policy', { policyDigest: 'sha256:other' }],
    ['environment', { environment: 'prod' }],
    ['scope', { scope: 'os:mallory' }],
    ['server', { server: 'mail' }],
    ['tool', { tool: 'delete_file' }],
    ['action', { action: 'prompts/get' }],
    ['gate', { gate: 'gate-two' }],
    ['rule that asks as well', { decision: decision({}, ['files.outside', 'files.big']) }],
    ['larger quorum', { decision: decision({ quorum: 2 }) }],
    ['named approver', { decision: decision({ approvers: ['alice'] }) }],
  ];
  it.each(others)('with another %s', async (_, change) => {
    const { ask, store } = deskScratch();
    const first = await ask();
    expect((await ask(change)).id).not.toBe(first.id);
    expect(stateOf(store, first)).toBe('pending');
  });
});

describe('a yes that is not enough', () => {
  const wider = (approvers: readonly string[]) => ({
    decision: decision({ approvers: [...approvers], quorum: 2, expires_in_s: 3600 }, ['files.big']),
  });
  async function approvedFor(approvers: readonly string[]) {
    const scratch = deskScratch();
    const row = await scratch.ask({ decision: decision({ approvers: [...approvers] }) });
    const { id } = row;
    await decideApproval(scratch.parts, { id, verdict: 'approve', approver: alice, reason: 'ok' });
    return { ...scratch, row };
  }

  it('is taken back by the question that asks for both, on the stricter terms', async () => {
    const { ask, row, store } = await approvedFor([]);
    const next = await ask(wider(['alice', 'bob']));
    expect(next).toMatchObject({
      state: 'pending',
      rules: ['files.outside', 'files.big'],
      approvers: ['alice', 'bob'],
      quorum: 2,
      expiresMs: startMs + 900_000,
    });
    expect(stateOf(store, row)).toBe('cancelled');
    expect(lastEntry(store)).toMatchObject({
      kind: 'approval.cancelled',
      approval_id: row.id,
      superseded_by: next.id,
    });
  });

  it('lets no further call through', async () => {
    const { ask, consume, row } = await approvedFor([]);
    const next = await ask(wider([]));
    expect(await consume(row, 'decision-2')).toBe(false);
    expect((await ask()).id).toBe(next.id);
  });

  it.each([
    ['those named before, when nobody is named now', ['alice'], [], ['alice']],
    ['those named now, when nobody was before', [], ['bob'], ['bob']],
    ['those named both times', ['alice', 'bob'], ['bob', 'carol'], ['bob']],
  ])('is asked again of %s', async (_, before, now, approvers) => {
    const { ask } = await approvedFor(before);
    expect(await ask(wider(now))).toMatchObject({ approvers });
  });

  it('stands for nothing in the next question when nobody may answer both', async () => {
    const { ask, row, store } = await approvedFor(['alice']);
    expect(await ask(wider(['bob']))).toMatchObject({ rules: ['files.big'], approvers: ['bob'] });
    expect(stateOf(store, row)).toBe('cancelled');
  });
});

describe('consuming', () => {
  async function approved() {
    const scratch = deskScratch();
    const { id } = await scratch.ask();
    await decideApproval(scratch.parts, { id, verdict: 'approve', approver: alice, reason: 'ok' });
    return { ...scratch, row: await scratch.ask() };
  }

  it('uses an approval up once and names the decision', async () => {
    const { consume, row, store } = await approved();
    expect(await consume(row, 'decision-2')).toBe(true);
    expect(await consume(row, 'decision-3')).toBe(false);
    expect(store.approval(row.id)).toMatchObject({ state: 'consumed', consumedBy: 'decision-2' });
    expect(lastEntry(store)).toMatchObject({
      kind: 'approval.consumed',
      approval_id: row.id,
      binding: row.binding,
      consumed_by: 'decision-2',
      decision_id: 'decision-2',
    });
  });

  it('is refused while nobody has approved', async () => {
    const { ask, consume, store } = deskScratch();
    const row = await ask();
    expect(await consume(row, 'decision-2')).toBe(false);
    expect(stateOf(store, row)).toBe('pending');
  });

  it('is refused from the moment it expires', async () => {
    const { consume, pass, row, store } = await approved();
    pass(900_000);
    expect(await consume(row, 'decision-2')).toBe(false);
    expect(kinds(store)).not.toContain('approval.consumed');
  });

  it('is refused for a caller whose approval says something else', async () => {
    const { consume, row } = await approved();
    expect(await consume({ ...row, binding: 'sha256:other' }, 'decision-2')).toBe(false);
  });

  it('is refused when the stored arguments have been erased', async () => {
    const { consume, row, store } = await approved();
    await store.write('decision', (tx) => tx.erasePayloads(Number.MAX_SAFE_INTEGER));
    expect(await consume(row, 'decision-2')).toBe(false);
    expect(stateOf(store, row)).toBe('approved');
  });

  it('is refused for a row that was written past the desk', async () => {
    const { ask, consume, store } = deskScratch();
    const row = await ask();
    const forged = { ...row, id: 'ap_f0rged0000', state: 'approved', tool: 'delete_file' } as const;
    await store.write('decision', (tx) => tx.putApproval(forged));
    expect(await consume(forged, 'decision-2')).toBe(false);
  });
});

describe('an approval that a call has waited for', () => {
  const heldOf = ({ id, binding }: ApprovalRow) => ({ approvalId: id, binding, round: 1 });

  async function expired(scratch = deskScratch()) {
    const row = await scratch.ask();
    scratch.pass(900_000);
    return { ...scratch, row };
  }

  it('is given back when it has expired, and marked', async () => {
    const { ask, row, store } = await expired();
    expect(await ask({ awaited: heldOf(row) })).toMatchObject({ id: row.id, state: 'expired' });
    expect(kinds(store)).toEqual(['approval.requested', 'approval.expired']);
  });

  const others: readonly [claim: string, change: (row: ApprovalRow) => Partial<ApprovalRequest>][] =
    [
      ['another binding', (row) => ({ awaited: { ...heldOf(row), binding: 'sha256:other' } })],
      ['another id', (row) => ({ awaited: { ...heldOf(row), approvalId: 'ap_0000000000' } })],
      ['another call', (row) => ({ awaited: heldOf(row), canonicalArguments: '{}' })],
      ['another caller', (row) => ({ awaited: heldOf(row), scope: 'os:mallory' })],
    ];
  it.each(others)('is not that of %s: that is asked anew', async (_, change) => {
    const { ask, row } = await expired();
    const asked = await ask(change(row));
    expect(asked.id).not.toBe(row.id);
    expect(asked.state).toBe('pending');
  });

  it('is left alone where somebody has asked again meanwhile: that question is joined', async () => {
    const { ask, row } = await expired();
    const next = await ask();
    expect(await ask({ awaited: heldOf(row) })).toMatchObject({ id: next.id, state: 'pending' });
  });
});
