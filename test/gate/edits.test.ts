import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import type { Answer } from '../../src/core/answer.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { ToolCall } from '../../src/core/tool-call.ts';
import type { Decision } from '../../src/policy/decision.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import { expectSound } from '../store/scratch.ts';
import {
  answered,
  answeredAs,
  answeredError,
  asksOnce,
  callerOf,
  callOf,
  decisions,
  type GateRig,
  openRig,
} from './rig.ts';

let rig: GateRig;
const inputs: PolicyInput[] = [];

beforeEach(() => {
  rig = openRig();
  inputs.length = 0;
  rig.policy = seeing(asksOnce);
});
afterEach(() => rig.close());

function seeing(policy: (input: PolicyInput) => Decision) {
  return (input: PolicyInput) => {
    inputs.push(input);
    return policy(input);
  };
}

const argumentsOf = (input: PolicyInput) => input.resource.properties.arguments;
const isChanged = (input: PolicyInput) => JSON.stringify(argumentsOf(input)) === '{"path":"b"}';

const run = (
  args: JsonObject = { path: 'a' },
  lifetime?: Lifetime,
  change: Partial<ToolCall> = {},
) => rig.decide({ ...callOf(rig, args), ...change }, callerOf(lifetime), () => rig.target);

const keyed = { claims: { model: undefined, idempotencyKey: 'k1' } };

function pending(): Promise<ApprovalRow> {
  return vi.waitFor(() => {
    const [row, more] = rig.store.approvals(['pending']);
    if (row === undefined || more !== undefined) throw new Error('not one that is pending');
    return row;
  });
}

async function vote(name: string, edit?: JsonObject, of?: ApprovalRow) {
  const { id } = of ?? (await pending());
  const approver = { kind: 'credential', name } as const;
  const yes = { id, verdict: 'approve', approver, reason: undefined, edit } as const;
  return decideApproval({ store: rig.store, clock: Date.now }, yes);
}

/** The answer to a call that a person changes and approves while it is held. */
async function edited(edit: JsonObject = { path: 'b' }, lifetime?: Lifetime): Promise<Answer> {
  const answer = run(undefined, lifetime);
  await vote('dana', edit);
  return answer;
}

function entries(kind: string): JsonObject[] {
  return rig.store.journal.range(0, 1000).flatMap((entry) => {
    const body: unknown = JSON.parse(entry.body);
    return entry.kind === kind && isObject(body) ? [body] : [];
  });
}

function kinds(): string[] {
  return rig.store.journal.range(0, 1000).map(({ kind }) => kind);
}

const text = (answer: Answer) => JSON.stringify(answer.kind === 'made' ? answer.result : answer);

function resultOf(answer: Answer): JsonObject {
  if (answer.kind === 'made') return answer.result;
  if (answer.kind !== 'relayed') throw new Error(text(answer));
  return JSON.parse(answer.response.line.toString('utf8', ...answer.response.value));
}

const told = { type: 'text', text: expect.stringContaining('A person changed the arguments') };

