import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { termsForGrant } from '../../src/approval/grants/grant-terms.ts';
import type { Answer } from '../../src/core/answer.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import { answered, asksOnce, callerOf, callOf, decisions, type GateRig, openRig } from './rig.ts';

let rig: GateRig;
const inputs: PolicyInput[] = [];

beforeEach(() => {
  rig = openRig();
  inputs.length = 0;
  rig.policy = (input) => {
    inputs.push(input);
    return asksOnce(input);
  };
});
afterEach(() => rig.close());

const run = (args: JsonObject = { path: 'a' }, lifetime?: Lifetime) =>
  rig.decide(callOf(rig, args), callerOf(lifetime), () => rig.target);

function entriesOf(kind: string): JsonObject[] {
  const entries = rig.store.journal.range(0, 1000).filter((entry) => entry.kind === kind);
  return entries.map((entry): JsonObject => JSON.parse(entry.body));
}

function textOf(answer: Answer): string {
  return answer.kind === 'made' ? JSON.stringify(answer.result) : answer.kind;
}

/** A call that waits gets a yes with a grant, and runs; its id. */
async function grantNext(uses: number | undefined, terms: readonly string[] = ['any']) {
  const answer = run();
  const row = await vi.waitFor(() => {
    const [pending] = rig.store.approvals(['pending']);
    if (pending === undefined) throw new Error('nothing is pending yet');
    return pending;
  });
  const grant = termsForGrant(rig.store, row, { lifeMs: 60_000, uses, arguments: terms });
  const approver = { kind: 'terminal', name: 'alice' } as const;
  const yes = { id: row.id, verdict: 'approve', approver, reason: undefined, grant } as const;
  const decided = await decideApproval({ store: rig.store, clock: Date.now }, yes);
  expect((await answer).kind).toBe('relayed');
  rig.reached.length = 0;
  rig.holdMs = 5;
  return decided.grant?.id;
}

it('lets a call run unasked: policy decides with the grant, and one transaction holds decision and use', async () => {
  const id = await grantNext(2);
  expect((await run({ path: 'b' })).kind).toBe('relayed');
  expect(rig.reached).toEqual(['{"path":"b"}']);
  expect(inputs.at(-1)?.context.approval).toMatchObject({
    id,
    rules: ['t.ask'],
    approvers: ['alice'],
  });
  const [decision, consumed] = [entriesOf('decision'), entriesOf('approval.consumed')].map((each) =>
    each.at(-1),
  );
  expect(decision).toMatchObject({ outcome: 'allow', approval_id: id, forwarded: true, round: 2 });
  expect(consumed).toMatchObject({
    grant_id: id,
    decision_id: decision?.['decision_id'],
    consumed_by: decision?.['decision_id'],
    use: 1,
    uses: 2,
  });
});

it('asks again when its uses are over', async () => {
  await grantNext(2);
  const kinds = [];
  for (const path of ['a', 'b', 'c']) kinds.push((await run({ path })).kind);
  expect(kinds).toEqual(['relayed', 'relayed', 'made']);
  expect(rig.reached).toHaveLength(2);
  expect(rig.store.approvals(['pending'])).toHaveLength(1);
});

it('lets no more calls run than it has uses, made at once', async () => {
  await grantNext(3);
  const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((path) => run({ path })));
  expect(answers.filter((answer) => answer.kind === 'relayed')).toHaveLength(3);
  expect(rig.reached).toHaveLength(3);
});

it('leaves the last word to policy, and no use is gone', async () => {
  const id = await grantNext(2);
  rig.policy = (input) =>
    input.context.approval === null ? decisions.escalate : { ...decisions.deny };
  expect(textOf(await run())).toContain('not here');
  expect(rig.reached).toEqual([]);
  expect(rig.store.grant(id ?? '')).toMatchObject({ used: 0 });
});

it('does not answer a rule that it was not given for', async () => {
  await grantNext(2);
  rig.policy = (input) =>
    asksOnce(input).outcome === 'allow'
      ? { ...decisions.escalate, rules: [{ id: 't.second', reason: 'another question' }] }
      : decisions.escalate;
  expect(textOf(await run())).toContain('PENDING APPROVAL');
  expect(rig.reached).toEqual([]);
  expect(rig.store.approvals(['pending'])).toMatchObject([{ rules: ['t.second'] }]);
});

it.each<[what: string, change: () => void]>([
  [
    'policy',
    () => {
      rig.policyDigest = 'sha256:bb';
    },
  ],
  [
    "tool's definition",
    () => {
      if (rig.tool !== undefined) rig.tool = { ...rig.tool, pin: 'sha256:changed' };
    },
  ],
])('asks when the %s has changed', async (_, change) => {
  await grantNext(undefined);
  change();
  expect(textOf(await run())).toContain('PENDING APPROVAL');
  expect(rig.reached).toEqual([]);
});

it('is not used in observe mode', async () => {
  const id = await grantNext(2);
  rig.mode = 'observe';
  expect((await run()).kind).toBe('relayed');
  expect(rig.store.grant(id ?? '')).toMatchObject({ used: 0 });
});

it('keeps the result of a use whose caller has gone for one identical call', async () => {
  await grantNext(1);
  const lifetime = new Lifetime();
  rig.deliver = () => {
    lifetime.end('timed out');
    return Promise.resolve(answered({ content: [{ type: 'text', text: 'done' }] }));
  };
  await run({ path: 'b' }, lifetime);
  expect(textOf(await run({ path: 'b' }))).toContain('done');
  expect(rig.reached).toHaveLength(1);
});

it('asks a person about a call of which nobody knows whether it ran, and tells policy', async () => {
  await grantNext(5);
  rig.deliver = () => Promise.resolve({ kind: 'lost', reason: 'server exited' });
  await run({ path: 'b' });
  expect(textOf(await run({ path: 'b' }))).toContain('PENDING APPROVAL');
  expect(rig.reached).toHaveLength(1);
  const last = entriesOf('approval.consumed').at(-1);
  expect(inputs.at(-1)?.context.prior).toEqual({
    decision_id: last?.['consumed_by'],
    status: 'unknown',
  });
});
