import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UserSaid } from '../../src/core/client-user.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import type { Decision } from '../../src/policy/decision.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import { modernSpeaker } from '../bridge/rig.ts';
import { ran, withdrawn } from './asking-matrix.ts';
import { AskingRig, journalOf, page } from './asking-rig.ts';
import { callerOf, callOf, decisions, type GateRig } from './rig.ts';
import { RoundsRig, stateIn } from './rounds-rig.ts';

const confirms = { asks: [], confirms: ['t.ask'] };
const asks = { asks: ['t.ask'], confirms: [] };
type Approval = Partial<NonNullable<Decision['approval']>>;

/** Policy asks until a yes is enough for it, and has the client asked. */
function wishing(gate: GateRig, approval: Approval, seen: PolicyInput[] = []): void {
  gate.policy = (input) => {
    seen.push(input);
    if (input.context.approval?.rules.includes('t.ask') === true) return decisions.allow;
    return { ...decisions.escalate, approval: { ...decisions.escalate.approval, ...approval } };
  };
}

let rig: AskingRig;
beforeEach(async () => {
  rig = new AskingRig();
  await rig.enrol();
  rig.client.modes = ['form', 'url'];
});
afterEach(() => rig.close());

async function answering(said: UserSaid | undefined): Promise<JsonObject> {
  const answer = rig.call();
  await rig.client.asked();
  rig.client.says(said);
  return answer;
}

describe('a rule that a yes in the client is enough for', () => {
  it('lets the call run on it, and the journal says that nobody proved it', async () => {
    const seen: PolicyInput[] = [];
    wishing(rig.gate, { client: confirms }, seen);
    expect(await answering('accept')).toMatchObject(ran);
    expect(rig.gate.reached).toHaveLength(1);
    const journal = journalOf(rig.gate);
    expect(journal.approvals).toEqual(['requested', 'approved', 'consumed']);
    expect(journal.approved).toMatchObject([
      { approver: 'os:alice', via: 'client', verified: false, approvers: [] },
    ]);
    // Policy sees that nobody has approved it.
    expect(seen.at(-1)?.context.approval).toMatchObject({ rules: ['t.ask'], approvers: [] });
    expect(rig.client.completed).toEqual([]);
  });

  it('shows the whole call', async () => {
    wishing(rig.gate, { client: confirms });
    await answering('decline');
    const [question] = rig.client.questions;
    expect(question?.mode).toBe('form');
    expect(question?.message).toMatch(/^With a yes this call runs\./);
    for (const part of ['files/write_file', '"path": "a"', 'os:alice', 'sha256:']) {
      expect(question?.message).toContain(part);
    }
  });

  it('is asked once, and holds for one execution', async () => {
    wishing(rig.gate, { client: confirms });
    await answering('accept');
    const again = rig.call();
    await rig.client.asked(2);
    rig.client.says('decline');
    expect(await again).toMatchObject(withdrawn);
    expect(rig.gate.reached).toHaveLength(1);
  });

  it.each([
    ['decline takes the question back', 'decline', ['requested', 'cancelled']],
    ['cancel leaves it waiting', 'cancel', ['requested']],
    ['no answer leaves it waiting', undefined, ['requested']],
  ] as const)('%s', async (_, said, journal) => {
    wishing(rig.gate, { client: confirms });
    rig.gate.holdMs = 200;
    await answering(said);
    expect(rig.gate.reached).toEqual([]);
    expect(journalOf(rig.gate).approvals).toEqual(journal);
  });
});

describe('a yes in the client is put on record and lets nothing run', () => {
  const rows: readonly [claim: string, approval: Approval][] = [
    ['where the rule only has it asked', { client: asks }],
    ['where another rule asks as well', { client: { asks: [], confirms: ['t.other'] } }],
    ['where two must say yes', { client: confirms, quorum: 2 }],
    ['where policy names who must', { client: confirms, approvers: ['dana'] }],
  ];
  it.each(rows)('%s', async (_, approval) => {
    wishing(rig.gate, approval);
    rig.gate.holdMs = 200;
    expect(JSON.stringify(await answering('accept'))).toContain('PENDING APPROVAL');
    expect(rig.gate.reached).toEqual([]);
    expect(journalOf(rig.gate).approvals).toEqual(['requested', 'voted']);
    const { id } = await rig.onePending();
    expect(rig.gate.store.votes(id)).toMatchObject([
      { approver: 'os:alice', verified: false, via: 'client', verdict: 'approve' },
    ]);
    expect(rig.client.questions[0]?.message).toMatch(/^A yes is put on record;/);
  });

  it.each([
    ['was when the question was put', true],
    ['is when it is answered', false],
  ])('where a credential is required, as it %s', async (_, isThen) => {
    wishing(rig.gate, { client: confirms });
    rig.gate.holdMs = 200;
    rig.gate.requireCredential = isThen;
    const answer = rig.call();
    await rig.client.asked();
    rig.gate.requireCredential = !isThen;
    rig.client.says('accept');
    expect(JSON.stringify(await answer)).toContain('PENDING APPROVAL');
    expect(rig.gate.reached).toEqual([]);
    expect(journalOf(rig.gate).approvals).toEqual(['requested', 'voted']);
  });

  it('where the configuration has every call asked about', async () => {
    wishing(rig.gate, { client: confirms });
    rig.gate.approvalMode = 'require_human_approval';
    rig.gate.holdMs = 200;
    await answering('accept');
    expect(rig.gate.reached).toEqual([]);
    expect(journalOf(rig.gate).approvals).toEqual(['requested', 'voted']);
  });

  it('and counts in no quorum: with it and one approver there is one of two', async () => {
    wishing(rig.gate, { client: confirms, quorum: 2 });
    const answer = rig.call();
    await rig.client.asked();
    rig.client.says('accept');
    await rig.yes();
    const { id } = await rig.onePending();
    expect(rig.gate.store.approval(id)?.state).toBe('pending');
    await rig.no();
    await answer;
    expect(rig.gate.reached).toEqual([]);
  });

  it('when the call that it is about is not in the store any more', async () => {
    wishing(rig.gate, { client: confirms });
    rig.gate.holdMs = 200;
    const answer = rig.call();
    await rig.client.asked();
    await rig.gate.store.write('decision', (tx) => tx.erasePayloads(Number.MAX_SAFE_INTEGER));
    rig.client.says('accept');
    await answer;
    expect(rig.gate.reached).toEqual([]);
    expect(journalOf(rig.gate).approvals).toEqual(['requested']);
  });
});