describe('a held call that a person changes', () => {
  it('runs with their arguments, once, decided first without and then with their yes', async () => {
    const answer = await edited();
    expect(rig.reached).toEqual(['{"path":"b"}']);
    const [row] = rig.store.approvals(['consumed']);
    expect(inputs.map((input) => [argumentsOf(input), input.context.approval?.id])).toEqual([
      [{ path: 'a' }, undefined],
      [{ path: 'b' }, undefined],
      [{ path: 'b' }, row?.id],
    ]);
    expect(resultOf(answer)).toMatchObject({
      content: [told],
      _meta: { 'dev.mcp-gate/decision': { outcome: 'allow', edited: true, approval_id: row?.id } },
    });
  });

  it('leaves both versions in the journal, and who changed it', async () => {
    await edited();
    const [asked, changed, ran] = entries('decision');
    const [old, row] = rig.store.approvals(undefined);
    expect(kinds()).toEqual([
      'approval.requested',
      'decision',
      'approval.edited',
      'approval.cancelled',
      'approval.approved',
      'decision',
      'approval.consumed',
      'decision',
      'outcome',
    ]);
    const [requested] = entries('approval.requested');
    expect(entries('approval.edited')).toMatchObject([
      {
        approval_id: row?.id,
        binding: row?.binding,
        approver: 'dana',
        via: 'credential',
        edited_from: old?.id,
        arguments_commitment: expect.stringMatching(/^sha256:/),
        arguments_payload: row?.argumentsPayload,
        asked: {
          approval_id: old?.id,
          binding: old?.binding,
          arguments_commitment: requested?.['arguments_commitment'],
          arguments_payload: old?.argumentsPayload,
        },
        requester: 'os:alice',
        rules: ['t.ask'],
        quorum: 1,
        server: 'files',
        tool: 'write_file',
        trace_id: asked?.['trace_id'],
      },
    ]);
    expect(rig.store.payload(old?.argumentsPayload ?? '')?.toString()).toBe('{"path":"a"}');
    expect(rig.store.payload(row?.argumentsPayload ?? '')?.toString()).toBe('{"path":"b"}');
    expect(old).toMatchObject({ state: 'cancelled' });
    expect(row).toMatchObject({ callKey: old?.callKey, expiresMs: old?.expiresMs });
    expect(row?.binding).not.toBe(old?.binding);
    const who = { approval_id: row?.id, by: 'dana' };
    for (const each of [changed, ran]) {
      expect(each).toMatchObject({
        edited: who,
        approval_id: row?.id,
        rewrites: asked?.['decision_id'],
      });
      expect(each?.['asked_hash']).toEqual(expect.any(String));
    }
    expect(asked).not.toHaveProperty('edited');
    expect(ran).toMatchObject({ forwarded: true, enforced: true, round: 3 });
    expect(entries('approval.consumed')).toMatchObject([{ consumed_by: ran?.['decision_id'] }]);
    expectSound(rig.store, rig.store.journal.head().size);
  });

  it('is a question of its own when it comes again', async () => {
    await edited();
    rig.holdMs = 5;
    expect(text(await run())).toContain('PENDING APPROVAL');
    expect(await pending()).not.toHaveProperty('edited');
    expect(rig.reached).toEqual(['{"path":"b"}']);
  });

  it('runs once for all that wait for it', async () => {
    const waiting = [run(), run(), run()];
    await vote('dana', { path: 'b' });
    await vi.waitFor(() => expect(rig.reached).toHaveLength(1));
    // The others are further calls: they ask anew, with what their caller asked for.
    const { edited: none } = await pending();
    expect(none).toBeUndefined();
    await vote('dana', { path: 'c' });
    await vi.waitFor(() => expect(rig.reached).toHaveLength(2));
    await vote('dana');
    await Promise.all(waiting);
    expect(rig.reached.toSorted()).toEqual(['{"path":"a"}', '{"path":"b"}', '{"path":"c"}']);
  });

  it('is not answered for by a direct call with the new arguments, nor that by its yes', async () => {
    rig.holdMs = 5;
    await run();
    await vote('dana', { path: 'b' });
    expect(text(await run({ path: 'b' }))).toContain('PENDING APPROVAL');
    expect(rig.reached).toEqual([]);
    await run();
    expect(rig.reached).toEqual(['{"path":"b"}']);
  });
});

