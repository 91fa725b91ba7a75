import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer } from '../../src/core/answer.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { Decision } from '../../src/policy/decision.ts';
import { answered, asksOnce, callerOf, callOf, decisions, type GateRig, openRig } from './rig.ts';

let rig: GateRig;
beforeEach(() => {
  rig = openRig();
});
afterEach(() => rig.close());

const entriesOf = (kind: string): JsonObject[] =>
  rig.store.journal.range(0, 1000).flatMap((entry) => {
    const body: unknown = JSON.parse(entry.body);
    return entry.kind === kind && isObject(body) ? [body] : [];
  });

function textOf(answer: Answer): string {
  if (answer.kind === 'relayed') return 'relayed';
  if (answer.kind === 'refused') return answer.error.message;
  return JSON.stringify(answer.result);
}

const run = (args?: JsonObject, lifetime?: Lifetime) =>
  rig.decide(callOf(rig, args), callerOf(lifetime), () => rig.target);

async function approveNext(): Promise<string> {
  const row = await vi.waitFor(() => {
    const [pending] = rig.store.approvals(['pending']);
    if (pending === undefined) throw new Error('nothing is pending yet');
    return pending;
  });
  await rig.store.write('decision', (tx) => {
    tx.moveApproval(row.id, 'pending', { state: 'approved', decidedBy: ['os:alice'] });
  });
  return row.id;
}