describe('no form is sent', () => {
  it('unless policy wishes it: the page stands for it', async () => {
    const answer = rig.call();
    await rig.client.asked();
    expect(rig.client.questions[0]?.mode).toBe('url');
    await rig.no();
    await answer;
  });

  it.each([
    ['to a client that shows none', () => (rig.client.modes = ['url'])],
    [
      'where the configuration leaves it out',
      () => (rig.gate.elicit = new Map([['default', ['url']]])),
    ],
  ])('%s: the page stands for it', async (_, prepare) => {
    wishing(rig.gate, { client: confirms });
    prepare();
    const answer = rig.call();
    await rig.client.asked();
    expect(rig.client.questions[0]).toMatchObject({
      mode: 'url',
      url: expect.stringContaining(page),
    });
    // To have opened it is no yes to a form.
    rig.client.says('accept');
    await rig.no();
    await answer;
    expect(rig.gate.reached).toEqual([]);
  });

  it('about a call that is too long to be read in one: nothing of it is left out', async () => {
    wishing(rig.gate, { client: confirms });
    rig.gate.page = undefined;
    rig.gate.holdMs = 50;
    const { session, user } = rig.client;
    const caller = { ...callerOf(), session, user };
    await rig.gate.decide(
      callOf(rig.gate, { path: 'x'.repeat(30_000) }),
      caller,
      () => rig.gate.target,
    );
    expect(rig.client.questions).toEqual([]);
  });
});

describe('a form in the answer to a modern client', () => {
  const speaker = {
    ...modernSpeaker,
    hello: { ...modernSpeaker.hello, capabilities: { elicitation: { form: {} } } },
  };
  let rounds: RoundsRig;
  beforeEach(() => {
    rounds = new RoundsRig();
    wishing(rounds.gate, { client: confirms });
  });
  afterEach(() => rounds.close());

  const next = (got: JsonObject, response: JsonObject) =>
    rounds.send(stateIn(got), { speaker, more: { inputResponses: { approval: response } } });

  it('is one yes or no, that is no unless it is said', async () => {
    const first = await rounds.send(undefined, { speaker });
    const result = first['result'];
    expect(isObject(result) ? result['inputRequests'] : undefined).toMatchObject({
      approval: {
        method: 'elicitation/create',
        params: {
          message: expect.stringContaining('"path": "a"'),
          requestedSchema: { properties: { approve: { type: 'boolean', default: false } } },
        },
      },
    });
  });

  it.each([
    ['a yes', { action: 'accept', content: { approve: true } }, ran, 1],
    ['a form without a yes', { action: 'accept', content: { approve: false } }, withdrawn, 0],
    ['a form that is empty', { action: 'accept' }, withdrawn, 0],
    ['a yes in other words', { action: 'accept', content: { approve: 'true' } }, withdrawn, 0],
    ['decline', { action: 'decline' }, withdrawn, 0],
    ['cancel', { action: 'cancel' }, { result: { resultType: 'input_required' } }, 0],
    ['what nobody knows', { action: 'approve' }, { result: { resultType: 'input_required' } }, 0],
  ])('%s', async (_, response, gets, executions) => {
    const first = await rounds.send(undefined, { speaker });
    expect(await next(first, response)).toMatchObject(gets);
    expect(rounds.gate.reached).toHaveLength(executions);
  });

  it('a yes is none to another policy than the one that asked', async () => {
    const first = await rounds.send(undefined, { speaker });
    rounds.gate.policyDigest = 'sha256:bb';
    const second = await next(first, { action: 'accept', content: { approve: true } });
    expect(second).toMatchObject({ result: { resultType: 'input_required' } });
    expect(rounds.gate.reached).toEqual([]);
    expect(rounds.approvalKinds()).toEqual(['requested', 'requested']);
  });

  it('a yes is none where policy does not wish for it any more', async () => {
    const first = await rounds.send(undefined, { speaker });
    wishing(rounds.gate, {});
    await next(first, { action: 'accept', content: { approve: true } });
    expect(rounds.gate.reached).toEqual([]);
    expect(rounds.approvalKinds()).toEqual(['requested']);
  });
});