describe('policy has the last word on what a person wrote', () => {
  it('denies it: nothing runs, the agent is told, and the next call is asked about anew', async () => {
    rig.policy = seeing((input) => (isChanged(input) ? decisions.deny : asksOnce(input)));
    const answer = await edited();
    expect(resultOf(answer)).toMatchObject({
      isError: true,
      _meta: { 'dev.mcp-gate/decision': { outcome: 'deny', edited: true } },
    });
    expect(rig.reached).toEqual([]);
    const denied = entries('decision').at(-1);
    expect(entries('approval.cancelled').at(-1)).toMatchObject({
      overruled_by: denied?.['decision_id'],
    });
    rig.holdMs = 5;
    expect(text(await run())).toContain('PENDING APPROVAL');
    expect((await pending()).edited).toBeUndefined();
  });

  it("denies what does not fit the tool's schema", async () => {
    const fault = (args: JsonObject) => (args['path'] === 'b' ? 'no such path' : undefined);
    rig.tool = rig.tool && { ...rig.tool, fault };
    expect(text(await edited())).toContain('do not fit the tool');
    expect(rig.reached).toEqual([]);
    expect(entries('decision').at(-1)).toMatchObject({
      rules: [{ id: 'gate.arguments-invalid' }],
      edited: { by: 'dana' },
    });
  });

  it("denies arguments that lead into the gate's own state", async () => {
    expect(text(await edited({ path: '/secret/gate/x' }))).toContain('the gate itself lives on');
    expect(rig.reached).toEqual([]);
  });

  it('keeps what was approved while everything is stopped', async () => {
    rig.holdMs = 5;
    await run();
    await vote('dana', { path: 'b' });
    rig.frozen = 'stop';
    await run();
    expect(rig.store.approvals(['approved'])).toHaveLength(1);
    rig.frozen = undefined;
    await run();
    expect(rig.reached).toEqual(['{"path":"b"}']);
  });

  it('uses the yes up where it asks nobody about the changed call', async () => {
    rig.policy = seeing((input) => (isChanged(input) ? decisions.allow : asksOnce(input)));
    await edited();
    expect(rig.reached).toEqual(['{"path":"b"}']);
    expect(rig.store.approvals(['consumed'])).toHaveLength(1);
    rig.holdMs = 5;
    expect(text(await run())).toContain('PENDING APPROVAL');
  });

  it('asks anew, about the changed call, for a rule that the yes does not answer', async () => {
    const second = { ...decisions.escalate, rules: [{ id: 't.second', reason: 'and this' }] };
    rig.policy = seeing((input) => {
      const rules = input.context.approval?.rules ?? [];
      return isChanged(input) && !rules.includes('t.second') ? second : asksOnce(input);
    });
    const answer = run();
    await vote('dana', { path: 'b' });
    const row = await pending();
    expect(row).toMatchObject({ rules: ['t.ask', 't.second'], edited: { by: 'dana' } });
    expect(rig.store.payload(row.argumentsPayload)?.toString()).toBe('{"path":"b"}');
    expect(rig.reached).toEqual([]);
    await vote('dana');
    expect(resultOf(await answer)).toMatchObject({ content: [told] });
    expect(rig.reached).toEqual(['{"path":"b"}']);
    expect(rig.store.approvals(['approved', 'pending'])).toEqual([]);
  });

  const stricter: [what: string, approval: Partial<NonNullable<Decision['approval']>>][] = [
    ['more people', { quorum: 2 }],
    ['other people', { approvers: ['lee'] }],
  ];
  it.each(stricter)(
    'asks anew where the same rule wants %s for the changed call',
    async (_, more) => {
      const strict = {
        ...decisions.escalate,
        approval: { ...decisions.escalate.approval, ...more },
      };
      rig.policy = seeing((input) => {
        const decision = asksOnce(input);
        return decision.outcome === 'escalate' && isChanged(input) ? strict : decision;
      });
      const answer = run();
      await vote('dana', { path: 'b' });
      expect(await pending()).toMatchObject({ edited: { by: 'dana' }, ...more });
      expect(rig.reached).toEqual([]);
      if (more.quorum === 2) await vote('dana');
      expect(rig.reached).toEqual([]);
      await vote('lee');
      await answer;
      expect(rig.reached).toEqual(['{"path":"b"}']);
    },
  );

  it('denies where a rule would change once more what a person has changed', async () => {
    rig.policy = seeing((input) => {
      if (!isChanged(input)) return asksOnce(input);
      const compute = { patch: { path: 'a' } };
      return { ...decisions.allow, outcome: 'compute', compute };
    });
    expect(text(await edited())).toContain('policy wants other arguments');
    expect(rig.reached).toEqual([]);
  });

  it('looks again at a rule that had nothing to change before', async () => {
    rig.policy = seeing((input) => {
      const settled = input.context.settled.includes('t.allow');
      const compute = { patch: { safe: true } };
      return settled ? asksOnce(input) : { ...decisions.allow, outcome: 'compute', compute };
    });
    const answer = run({ path: 'a', safe: true });
    await vote('dana', { path: 'b', safe: true });
    await answer;
    expect(rig.reached).toEqual(['{"path":"b","safe":true}']);
    const again = run({ path: 'a', safe: true });
    await vote('dana', { path: 'b', safe: false });
    expect(text(await again)).toContain('policy wants other arguments');
    expect(rig.reached).toHaveLength(1);
  });

  it.each<[what: string, change: () => void]>([
    [
      'policy',
      () => {
        rig.policyDigest = 'sha256:bb';
      },
    ],
    [
      'tool',
      () => {
        rig.tool = rig.tool && { ...rig.tool, pin: 'sha256:changed' };
      },
    ],
  ])('asks anew about the original when the %s has changed', async (_, change) => {
    rig.holdMs = 5;
    await run();
    await vote('dana', { path: 'b' });
    change();
    expect(text(await run())).toContain('PENDING APPROVAL');
    expect(rig.reached).toEqual([]);
    expect((await pending()).edited).toBeUndefined();
  });
});