describe('one call', () => {
  const withObligation: Decision = { ...decisions.allow, obligations: [{ type: 'redact' }] };
  const withoutPredicate: Decision = {
    ...decisions.allow,
    predicates: { ...decisions.allow.predicates, model: false },
  };
  it.each<[name: string, policy: () => Decision, outcome: string, rule: string, reached: number]>([
    ['allowed runs', () => decisions.allow, 'allow', 't.allow', 1],
    ['denied does not', () => decisions.deny, 'deny', 't.deny', 0],
    ['adapted runs', () => ({ ...decisions.allow, outcome: 'adapt' }), 'adapt', 't.allow', 1],
    [
      'compute without a safe path denies',
      () => ({ ...decisions.allow, outcome: 'compute' }),
      'deny',
      'gate.compute',
      0,
    ],
    [
      'reuse without a time denies',
      () => ({ ...decisions.allow, outcome: 'reuse' }),
      'deny',
      'gate.reuse',
      0,
    ],
    ['an obligation nobody performs denies', () => withObligation, 'deny', 'gate.obligation', 0],
    ['a predicate that does not hold denies', () => withoutPredicate, 'deny', 'gate.predicates', 0],
    [
      'a policy that throws denies',
      () => {
        throw new Error('broken');
      },
      'deny',
      'gate.policy-error',
      0,
    ],
  ])('%s', async (_, policy, outcome, rule, reached) => {
    rig.policy = policy;
    const answer = await run();
    const [entry] = entriesOf('decision');
    expect(entry).toMatchObject({ outcome, enforced: true, forwarded: reached === 1 });
    expect(entry?.['rules']).toEqual([expect.objectContaining({ id: rule }), ...tail(entry)]);
    expect(rig.reached).toHaveLength(reached);
    expect(entriesOf('outcome')).toHaveLength(reached);
    expect(textOf(answer)).toMatch(
      reached === 1 ? 'relayed' : /Denied by policy: .*It did not run/,
    );
  });

  const tail = (entry: JsonObject | undefined): unknown[] => {
    const rules = entry?.['rules'];
    return Array.isArray(rules) ? rules.slice(1) : [];
  };

  it('is refused by the gate itself when everything is frozen, in observe mode too', async () => {
    rig.mode = 'observe';
    rig.frozen = 'stop';
    expect(textOf(await run())).toContain('stopped by the operator');
    expect(entriesOf('decision')[0]).toMatchObject({ outcome: 'deny', enforced: true });
    expect(rig.reached).toEqual([]);
  });

  it('is refused when an argument leads into what the gate lives on', async () => {
    expect(textOf(await run({ path: '/ws/../secret/gate/gate.db' }))).toContain(
      'leads into what the gate itself lives on',
    );
    expect(rig.reached).toEqual([]);
  });

  it('is refused when its arguments do not fit the schema, before policy is asked', async () => {
    rig.tool = rig.tool && { ...rig.tool, fault: () => '"path" must be string' };
    const policy = vi.fn(() => decisions.allow);
    rig.policy = policy;
    expect(textOf(await run())).toContain('\\"path\\" must be string');
    expect(policy).not.toHaveBeenCalled();
  });

  it('is recorded and passes untouched in observe mode, whatever policy says', async () => {
    rig.mode = 'observe';
    rig.policy = () => decisions.deny;
    expect((await run()).kind).toBe('relayed');
    expect(entriesOf('decision')[0]).toMatchObject({
      outcome: 'deny',
      enforced: false,
      forwarded: true,
    });
    expect(entriesOf('outcome')[0]).toMatchObject({ status: 'executed' });
  });

  it('into what the gate lives on is refused in observe mode, too', async () => {
    rig.mode = 'observe';
    await run({ path: '/secret/gate/control.json' });
    expect(entriesOf('decision')[0]).toMatchObject({ outcome: 'deny', enforced: true });
    expect(rig.reached).toEqual([]);
  });

  it('is recorded whatever its arguments are called', async () => {
    const key = `${'k'.repeat(199)}\u{1f600}z`;
    await run({ [key]: '/secret/gate/control.json' });
    expect(entriesOf('decision')[0]).toMatchObject({ outcome: 'deny' });
    expect(JSON.stringify(entriesOf('decision'))).not.toContain('kkkk');
  });

  it('of a tool that has gone is refused', async () => {
    rig.tool = undefined;
    expect(textOf(await run())).toContain('not there any more');
    expect(rig.reached).toEqual([]);
  });

  it('leaves no query and no credentials of a resource in the journal', async () => {
    const name = 'https://user:pass@host/doc?token=t0p#frag';
    const call = { ...callOf(rig, { uri: name }), name, tool: () => undefined };
    await rig.decide(
      { ...call, action: 'resources/read', resourceType: 'resource' },
      callerOf(),
      () => rig.target,
    );
    const [entry] = entriesOf('decision');
    expect(entry?.['tool']).toBe('https://host/doc');
    expect(JSON.stringify([...entriesOf('decision'), ...entriesOf('outcome')])).not.toMatch(
      /t0p|pass/,
    );
  });

  it('is on disk before it reaches the tool', async () => {
    let recorded = -1;
    rig.deliver = () => {
      recorded = entriesOf('decision').length;
      return Promise.resolve(answered({}));
    };
    await run();
    expect(recorded).toBe(1);
  });

  it('that got no answer is unknown, and the agent is told that it may have run', async () => {
    rig.deliver = () => Promise.resolve({ kind: 'lost', reason: 'the server died' });
    expect(textOf(await run())).toContain('may have run');
    expect(entriesOf('outcome')[0]).toMatchObject({ status: 'unknown', reason: 'the server died' });
  });

  it('whose caller has gone does not start', async () => {
    const lifetime = new Lifetime();
    lifetime.end('cancelled');
    await run({ path: 'a' }, lifetime);
    expect(rig.reached).toEqual([]);
    expect(entriesOf('outcome')[0]).toMatchObject({ status: 'cancelled' });
  });

  it('does not run when the tool became another one after it was decided', async () => {
    rig.policy = () => {
      rig.tool = rig.tool && { ...rig.tool, pin: 'sha256:other' };
      return decisions.allow;
    };
    expect(textOf(await run())).toContain('not available');
    expect(rig.reached).toEqual([]);
    expect(entriesOf('outcome')[0]).toMatchObject({ status: 'failed' });
  });

  it('keeps the policy input that replay needs', async () => {
    await run({ path: 'b' });
    const id = String(entriesOf('decision')[0]?.['decision_id']);
    const input: unknown = JSON.parse(rig.store.payload(id)?.toString() ?? '{}');
    expect(input).toMatchObject({ resource: { properties: { arguments: { path: 'b' } } } });
  });
});

