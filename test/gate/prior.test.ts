import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { termsForGrant } from '../../src/approval/grants/grant-terms.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import type { InstanceRow } from '../../src/store/contract.ts';
import { BindingRig } from './binding-rig.ts';
import { answered, asksOnce } from './rig.ts';

let rig: BindingRig;
const priors: unknown[] = [];
beforeEach(() => {
  rig = new BindingRig();
  priors.length = 0;
  rig.gate.policy = (input: PolicyInput) => {
    priors.push(input.context.prior?.status ?? null);
    return asksOnce(input);
  };
});
afterEach(() => rig.close());

const asked = { args: { path: 'a' } };
const done = answered({ content: [{ type: 'text', text: 'done' }] });

/** A yes that was spent on a run of which nothing came back. */
async function lostRun(): Promise<ApprovalRow> {
  const row = await rig.ask(asked);
  await rig.yes(row);
  rig.gate.deliver = () => Promise.resolve({ kind: 'lost', reason: 'the server ended' });
  expect(await rig.call(asked)).toMatchObject({ ran: true });
  rig.gate.deliver = () => Promise.resolve(done);
  return row;
}

async function yesWithGrant({ id }: ApprovalRow): Promise<void> {
  const { store } = rig.gate;
  const terms = { lifeMs: 60_000, uses: undefined, arguments: ['any'] };
  const grant = termsForGrant(store, rig.row(id), terms);
  const approver = { kind: 'terminal', name: 'bob' } as const;
  const yes = { id, verdict: 'approve', approver, reason: undefined, grant } as const;
  await decideApproval({ store, clock: Date.now }, yes);
}

describe('a run of which nobody knows the end', () => {
  it('is told to policy on every retry until an approved run has ended', async () => {
    await lostRun();
    const first = await rig.call(asked);
    const second = await rig.call(asked);
    expect(second.approvalId).toBe(first.approvalId);
    expect(priors.slice(-4)).toEqual([null, 'unknown', null, 'unknown']);
    await rig.yes(rig.row(first.approvalId ?? ''));
    expect(await rig.call(asked)).toMatchObject({ ran: true });
    expect(priors.at(-1)).toBe('unknown');
    await rig.call(asked);
    expect(priors.at(-1)).toBe(null);
  });

  it('is answered by no standing grant, however often the call is repeated', async () => {
    await yesWithGrant(await rig.ask({ args: { path: 'b' } }));
    rig.gate.deliver = () => Promise.resolve({ kind: 'lost', reason: 'the server ended' });
    expect(await rig.call(asked)).toMatchObject({ ran: true });
    rig.gate.deliver = () => Promise.resolve(done);
    for (let retry = 0; retry < 3; retry += 1) {
      expect(await rig.call(asked)).toMatchObject({ ran: false });
    }
    expect(rig.gate.reached).toHaveLength(1);
  });

  it('leaves no yes behind that could be used again', async () => {
    const row = await lostRun();
    const { approvalId } = await rig.call(asked);
    expect(approvalId).not.toBe(row.id);
    expect(rig.row(row.id)).toMatchObject({ state: 'consumed' });
    expect(rig.gate.reached).toHaveLength(1);
  });
});

describe('a run whose gate has ended and was not cleaned up after yet', () => {
  it.each<[what: string, pid: () => number | undefined, prior: string]>([
    ['is unknown to the gate that the retry comes to', () => 2 ** 22 + 1, 'unknown'],
    ['is unknown where nobody knows that gate', () => undefined, 'unknown'],
    ['goes on while that gate is there', () => process.pid, 'running'],
  ])('%s', async (_, pidOf, prior) => {
    const pid = pidOf();
    await yesWithGrant(await rig.ask({ args: { path: 'b' } }));
    const known = { id: 'instance-1', gate: 'gate-1', processStart: undefined, status: {} };
    const instance: InstanceRow | undefined =
      pid === undefined ? undefined : { ...known, pid, heartbeatMs: Date.now() };
    await rig.gate.store.write('decision', (tx) => instance && tx.putInstance(instance));
    let finish = () => {};
    rig.gate.deliver = () =>
      new Promise((resolve) => {
        finish = () => resolve(done);
      });
    const running = rig.start(asked);
    await vi.waitFor(() => expect(rig.gate.reached).toHaveLength(1));
    rig.gate.deliver = () => Promise.resolve(done);
    const { ran } = await rig.call(asked);
    expect(priors).toContain(prior);
    // A grant is for as many calls as are made; it does not answer for one that may have run already.
    expect(ran).toBe(prior === 'running');
    finish();
    await running;
  });
});

describe('a result that comes after somebody was asked again', () => {
  /** A call that runs, and whose caller goes away; `finish` lets its result come. */
  async function lostCaller(): Promise<() => Promise<void>> {
    const row = await rig.ask(asked);
    await rig.yes(row);
    let finish = () => {};
    rig.gate.deliver = () =>
      new Promise((resolve) => {
        finish = () => resolve(done);
      });
    const lifetime = new Lifetime();
    const lost = rig.start({ ...asked, lifetime });
    await vi.waitFor(() => expect(rig.gate.reached).toHaveLength(1));
    lifetime.end('timed out');
    return async () => {
      finish();
      await lost;
    };
  }

  const statuses = () => rig.entries('outcome').map((entry) => entry['status']);

  it.each(['nobody has answered', 'somebody has said yes to another run'])(
    'is fetched by the next retry, although %s',
    async (what) => {
      const finish = await lostCaller();
      const again = await rig.ask(asked);
      if (what !== 'nobody has answered') await rig.yes(again);
      await finish();
      expect(JSON.stringify(await rig.start(asked))).toContain('done');
      expect(rig.gate.reached).toHaveLength(1);
      expect(rig.row(again.id).state).toBe('cancelled');
      expect(statuses()).toEqual(['executed', 'fetched']);
    },
  );

  it('is fetched at once by the retry that waits, and what it had asked is taken back', async () => {
    const finish = await lostCaller();
    rig.gate.holdMs = 20_000;
    const waiting = rig.start(asked);
    const again = await rig.nextPending();
    await finish();
    expect(JSON.stringify(await waiting)).toContain('done');
    expect(rig.gate.reached).toHaveLength(1);
    expect(rig.row(again.id).state).toBe('cancelled');
    expect(rig.gate.store.approvals(['pending', 'approved'])).toEqual([]);
  });

  it('leaves the no that somebody has said to another run', async () => {
    const finish = await lostCaller();
    const again = await rig.ask(asked);
    const no = { id: again.id, verdict: 'deny', reason: undefined } as const;
    const approver = { kind: 'terminal', name: 'bob' } as const;
    await decideApproval({ store: rig.gate.store, clock: Date.now }, { ...no, approver });
    await finish();
    expect(rig.row(again.id).state).toBe('denied');
    expect(rig.gate.reached).toHaveLength(1);
  });
});

it('a yes is left for the retry when its caller goes while the call is decided again', async () => {
  const row = await rig.ask(asked);
  await rig.yes(row);
  const lifetime = new Lifetime();
  rig.gate.policy = (input) => {
    const decision = asksOnce(input);
    if (decision.outcome === 'allow') lifetime.end('timed out');
    return decision;
  };
  expect(await rig.call({ ...asked, lifetime })).toMatchObject({ ran: false });
  expect(rig.row(row.id).state).toBe('approved');
  expect(await rig.call(asked)).toMatchObject({ ran: true });
  expect(rig.entries('approval.requested')).toHaveLength(1);
});