describe('votes are for one version', () => {
  beforeEach(() => {
    const approval = { ...decisions.escalate.approval, quorum: 2 };
    rig.policy = seeing((input) => {
      const decision = asksOnce(input);
      return decision.outcome === 'escalate' ? { ...decision, approval } : decision;
    });
  });

  it('a change between two votes starts the count anew', async () => {
    const answer = run();
    const first = await pending();
    expect(await vote('dana')).toMatchObject({ votes: 1, needed: 2 });
    expect(await vote('lee', { path: 'b' })).toMatchObject({ votes: 1, needed: 2 });
    expect(rig.reached).toEqual([]);
    await expect(vote('kim', undefined, first)).rejects.toMatchObject({
      code: 'approval_refused',
      hint: expect.stringContaining((await pending()).id),
    });
    await vote('dana');
    expect(resultOf(await answer)).toMatchObject({ content: [told] });
    expect(rig.reached).toEqual(['{"path":"b"}']);
    expect(entries('approval.approved')).toMatchObject([{ approvers: ['lee', 'dana'] }]);
  });

  it('a change of a change starts it once more', async () => {
    const answer = run();
    await vote('dana', { path: 'b' });
    expect(await vote('lee', { path: 'c' })).toMatchObject({
      votes: 1,
      approval: { state: 'pending' },
    });
    await vote('dana');
    await answer;
    expect(rig.reached).toEqual(['{"path":"c"}']);
    expect(entries('approval.edited')).toMatchObject([
      { approver: 'dana' },
      { approver: 'lee', asked: { approval_id: rig.store.approvals(undefined)[0]?.id } },
    ]);
  });

  it('nobody changes it back to what the agent had asked for', async () => {
    const answer = run();
    await vote('dana', { path: 'b' });
    await expect(vote('lee', { path: 'a' })).rejects.toThrow('the agent had asked with');
    const { id } = await pending();
    const approver = { kind: 'credential', name: 'lee' } as const;
    const no = { id, verdict: 'deny', approver, reason: undefined } as const;
    await decideApproval({ store: rig.store, clock: Date.now }, no);
    expect(text(await answer)).toContain('Denied by an approver');
    expect(rig.reached).toEqual([]);
  });
});

describe('the rest of the gate sees a changed call as any that stands in the place of another', () => {
  it('its idempotency key is that of the call that was asked for', async () => {
    const answer = run(undefined, undefined, keyed);
    await vote('dana', { path: 'b' });
    await answer;
    const again = await run(undefined, undefined, keyed);
    expect(resultOf(again)).toMatchObject({
      content: [told],
      _meta: { 'dev.mcp-gate/decision': { repeated: true, edited: true } },
    });
    expect(rig.reached).toEqual(['{"path":"b"}']);
    expect(text(await run({ path: 'b' }, undefined, keyed))).toContain('used for another call');
  });

  it('a lost result is fetched by the call that was asked for, with the note', async () => {
    const lifetime = new Lifetime();
    rig.deliver = () => {
      lifetime.end('timed out');
      return Promise.resolve(answered({ content: [{ type: 'text', text: 'done' }] }));
    };
    await edited(undefined, lifetime);
    expect(resultOf(await run())).toMatchObject({
      content: [{ text: 'done' }, told],
      _meta: { 'dev.mcp-gate/decision': { fetched: true, edited: true } },
    });
    expect(rig.reached).toHaveLength(1);
  });

  it('when nobody knows whether it ran, policy is told at the next call', async () => {
    rig.deliver = () => Promise.resolve({ kind: 'lost', reason: 'server exited' });
    await edited();
    rig.holdMs = 5;
    await run();
    expect(inputs.at(-1)?.context.prior).toMatchObject({ status: 'unknown' });
    expect(rig.reached).toHaveLength(1);
  });

  it('its result is not handed to those who make the changed call themselves', async () => {
    const reuse = { ...decisions.allow, outcome: 'reuse', reuse: { ttl_s: 60 } } as const;
    rig.policy = (input) =>
      asksOnce(input).outcome === 'allow' || isChanged(input) ? reuse : decisions.escalate;
    await edited();
    expect(text(await run({ path: 'b' }))).not.toContain('A person changed');
    expect(rig.reached).toHaveLength(2);
  });

  it('what else the request carries stays as it is', async () => {
    const call = callOf(rig);
    const fields = { name: 'write_file', task: { ttl: 5 } };
    const answer = run(undefined, undefined, { request: { ...call.request, fields } });
    await vote('dana', { path: 'b' });
    await answer;
    expect(rig.reached).toEqual(['{"path":"b"}']);
    const [row] = rig.store.approvals(['consumed']);
    expect(rig.store.payload(row?.argumentsPayload ?? '')?.toString()).toBe(
      '{"arguments":{"path":"b"},"params":{"task":{"ttl":5}}}',
    );
  });

  it('nothing is changed in observe mode', async () => {
    rig.mode = 'observe';
    await run();
    expect(rig.store.approvals(undefined)).toEqual([]);
    expect(rig.reached).toEqual(['{"path":"a"}']);
  });

  it('an answer whose arguments have been erased is none: somebody is asked anew', async () => {
    rig.holdMs = 5;
    await run();
    await vote('dana', { path: 'b' });
    const far = Date.now() + 40 * 86_400_000;
    await rig.store.write('decision', (tx) => tx.erasePayloads(far));
    expect(text(await run())).toContain('PENDING APPROVAL');
    expect(rig.reached).toEqual([]);
    expect(rig.store.approvals(['approved'])).toEqual([]);
  });
});