describe('a call that needs a yes', () => {
  beforeEach(() => {
    rig.policy = asksOnce;
  });

  it('waits, is decided again, and runs once', async () => {
    const answer = run();
    await approveNext();
    expect(rig.reached).toEqual([]);
    expect((await answer).kind).toBe('relayed');
    expect(rig.reached).toEqual(['{"path":"a"}']);
    expect(entriesOf('decision').map((entry) => entry['outcome'])).toEqual(['escalate', 'allow']);
    expect(entriesOf('approval.consumed')).toHaveLength(1);
  });

  it('is pending when the hold ends, and the identical call joins', async () => {
    rig.holdMs = 5;
    expect(textOf(await run())).toContain('PENDING APPROVAL');
    expect(textOf(await run())).toContain('PENDING APPROVAL');
    expect(rig.store.approvals(['pending'])).toHaveLength(1);
    await approveNext();
    expect((await run()).kind).toBe('relayed');
    expect(textOf(await run())).toContain('PENDING APPROVAL');
    expect(rig.reached).toHaveLength(1);
  });

  it.each([
    { verified: true, questions: 1 },
    { verified: false, questions: 2 },
  ])('joins from another session when verified is $verified', async ({ verified, questions }) => {
    rig.holdMs = 5;
    for (const id of ['s1', 's2']) {
      const caller = callerOf();
      const { session, identity } = caller;
      const other = {
        ...caller,
        session: { ...session, id },
        identity: { ...identity, verified },
      };
      await rig.decide(callOf(rig), other, () => rig.target);
    }
    expect(rig.store.approvals(['pending'])).toHaveLength(questions);
  });

  it('does not inherit the yes to other arguments', async () => {
    rig.holdMs = 5;
    await run({ path: 'a' });
    await approveNext();
    expect(textOf(await run({ path: 'b' }))).toContain('PENDING APPROVAL');
    expect(rig.reached).toEqual([]);
  });

  it.each<[string, () => void]>([
    ['policy', () => (rig.policyDigest = 'sha256:bb')],
    ['definition of the tool', () => (rig.tool = rig.tool && { ...rig.tool, pin: 'sha256:other' })],
  ])('is asked anew when the %s changes while it waits', async (_, change) => {
    rig.holdMs = 300;
    const answer = run();
    await vi.waitFor(() => expect(rig.store.approvals(['pending'])).toHaveLength(1));
    change();
    await approveNext();
    expect(textOf(await answer)).toContain('PENDING APPROVAL');
    expect(rig.reached).toEqual([]);
  });

  it('lets one of two identical calls run with one yes', async () => {
    rig.holdMs = 300;
    const answers = [run(), run()];
    await approveNext();
    const kinds = (await Promise.all(answers)).map((answer) => answer.kind);
    expect(kinds.toSorted()).toEqual(['made', 'relayed']);
    expect(rig.reached).toHaveLength(1);
  });

  it('ends in a denial when policy asks for ever', async () => {
    rig.policy = (input) => ({
      ...decisions.escalate,
      rules: [{ id: `t.${input.context.round}`, reason: 'again' }],
    });
    const answer = run();
    const approving = setInterval(() => void approveNext().catch(() => {}), 10);
    expect(textOf(await answer)).toContain('approvals did not settle this call');
    clearInterval(approving);
    expect(rig.reached).toEqual([]);
  });

  it('does not release the same arguments with something beside them', async () => {
    rig.holdMs = 5;
    await run();
    await approveNext();
    const call = callOf(rig);
    const fields = { ...call.request.fields, dry_run: false };
    const other = { ...call, request: { ...call.request, fields } };
    expect(textOf(await rig.decide(other, callerOf(), () => rig.target))).toContain('PENDING');
    expect(rig.reached).toEqual([]);
  });

  it('is decided under the settings of the moment when it was approved', async () => {
    const answer = run();
    await vi.waitFor(() => expect(rig.store.approvals(['pending'])).toHaveLength(1));
    rig.approvalMode = 'simulation_only';
    await approveNext();
    expect(textOf(await answer)).toContain('Simulated');
    expect(rig.reached).toEqual([]);
  });

  it('keeps the result for one identical call when the caller has gone meanwhile', async () => {
    const lifetime = new Lifetime();
    rig.deliver = () => {
      lifetime.end('timed out');
      return Promise.resolve(answered({ content: [{ type: 'text', text: 'done' }] }));
    };
    const first = run({ path: 'a' }, lifetime);
    await approveNext();
    await first;
    expect(textOf(await run())).toContain('done');
    expect(entriesOf('outcome').map((entry) => entry['status'])).toEqual(['executed', 'fetched']);
    rig.holdMs = 5;
    expect(textOf(await run())).toContain('PENDING APPROVAL');
    expect(rig.reached).toHaveLength(1);
  });

  it('tells policy, on the retry, when nobody knows whether the approved call ran', async () => {
    rig.deliver = () => Promise.resolve({ kind: 'lost', reason: 'the gate was killed' });
    const first = run();
    await approveNext();
    await first;
    const priors: unknown[] = [];
    rig.policy = (input) => {
      priors.push(input.context.prior?.status);
      return decisions.escalate;
    };
    rig.holdMs = 5;
    expect(textOf(await run())).toContain('PENDING APPROVAL');
    expect(priors).toEqual([undefined, 'unknown']);
    expect(rig.reached).toHaveLength(1);
  });

  it('is asked for by the configuration, too', async () => {
    rig.policy = () => decisions.allow;
    rig.approvalMode = 'require_human_approval';
    const answer = run();
    await approveNext();
    expect((await answer).kind).toBe('relayed');
    expect(rig.reached).toHaveLength(1);
  });
});