describe('what the server wrote stays as it was beside the note', () => {
  const long = '123456789012345678901234567890';
  const rows: [what: string, wrote: string, goes: RegExp][] = [
    [
      'long numbers',
      `{"content":[{"type":"text","text":"x"}],"structuredContent":{"n":${long}}}`,
      new RegExp(`"x"\\},\\{"type":"text",.*\\],"structuredContent":\\{"n":${long}\\}\\}$`),
    ],
    ['an empty list', '{ "content" : [ ] }', /"content" : \[ \{"type":"text",[^\]]*\] \}$/],
    [
      'its own _meta',
      '{"content":[],"_meta":{"a":1e3}}',
      /"_meta":\{"dev\.mcp-gate\/decision":.*,"a":1e3\}\}$/,
    ],
    ['no content', '{}', /^\{"_meta":\{"dev\.mcp-gate\/decision":\{[^{}]*\}\}\}$/],
    ['a content that is no list', '{"content":7}', /"content":7\}$/],
  ];
  it.each(rows)('%s', async (_, wrote, goes) => {
    rig.deliver = () => Promise.resolve(answeredAs(wrote));
    const answer = await edited();
    if (answer.kind !== 'relayed') throw new Error(text(answer));
    const { line, value } = answer.response;
    const bytes = line.toString('utf8', ...value);
    expect(bytes).toMatch(goes);
    expect(JSON.parse(bytes)).toMatchObject({
      _meta: { 'dev.mcp-gate/decision': { edited: true } },
    });
    expect(line.toString()).toBe(`{"jsonrpc":"2.0","id":1,"result":${bytes}}`);
  });

  it('a name that stands there twice is read in one way', async () => {
    rig.deliver = () => Promise.resolve(answeredAs('{"content":[1],"content":[]}'));
    expect(resultOf(await edited())).toMatchObject({ content: [told] });
  });

  it('an error says it in its data', async () => {
    rig.deliver = () =>
      Promise.resolve(answeredError({ code: -32000, message: 'no', data: { a: 1 } }));
    expect(await edited()).toMatchObject({
      kind: 'refused',
      error: { message: 'no', data: { a: 1, 'dev.mcp-gate/decision': { edited: true } } },
    });
  });

  it('what policy redacts is redacted, and the note stands behind it', async () => {
    rig.policy = seeing((input) => {
      const decision = asksOnce(input);
      const obligations = [{ type: 'redact', patterns: ['secret'] }];
      return decision.outcome === 'allow'
        ? { ...decision, outcome: 'adapt', obligations }
        : decision;
    });
    rig.deliver = () =>
      Promise.resolve(answered({ content: [{ type: 'text', text: 'a secret' }] }));
    const answer = await edited();
    expect(resultOf(answer)).toMatchObject({ content: [{}, told] });
    expect(text(answer)).not.toContain('a secret');
  });
});