describe('a store that cannot be written', () => {
  beforeEach(() => rig.store.close());

  it('denies in enforce mode', async () => {
    expect(textOf(await run())).toContain('could not be recorded');
    expect(rig.reached).toEqual([]);
  });

  it('lets calls pass in observe mode', async () => {
    rig.mode = 'observe';
    expect((await run()).kind).toBe('relayed');
  });
});

describe('a freeze', () => {
  const stopAll = () => rig.inFlight.cancel(() => true);

  it('is looked up for the server, the tool and the subject of the call', async () => {
    await run();
    expect(new Set(rig.looked.map((each) => JSON.stringify(each)))).toEqual(
      new Set(['{"server":"files","tool":"write_file","subject":"alice"}']),
    );
    expect(rig.looked.length).toBeGreaterThan(1);
  });

  it('that comes between decision and dispatch lets nothing out', async () => {
    rig.policy = () => {
      stopAll();
      return decisions.allow;
    };
    expect(textOf(await run())).toContain('Calls are stopped by the operator. It did not run.');
    expect(rig.reached).toEqual([]);
    expect(entriesOf('outcome')).toMatchObject([{ status: 'refused', reason: 'frozen' }]);
  });

  it('ends a hold; the agent hears that it did not run, the caller itself lives on', async () => {
    rig.policy = asksOnce;
    const lifetime = new Lifetime();
    const answer = run(undefined, lifetime);
    await vi.waitFor(() => expect(rig.store.approvals(['pending'])).toHaveLength(1));
    expect(stopAll()).toBe(1);
    expect(textOf(await answer)).toContain('Calls are stopped by the operator. It did not run.');
    expect(lifetime.ended).toBeUndefined();
    expect(rig.reached).toEqual([]);
  });

  it('ends a call that runs: the agent hears at once that it may have run, the late answer is recorded', async () => {
    let finish = () => {};
    rig.deliver = () =>
      new Promise((resolve) => {
        finish = () => resolve(answered({ content: [] }));
      });
    const answer = run();
    await vi.waitFor(() => expect(rig.reached).toHaveLength(1));
    expect(stopAll()).toBe(1);
    expect(textOf(await answer)).toContain('Stopped by the operator while it ran.');
    expect(entriesOf('outcome')).toEqual([]);
    finish();
    await vi.waitFor(() => expect(entriesOf('outcome')).toMatchObject([{ status: 'executed' }]));
  });

  it('finds no call that has its answer', async () => {
    await run();
    expect(stopAll()).toBe(0);
  });

  it('does not take the cancellation of a caller for its own', async () => {
    const lifetime = new Lifetime();
    rig.policy = () => {
      lifetime.end('cancelled by the client');
      return decisions.allow;
    };
    expect(textOf(await run(undefined, lifetime))).toContain('The request was cancelled');
    expect(rig.reached).toEqual([]);
  });
});
