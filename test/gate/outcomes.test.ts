import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer, Delivery } from '../../src/core/answer.ts';
import { noTariff } from '../../src/core/budget.ts';
import { isObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { Caller } from '../../src/core/tool-call.ts';
import type { Decision } from '../../src/policy/decision.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
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
  plainTool,
} from './rig.ts';

let rig: GateRig;
let caller: Caller;
beforeEach(() => {
  rig = openRig();
  caller = callerOf();
});
afterEach(() => rig.close());

const entriesOf = (kind: string): JsonObject[] =>
  rig.store.journal.range(0, 1000).flatMap((entry) => {
    const body: unknown = JSON.parse(entry.body);
    return entry.kind === kind && isObject(body) ? [body] : [];
  });
const decided = () => entriesOf('decision').map((entry) => entry['outcome']);
const ended = () => entriesOf('outcome').map((entry) => entry['status']);

const run = (args: JsonObject = { path: 'a' }, by: Caller = caller): Promise<Answer> =>
  rig.decide(callOf(rig, args), by, () => rig.target);

function resultOf(answer: Answer): JsonObject {
  if (answer.kind === 'made') return answer.result;
  if (answer.kind === 'refused') return { error: { ...answer.error } };
  const { line, value } = answer.response;
  return JSON.parse(line.toString('utf8', ...value));
}

function textOf(answer: Answer): string {
  const { content } = resultOf(answer);
  return (Array.isArray(content) ? content : [])
    .map((item: Json) => (isObject(item) ? String(item['text']) : ''))
    .join('\n');
}

const markOf = (answer: Answer): Json | undefined => {
  const { _meta: meta } = resultOf(answer);
  return isObject(meta) ? meta['dev.mcp-gate/decision'] : undefined;
};

const saying = (...texts: string[]) =>
  answered({ content: texts.map((text) => ({ type: 'text', text })) });
/** An answer of the modern era with a type of its own. */
const typed = (resultType: string, result: JsonObject): Delivery => {
  const delivery = answered({ resultType, ...result });
  if (delivery.kind !== 'answered') return delivery;
  return { ...delivery, response: { ...delivery.response, resultType } };
};
/** What a server wrote that nobody has parsed when it comes. */
const writing = (text: string): Delivery => {
  const head = '{"jsonrpc":"2.0","id":1,"result":';
  const line = Buffer.from(`${head}${text}}`);
  const delivery = answered({});
  if (delivery.kind !== 'answered') return delivery;
  const value = [head.length, line.length - 1] as const;
  return { ...delivery, response: { ...delivery.response, line, value } };
};
/** Waits until a person is asked. */
const asked = () =>
  vi.waitFor(() => {
    const [pending] = rig.store.approvals(['pending']);
    if (pending === undefined) throw new Error('nothing is pending yet');
    return pending;
  });
const approve = async () => {
  const { id } = await asked();
  await rig.store.write('decision', (tx) => {
    tx.moveApproval(id, 'pending', { state: 'approved', decidedBy: ['os:alice'] });
  });
};
const deliver = (...texts: string[]) => {
  rig.deliver = () => Promise.resolve(saying(...texts));
};
const decide = (change: Partial<Decision>, rule = 't.allow'): Decision => ({
  ...decisions.allow,
  rules: [{ id: rule, reason: 'fine' }],
  ...change,
});
const obliging = (...obligations: Decision['obligations']) => {
  rig.policy = () => decide({ outcome: 'adapt', obligations });
};

describe('compute', () => {
  /** Wants another call until it has it. */
  const wanting = (order: Decision['compute'], isDone: (input: PolicyInput) => boolean) => {
    rig.policy = (input) =>
      isDone(input) ? decisions.allow : decide({ outcome: 'compute', compute: order }, 't.safe');
  };
  const args = (input: PolicyInput) => input.resource.properties.arguments;

  it('runs the call that policy names, and records both', async () => {
    wanting({ patch: { limit: 10, wild: null } }, (input) => args(input)['limit'] === 10);
    const answer = await run({ path: 'a', limit: 500, wild: true });
    expect(answer.kind).toBe('relayed');
    expect(rig.reached.map((text) => JSON.parse(text))).toEqual([{ path: 'a', limit: 10 }]);
    const [asked, ran] = entriesOf('decision');
    expect([asked?.['outcome'], asked?.['forwarded']]).toEqual(['compute', false]);
    expect([ran?.['outcome'], ran?.['forwarded'], ran?.['rewrites']]).toEqual([
      'allow',
      true,
      asked?.['decision_id'],
    ]);
    expect(ran?.['asked_hash']).toMatch(/^[0-9a-f]{64}$/);
    expect(ran?.['asked_hash']).not.toBe(ran?.['arguments_hash']);
    expect(entriesOf('outcome')).toHaveLength(1);
  });

  it('can send it to another tool, of another server', async () => {
    rig.siblings.set('safe/preview', { ...plainTool, pin: 'sha256:preview' });
    wanting({ tool: 'safe/preview' }, (input) => input.resource.properties.tool === 'preview');
    const asked: string[] = [];
    await rig.decide(callOf(rig), caller, ({ server }) => {
      asked.push(server);
      return rig.target;
    });
    expect(asked).toEqual(['safe']);
    expect(entriesOf('decision').map(({ server, tool }) => [server, tool])).toEqual([
      ['files', 'write_file'],
      ['safe', 'preview'],
    ]);
  });

  it.each<[claim: string, order: Decision['compute'], reason: string]>([
    ['no safe path at all', {}, 'no safe path'],
    ['a tool that is not there', { tool: 'nobody' }, 'no tool'],
    ['arguments and a patch', { arguments: {}, patch: {} }, 'at once'],
  ])('denies %s', async (_, order, reason) => {
    wanting(order, () => false);
    expect(textOf(await run())).toContain(reason);
    expect([decided(), rig.reached]).toEqual([['deny'], []]);
  });

  it('denies arguments that do not fit the schema of the tool', async () => {
    const fault = (value: JsonObject) => (value['limit'] === 10 ? 'limit is text' : undefined);
    rig.tool = { ...plainTool, fault };
    wanting({ patch: { limit: 10 } }, () => false);
    expect(textOf(await run())).toContain('limit is text');
    expect([decided(), rig.reached]).toEqual([['compute', 'deny'], []]);
  });

  it('is decided again: what a rule denies as rewritten does not run', async () => {
    rig.policy = (input) =>
      args(input)['limit'] === 10
        ? decisions.deny
        : decide({ outcome: 'compute', compute: { patch: { limit: 10 } } });
    expect(textOf(await run())).toContain('Denied by policy: not here');
    expect([decided(), rig.reached]).toEqual([['compute', 'deny'], []]);
  });

  it('that changes nothing is settled, and the other rules have the word', async () => {
    const seen: (readonly string[])[] = [];
    rig.policy = (input) => {
      seen.push(input.context.settled);
      if (input.context.settled.includes('t.safe')) return decisions.deny;
      return decide({ outcome: 'compute', compute: { patch: { path: 'a' } } }, 't.safe');
    };
    expect(textOf(await run({ path: 'a' }))).toContain('not here');
    expect(seen).toEqual([[], ['t.safe']]);
  });

  it('denies a policy that never has enough', async () => {
    let count = 0;
    rig.policy = () => {
      count += 1;
      return decide({ outcome: 'compute', compute: { patch: { count } } });
    };
    expect(textOf(await run())).toContain('3 times');
    expect(decided()).toEqual(['compute', 'compute', 'compute', 'deny']);
    expect(rig.reached).toEqual([]);
  });

  it('of a call that a person is asked about shows the person what would run', async () => {
    rig.policy = (input) => {
      if (args(input)['limit'] !== 10) {
        return decide({ outcome: 'compute', compute: { patch: { limit: 10 } } });
      }
      return input.context.approval === null ? decisions.escalate : decisions.allow;
    };
    const answer = run({ path: 'a', limit: 500 });
    const row = await vi.waitFor(() => {
      const [pending] = rig.store.approvals(['pending']);
      if (pending === undefined) throw new Error('nothing is pending yet');
      return pending;
    });
    expect(rig.store.payload(row.argumentsPayload)?.toString()).toContain('"limit":10');
    await rig.store.write('decision', (tx) => {
      tx.moveApproval(row.id, 'pending', { state: 'approved', decidedBy: ['os:alice'] });
    });
    expect((await answer).kind).toBe('relayed');
    expect(rig.reached.map((text) => JSON.parse(text))).toEqual([{ path: 'a', limit: 10 }]);
  });

  it('changes nothing in observe mode', async () => {
    rig.mode = 'observe';
    wanting({ patch: { limit: 10 } }, () => false);
    await run({ limit: 500 });
    expect(rig.reached).toEqual(['{"limit":500}']);
    expect(entriesOf('decision')[0]).toMatchObject({ outcome: 'compute', enforced: false });
  });

  it('keeps the obligations of the rule that wanted it', async () => {
    rig.policy = (input) =>
      args(input)['limit'] === 10
        ? decisions.allow
        : decide({
            outcome: 'compute',
            compute: { patch: { limit: 10 } },
            obligations: [{ type: 'redact', classes: ['secret'] }],
          });
    deliver('AKIAIOSFODNN7EXAMPLE');
    expect(textOf(await run({ limit: 500 }))).toBe('[REDACTED:secret.aws_key]');
    expect(entriesOf('decision').map(({ obligations }) => obligations)).toEqual([
      [{ type: 'redact', classes: ['secret'] }],
      [{ type: 'redact', classes: ['secret'] }],
    ]);
  });

  it('binds where it leads, although that server is only observed', async () => {
    rig.modes.set('safe', 'observe');
    rig.siblings.set('safe/preview', plainTool);
    rig.policy = ({ resource }) =>
      resource.properties.tool === 'preview'
        ? decisions.deny
        : decide({ outcome: 'compute', compute: { tool: 'safe/preview' } });
    expect(textOf(await run())).toContain('not here');
    expect(rig.reached).toEqual([]);
  });
});

describe('simulate', () => {
  it('never runs, says so, and is recorded with what was handed out', async () => {
    rig.policy = () => decide({ outcome: 'simulate', simulate: { result: 'all is well' } });
    const answer = await run();
    expect(textOf(answer)).toContain('all is well');
    expect(textOf(answer)).toContain('Simulated');
    expect(markOf(answer)).toMatchObject({ outcome: 'simulate', simulated: true });
    expect([rig.reached, ended()]).toEqual([[], ['simulated']]);
    expect(entriesOf('outcome')[0]?.['delivered_hash']).toMatch(/^[0-9a-f]{64}$/);
    expect(entriesOf('decision')[0]?.['forwarded']).toBe(false);
  });

  it('has the form that the tool says its results have', async () => {
    const schema = {
      type: 'object',
      properties: { count: { type: 'integer', minimum: 3 }, name: { type: 'string' } },
      required: ['count', 'name'],
    };
    const fault = (value: Json) =>
      isObject(value) && Number(value['count']) >= 3 && typeof value['name'] === 'string'
        ? undefined
        : 'wrong';
    rig.tool = { ...plainTool, output: { schema, fault } };
    rig.policy = () => decide({ outcome: 'simulate' });
    expect(resultOf(await run())['structuredContent']).toEqual({ count: 3, name: 'simulated' });
  });

  it('denies when no result of that form can be made', async () => {
    rig.tool = { ...plainTool, output: { schema: { not: {} }, fault: () => 'never' } };
    rig.policy = () => decide({ outcome: 'simulate' });
    expect(textOf(await run())).toContain('no simulated result');
    expect([decided(), rig.reached]).toEqual([['deny'], []]);
  });

  it('is under the obligations of all rules, like every result', async () => {
    rig.policy = () =>
      decide({
        outcome: 'simulate',
        simulate: { result: 'AKIAIOSFODNN7EXAMPLE' },
        obligations: [{ type: 'redact', classes: ['secret'] }],
      });
    expect(textOf(await run())).toContain('[REDACTED:secret.aws_key]');
  });

  it('denies when nothing of the made result may be seen', async () => {
    rig.policy = () =>
      decide({
        outcome: 'simulate',
        simulate: { result: 'AKIAIOSFODNN7EXAMPLE' },
        obligations: [{ type: 'withhold', classes: ['secret'] }],
      });
    const answer = await run();
    expect(textOf(answer)).toContain('no simulated result');
    expect(JSON.stringify(answer)).not.toContain('AKIA');
    expect(ended()).toEqual([]);
  });
});

describe('reuse', () => {
  beforeEach(() => {
    rig.policy = () => decide({ outcome: 'reuse', reuse: { ttl_s: 60 } });
    deliver('first');
  });

  it('hands out the result of an earlier identical call', async () => {
    expect(textOf(await run())).toBe('first');
    deliver('second');
    const again = await run();
    expect(textOf(again)).toBe('first');
    expect(markOf(again)).toMatchObject({ outcome: 'reuse', reused: true });
    expect(rig.reached).toHaveLength(1);
    const [ran, handed] = entriesOf('outcome');
    expect([ran?.['status'], handed?.['status']]).toEqual(['executed', 'reused']);
    expect(handed?.['result_of']).toBe(ran?.['decision_id']);
  });

  it.each<[claim: string, change: () => void, args?: JsonObject]>([
    ['other arguments', () => {}, { path: 'b' }],
    ['another definition of the tool', () => (rig.tool = { ...plainTool, pin: 'sha256:new' })],
    ['another policy', () => (rig.policyDigest = 'sha256:bb')],
    [
      'other obligations',
      () =>
        (rig.policy = () =>
          decide({
            outcome: 'reuse',
            reuse: { ttl_s: 60 },
            obligations: [{ type: 'truncate', max_bytes: 3 }],
          })),
    ],
    [
      'somebody else',
      () => {
        const { identity } = caller;
        caller = { ...caller, identity: { ...identity, scope: 'os:bob', id: 'os:bob' } };
      },
    ],
  ])('does not for %s', async (_, change, args) => {
    await run();
    deliver('second');
    change();
    expect(textOf(await run(args))).toMatch(/^sec(ond)?$/);
    expect(rig.reached).toHaveLength(2);
  });

  it('does not for errors', async () => {
    rig.deliver = () =>
      Promise.resolve(answered({ content: [{ type: 'text', text: 'no' }], isError: true }));
    await run();
    deliver('second');
    expect(textOf(await run())).toBe('second');
  });

  it('uses up the yes that it needed: the next call is asked about anew', async () => {
    rig.approvalMode = 'require_human_approval';
    const asked = async () => {
      const answer = run();
      const row = await vi.waitFor(() => {
        const [pending] = rig.store.approvals(['pending']);
        if (pending === undefined) throw new Error('nothing is pending yet');
        return pending;
      });
      await rig.store.write('decision', (tx) => {
        tx.moveApproval(row.id, 'pending', { state: 'approved', decidedBy: ['os:alice'] });
      });
      return textOf(await answer);
    };
    expect([await asked(), await asked()]).toEqual(['first', 'first']);
    expect(rig.reached).toHaveLength(1);
    expect(rig.store.approvals(['approved'])).toEqual([]);
    expect(entriesOf('approval.consumed')).toHaveLength(2);
  });

  it('asks policy first: a denial hands nothing out', async () => {
    await run();
    rig.policy = () => decisions.deny;
    expect(textOf(await run())).toContain('Denied');
  });

  it('hands out what was delivered, not what was produced', async () => {
    rig.policy = () =>
      decide({
        outcome: 'reuse',
        reuse: { ttl_s: 60 },
        obligations: [{ type: 'redact', classes: ['pci.pan'] }],
      });
    deliver('card 4111 1111 1111 1111');
    await run();
    expect(textOf(await run())).toBe('card [REDACTED:pci.pan]');
    expect(rig.reached).toHaveLength(1);
  });

  it.each([0.0001, 1e300])('for %d seconds loses no outcome', async (ttl_s) => {
    rig.policy = () => decide({ outcome: 'reuse', reuse: { ttl_s } });
    await run();
    expect(ended()).toEqual(['executed']);
  });

  it('uses up the yes that it needed', async () => {
    await run();
    rig.policy = ({ context }) =>
      context.approval === null
        ? decisions.escalate
        : decide({ outcome: 'reuse', reuse: { ttl_s: 60 } });
    const answer = run();
    await approve();
    expect(markOf(await answer)).toMatchObject({ reused: true });
    expect(rig.store.approvals(['approved'])).toEqual([]);
    expect(rig.store.approvals(['consumed'])).toHaveLength(1);
  });

  it.each<[claim: string, first: () => Delivery]>([
    ['a task that goes on', () => typed('task', { taskId: 't', status: 'working' })],
    ['a number that loses digits', () => writing('{"content":[],"id":12345678901234567890}')],
    ['what is no JSON inside', () => writing('{"content":[{]}]}')],
  ])('does not hand out %s', async (_, first) => {
    rig.deliver = () => Promise.resolve(first());
    await run();
    deliver('second');
    expect(textOf(await run())).toBe('second');
  });

  it('does not for what was delivered as an error', async () => {
    const fault = (value: Json) =>
      isObject(value) && typeof value['id'] === 'number' ? undefined : 'no number';
    rig.tool = { ...plainTool, output: { schema: { type: 'object' }, fault } };
    rig.policy = () =>
      decide({
        outcome: 'reuse',
        reuse: { ttl_s: 60 },
        obligations: [{ type: 'redact', classes: ['pci.pan'] }],
      });
    rig.deliver = () =>
      Promise.resolve(answered({ content: [], structuredContent: { id: 4_111_111_111_111_111 } }));
    expect(resultOf(await run())['isError']).toBe(true);
    await run();
    expect(rig.reached).toHaveLength(2);
  });
});

describe('a call that waits for a person', () => {
  it('goes on to bind when its server is only observed by then', async () => {
    rig.policy = asksOnce;
    const answer = run();
    await asked();
    rig.mode = 'observe';
    await approve();
    expect((await answer).kind).toBe('relayed');
    expect(rig.store.approvals(['consumed'])).toHaveLength(1);
    expect(entriesOf('decision').map((entry) => entry['enforced'])).toEqual([true, true]);
  });
});

describe('adapt', () => {
  const secret = 'the key is AKIAIOSFODNN7EXAMPLE';

  it('changes the result before anybody sees it, and records both', async () => {
    obliging({ type: 'redact', classes: ['secret'] });
    deliver(secret, 'and more');
    const answer = await run();
    expect(textOf(answer)).toBe('the key is [REDACTED:secret.aws_key]\nand more');
    expect(markOf(answer)).toMatchObject({ adapted: ['redact:secret.aws_key'] });
    const [outcome] = entriesOf('outcome');
    expect(outcome).toMatchObject({
      status: 'executed',
      adapted: ['redact:secret.aws_key'],
      classes: ['secret.aws_key'],
    });
    expect(outcome?.['delivered_hash']).not.toBe(outcome?.['output_hash']);
  });

  it('relays the very bytes of a result in which nothing is to be changed', async () => {
    obliging({ type: 'redact', classes: ['secret'] });
    deliver('plain');
    const answer = await run();
    expect(answer.kind).toBe('relayed');
    expect(entriesOf('outcome')[0]).toMatchObject({ adapted: [], delivered_hash: null });
  });

  const cards = { type: 'redact', classes: ['pci.pan'] };
  const numbered = (digits: string, text = 'an id') =>
    `{"structuredContent":{"id":${digits}},"content":[{"type":"text","text":"${text}"}]}`;
  const kept = (data: string) => Buffer.from(data).toString('base64');

  it.each<[claim: string, written: string]>([
    ['a number that a parser rounds', numbered('9007199254740993123')],
    ['half a character', numbered('1', '\\ud83d')],
    ['spaces and escapes of its own', ' { "content" : [ {"type":"text","text":"\\u0061"} ] } '],
  ])('leaves %s to the byte, where nothing is found', async (_, written) => {
    obliging(cards);
    rig.deliver = () => Promise.resolve(answeredAs(written));
    const answer = await run();
    if (answer.kind !== 'relayed') throw new Error(`it is ${answer.kind}`);
    const { line, value } = answer.response;
    expect(line.subarray(...value).toString()).toBe(written);
    expect(ended()).toEqual(['executed']);
  });

  it.each<[claim: string, written: string]>([
    ['a card that a parser rounds away', numbered('4111111111111111110')],
    ['a card beside a rounded number', numbered('9007199254740993123', '4111 1111 1111 1111')],
    ['a card beside half a character', numbered('1', '\\ud83d 4111111111111111')],
    [
      'a card in bytes beside a rounded number',
      `{"n":9007199254740993123,"contents":[{"uri":"a","blob":"${kept('4111111111111111')}"}]}`,
    ],
    ['two members of one name', '{"content":[],"a":"4111111111111111","a":1}'],
    ['two members of one name and nothing else', '{"content":[],"a":2,"a":1}'],
  ])('withholds %s', async (_, written) => {
    obliging(cards);
    rig.deliver = () => Promise.resolve(answeredAs(written));
    expect(JSON.stringify(await run())).not.toMatch(/4111|blob/);
    expect(ended()).toEqual(['executed_withheld']);
  });

  it.each<[claim: string, obligation: JsonObject & { type: string }]>([
    ['unknown', { type: 'make_tea' }],
    ['malformed', { type: 'redact' }],
    ['of a class that nobody finds', { type: 'redact', classes: ['org.project'] }],
    ['with a pattern that is none', { type: 'redact', patterns: ['('] }],
    ['with a member that nobody knows', { type: 'truncate', max_bytes: 1, more: true }],
    ['for a channel that is not there', { type: 'notify', channel: 'ops' }],
  ])('an obligation that is %s denies before anything runs', async (_, obligation) => {
    obliging(obligation);
    expect(textOf(await run())).toContain('Denied by policy');
    expect([decided(), rig.reached]).toEqual([['deny'], []]);
    expect(entriesOf('decision')[0]).toMatchObject({ rules: [{ id: 'gate.obligation' }, {}] });
  });

  it('withholds a whole result that holds what it must not', async () => {
    obliging({ type: 'withhold', classes: ['secret'] });
    deliver(secret);
    const answer = await run();
    expect(JSON.stringify(answer)).not.toContain('AKIA');
    expect(textOf(answer)).toContain('do not repeat it');
    expect(entriesOf('outcome')[0]).toMatchObject({ status: 'executed_withheld' });
  });

  it('withholds a result that is longer than it may be', async () => {
    obliging({ type: 'limit', max_result_bytes: 10 });
    deliver('a result of more than ten bytes');
    expect(textOf(await run())).toContain('withholds');
    expect(ended()).toEqual(['executed_withheld']);
  });

  it('does not wait longer than it may, and says that the call may have run', async () => {
    const ends: (string | undefined)[] = [];
    rig.target.send = (_request, { lifetime }) =>
      new Promise(() => lifetime.onEnd(() => ends.push(lifetime.ended)));
    obliging({ type: 'limit', timeout_ms: 20 });
    const answer = await run();
    expect(textOf(answer)).toContain('may have run');
    expect(ends).toHaveLength(1);
    expect(entriesOf('outcome')[0]).toMatchObject({
      status: 'unknown',
      reason: 'no answer within 20 ms',
    });
  });

  it('holds for errors, too', async () => {
    obliging({ type: 'redact', classes: ['secret'] });
    rig.deliver = () => Promise.resolve(answeredError({ code: -1, message: secret }));
    const { error } = resultOf(await run());
    expect(error).toMatchObject({ code: -1, message: 'the key is [REDACTED:secret.aws_key]' });
    expect(ended()).toEqual(['failed']);
  });

  it('holds for what the server tells while it works', async () => {
    const told: unknown[] = [];
    rig.target.send = (_request, { onProgress }) => {
      onProgress?.({ progressToken: 7, progress: 1, message: secret }, { beside: secret });
      return Promise.resolve(saying('done'));
    };
    obliging({ type: 'redact', classes: ['secret'] });
    await run({}, { ...caller, relayProgress: (...said) => told.push(said) });
    const message = 'the key is [REDACTED:secret.aws_key]';
    expect(told).toEqual([[{ progressToken: 7, progress: 1, message }, { beside: message }]]);
  });

  it('is only recorded in observe mode', async () => {
    rig.mode = 'observe';
    obliging({ type: 'redact', classes: ['secret'] });
    deliver(secret);
    expect(textOf(await run())).toBe(secret);
  });

  it('holds for all that stands in a question, and leaves it a question', async () => {
    obliging({ type: 'redact', classes: ['secret'] });
    rig.deliver = () =>
      Promise.resolve(
        typed('input_required', {
          inputRequests: { a: { method: 'elicitation/create', params: { message: secret } } },
          content: [{ type: 'text', text: secret }],
        }),
      );
    const answer = await run();
    expect(JSON.stringify(resultOf(answer))).not.toContain('AKIA');
    expect(resultOf(answer)['resultType']).toBe('input_required');
    expect(ended()).toEqual(['input_required']);
  });

  it('holds for what a task brings later: its result, its error, and whatever else it says', async () => {
    obliging(
      { type: 'redact', classes: ['secret'], pointers: ['/structuredContent/name'] },
      { type: 'withhold', classes: ['pci'] },
    );
    rig.tool = { ...plainTool, annotations: { openWorldHint: true } };
    rig.deliver = () => Promise.resolve(typed('task', { taskId: 't', status: 'working' }));
    const answer = await run();
    const later = (state: Delivery): string => {
      if (state.kind !== 'answered' || answer.kind === 'refused') throw new Error('no task');
      const passed = answer.later?.(state.response);
      return passed === undefined ? 'nothing' : JSON.stringify(resultOf(passed));
    };
    const result = {
      content: [{ type: 'text', text: secret }],
      structuredContent: { name: 'rita' },
    };
    const completed = later(
      answered({ taskId: 't', status: 'completed', statusMessage: secret, result }),
    );
    expect(completed).toContain('[REDACTED:secret.aws_key]');
    expect(completed).not.toMatch(/AKIA|rita/);
    expect(later(answeredError({ code: -1, message: secret }))).not.toContain('AKIA');
    expect(later(answered({ taskId: 't', result: { card: '4111 1111 1111 1111' } }))).toBe(
      'nothing',
    );
    expect(later(answered({ taskId: 't', status: 'working' }))).toBe(
      '{"taskId":"t","status":"working"}',
    );
    expect([...caller.session.labels].sort()).toEqual(['private', 'secret', 'untrusted']);
  });

  it('says nothing for good of what cannot be looked at', async () => {
    obliging({ type: 'redact', classes: ['secret'] });
    const key = JSON.stringify(secret);
    rig.deliver = () => Promise.resolve(writing(`{"content":[],${key}:1,${key}:2}`));
    expect(textOf(await run())).toContain('withholds');
    expect(JSON.stringify(entriesOf('outcome'))).not.toContain('AKIA');
  });

  it('may wait for longer than a timer can count', async () => {
    obliging({ type: 'limit', timeout_ms: 2 ** 40 });
    rig.deliver = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return saying('late');
    };
    expect(textOf(await run())).toBe('late');
  });
});

describe('an idempotency key', () => {
  const keyed = (key: string, more: JsonObject = {}) => run({ request_id: key, ...more });
  const hanging = () => {
    let answer = (): void => {};
    rig.deliver = () =>
      new Promise((resolve) => {
        answer = () => resolve(saying('late'));
      });
    return () => answer();
  };

  it('lets a call run once, and repeats its result', async () => {
    deliver('first');
    await keyed('k');
    deliver('second');
    const again = await keyed('k');
    expect(textOf(again)).toBe('first');
    expect(markOf(again)).toMatchObject({ repeated: true });
    expect([rig.reached.length, ended()]).toEqual([1, ['executed', 'repeated']]);
  });

  it('denies another call under the same key', async () => {
    await keyed('k');
    expect(textOf(await keyed('k', { more: 1 }))).toContain('used for another call');
    expect(rig.reached).toHaveLength(1);
  });

  it('joins a call that is on its way', async () => {
    const answer = hanging();
    const [one, two] = [keyed('k'), keyed('k')];
    await vi.waitFor(() => expect(rig.reached).toHaveLength(1));
    answer();
    expect([textOf(await one), textOf(await two)]).toEqual(['late', 'late']);
    expect(rig.reached).toHaveLength(1);
  });

  it('of a call that takes too long says that it is still running', async () => {
    rig.holdMs = 10;
    const answer = hanging();
    const one = keyed('k');
    await vi.waitFor(() => expect(rig.reached).toHaveLength(1));
    expect(textOf(await keyed('k'))).toContain('still running');
    answer();
    await one;
  });

  it('of a call of which nobody knows whether it ran is a matter of policy', async () => {
    const priors: PolicyInput['context']['prior'][] = [];
    rig.policy = ({ context }) => {
      priors.push(context.prior);
      return context.prior === null ? decisions.allow : decisions.deny;
    };
    rig.deliver = () => Promise.resolve({ kind: 'lost', reason: 'gone' });
    await keyed('k');
    expect(textOf(await keyed('k'))).toContain('not here');
    expect(priors.at(-1)).toMatchObject({ status: 'unknown' });
    expect(rig.reached).toHaveLength(1);
  });

  it('of a call that was never sent is free again', async () => {
    rig.deliver = () => Promise.resolve({ kind: 'unsent', reason: 'not there' });
    await keyed('k');
    deliver('first');
    expect(textOf(await keyed('k'))).toBe('first');
  });

  it('repeats an error as it was', async () => {
    rig.deliver = () => Promise.resolve(answeredError({ code: -5, message: 'no such row' }));
    await keyed('k');
    expect(resultOf(await keyed('k'))).toMatchObject({
      error: { code: -5, message: 'no such row' },
    });
    expect(rig.reached).toHaveLength(1);
  });

  it('belongs to one caller', async () => {
    await keyed('k');
    const { identity } = caller;
    await run({ request_id: 'k' }, { ...caller, identity: { ...identity, scope: 'os:bob' } });
    expect(rig.reached).toHaveLength(2);
  });

  it('may come from policy', async () => {
    obliging({ type: 'idempotent', key: 'from policy' });
    deliver('first');
    await run({ path: 'a' });
    expect(textOf(await run({ path: 'a' }))).toBe('first');
    expect(rig.reached).toHaveLength(1);
  });

  it('says what is withheld, and does not run again', async () => {
    obliging({ type: 'withhold', classes: ['secret'] });
    deliver('AKIAIOSFODNN7EXAMPLE');
    await keyed('k');
    expect(textOf(await keyed('k'))).toContain('withholds');
    expect(rig.reached).toHaveLength(1);
  });

  it('of the tool that was asked for counts wherever policy sends the call', async () => {
    rig.siblings.set('files/other', plainTool);
    rig.policy = ({ resource }) =>
      resource.properties.tool === 'other'
        ? decisions.allow
        : decide({ outcome: 'compute', compute: { tool: 'other' } });
    deliver('first');
    await keyed('k');
    deliver('second');
    expect(textOf(await keyed('k'))).toBe('first');
    expect(rig.reached).toHaveLength(1);
  });

  it('repeats an error of the tool, and records that it is one', async () => {
    rig.deliver = () => Promise.resolve(answered({ content: [], isError: true }));
    await keyed('k');
    await keyed('k');
    expect(entriesOf('outcome').map((entry) => entry['is_error'])).toEqual([true, true]);
  });

  it('repeats under what policy wants by now, and records what that changed', async () => {
    deliver('AKIAIOSFODNN7EXAMPLE');
    await keyed('k');
    obliging({ type: 'redact', classes: ['secret'] });
    expect(textOf(await keyed('k'))).toBe('[REDACTED:secret.aws_key]');
    expect(entriesOf('outcome')[1]).toMatchObject({
      status: 'repeated',
      adapted: ['redact:secret.aws_key'],
      classes: ['secret.aws_key'],
    });
    obliging({ type: 'withhold', classes: ['secret'] });
    expect(textOf(await keyed('k'))).toContain('withholds');
    expect(entriesOf('outcome')[2]).toMatchObject({
      status: 'repeated',
      is_error: true,
      reason: 'the result was withheld: it holds secret.aws_key',
    });
  });

  it('of a call whose result is no JSON inside is not given to another', async () => {
    rig.deliver = () => Promise.resolve(writing('{"content":[{]}]}'));
    await keyed('k');
    expect(textOf(await keyed('k'))).toContain('its result is not kept');
    expect(rig.reached).toHaveLength(1);
  });

  it('that waits for a call which the operator stops says so', async () => {
    const answer = hanging();
    const one = keyed('k');
    await vi.waitFor(() => expect(rig.reached).toHaveLength(1));
    const two = keyed('k');
    await vi.waitFor(() => expect(caller.session.calls).toBe(2));
    rig.inFlight.cancel(() => true);
    expect(textOf(await two)).toContain('stopped by the operator');
    answer();
    await one;
  });

  it.each<[claim: string, key: Json]>([
    ['long', 'k'.repeat(10_000)],
    ['an object', { order: 1 }],
    ['a number', 7],
  ])('that an argument is counts when it is %s, too', async (_, key) => {
    await run({ request_id: key });
    await run({ request_id: key });
    expect(rig.reached).toHaveLength(1);
  });
});

describe('a budget', () => {
  const budget = (onExceed: 'deny' | 'escalate' | 'simulate', calls = 1) => {
    const limit = { calls, microUsd: undefined, bytes: undefined };
    rig.budgets = [
      {
        id: 'daily',
        scope: ['global'],
        windowMs: 86_400_000,
        limit,
        onExceed,
        servers: undefined,
        tools: undefined,
      },
    ];
  };

  it('refuses the call for which there is no room', async () => {
    budget('deny', 2);
    for (const path of ['a', 'b']) expect((await run({ path })).kind).toBe('relayed');
    expect(textOf(await run({ path: 'c' }))).toContain('budget "daily" has no room');
    expect(decided()).toEqual(['allow', 'allow', 'deny']);
    expect(entriesOf('decision')[2]).toMatchObject({ budget: [{ id: 'daily', exceeded: true }] });
  });

  it('counts calls in flight, so that no two share the last place', async () => {
    budget('deny', 3);
    await Promise.all(Array.from({ length: 20 }, (_, at) => run({ path: String(at) })));
    expect(rig.reached).toHaveLength(3);
  });

  it('may simulate instead', async () => {
    budget('simulate');
    await run();
    expect(textOf(await run())).toContain('Simulated');
    expect(rig.reached).toHaveLength(1);
  });

  it('may ask instead, and a yes goes over it once', async () => {
    budget('escalate');
    await run();
    const answer = run({ path: 'b' });
    const row = await vi.waitFor(() => {
      const [pending] = rig.store.approvals(['pending']);
      if (pending === undefined) throw new Error('nothing is pending yet');
      return pending;
    });
    expect(row.rules).toContain('gate.budget.daily');
    await rig.store.write('decision', (tx) => {
      tx.moveApproval(row.id, 'pending', { state: 'approved', decidedBy: ['os:alice'] });
    });
    expect((await answer).kind).toBe('relayed');
    expect(rig.reached).toHaveLength(2);
  });

  it('gets back what a call took that was never sent', async () => {
    budget('deny');
    rig.deliver = () => Promise.resolve({ kind: 'unsent', reason: 'not there' });
    await run();
    deliver('first');
    expect(textOf(await run())).toBe('first');
  });

  it('keeps what a call took of which nobody knows whether it ran', async () => {
    budget('deny');
    rig.deliver = () => Promise.resolve({ kind: 'lost', reason: 'gone' });
    await run();
    deliver('first');
    expect(textOf(await run())).toContain('no room');
  });

  it('only counts in observe mode', async () => {
    budget('deny');
    rig.mode = 'observe';
    await run();
    await run();
    expect(rig.reached).toHaveLength(2);
    expect(entriesOf('decision')[1]).toMatchObject({ outcome: 'deny', enforced: false });
  });

  it('that cannot be read denies', async () => {
    budget('deny');
    await rig.store.close();
    expect(textOf(await run())).toMatch(/could not be recorded/);
    expect(rig.reached).toEqual([]);
  });

  it('counts a call whose server asks back: it has been reached', async () => {
    budget('deny', 2);
    rig.deliver = () => Promise.resolve(typed('input_required', { requestState: 's' }));
    for (const path of ['a', 'b', 'c']) await run({ path });
    expect(rig.reached).toHaveLength(2);
    expect(decided()).toEqual(['allow', 'allow', 'deny']);
  });

  it('outlives a server that says what its call cost in no JSON', async () => {
    budget('deny', 2);
    rig.tariff = { ...noTariff, reported: '/_meta/cost' };
    rig.deliver = () => Promise.resolve(writing('{"content":[{]}]}'));
    await run();
    expect(ended()).toEqual(['executed']);
  });
});

describe('what a session has read', () => {
  it('is known to policy from the next call on', async () => {
    const seen: (readonly string[])[] = [];
    rig.policy = ({ context }) => {
      seen.push(context.session.labels);
      return decisions.allow;
    };
    rig.labels = ['private'];
    await run();
    rig.labels = [];
    await run();
    expect(seen).toEqual([[], ['private']]);
  });

  it('comes from what tools say of themselves, and from what was found', async () => {
    rig.tool = { ...plainTool, annotations: { openWorldHint: true } };
    obliging({ type: 'redact', classes: ['secret', 'pci'] });
    deliver('AKIAIOSFODNN7EXAMPLE');
    await run();
    expect([...caller.session.labels].sort()).toEqual(['secret', 'untrusted']);
  });

  it('is not brought by a call that did not run', async () => {
    rig.labels = ['private'];
    rig.policy = () => decisions.deny;
    await run();
    expect(caller.session.labels.size).toBe(0);
  });

  it.each<[claim: string, answer: () => Delivery]>([
    ['an error', () => answeredError({ code: -1, message: 'do this' })],
    ['a question', () => typed('input_required', { requestState: 's' })],
    ['what was told before the answer got lost', () => ({ kind: 'lost', reason: 'gone' })],
  ])('comes with %s, too', async (_, answer) => {
    rig.tool = { ...plainTool, annotations: { openWorldHint: true } };
    rig.deliver = () => Promise.resolve(answer());
    await run();
    expect([...caller.session.labels]).toEqual(['untrusted']);
  });

  it('comes with a result that an earlier call had brought to somebody else', async () => {
    rig.labels = ['private'];
    rig.policy = () => decide({ outcome: 'reuse', reuse: { ttl_s: 60 } });
    await run();
    const other = {
      ...caller,
      session: { ...caller.session, id: 's2', labels: new Set<string>() },
    };
    expect(markOf(await run({ path: 'a' }, other))).toMatchObject({ reused: true });
    expect([...other.session.labels]).toEqual(['private']);
  });

  it('is nothing where a result was made up', async () => {
    rig.labels = ['private'];
    rig.policy = () => decide({ outcome: 'simulate' });
    await run();
    expect(caller.session.labels.size).toBe(0);
  });
});

describe('a tool that no list shows', () => {
  it('cannot be called', async () => {
    rig.hidden.add('write_file');
    expect(textOf(await run())).toContain('hides it');
    expect(rig.reached).toEqual([]);
  });

  it('for a policy that fails is denied for what went wrong', async () => {
    rig.hidden.add('write_file');
    rig.policy = () => {
      throw new Error('evaluation ran out of steps');
    };
    expect(textOf(await run())).toContain('policy could not decide');
    expect(entriesOf('decision')[0]).toMatchObject({
      rules: [{ id: 'gate.policy-error' }],
      error: 'evaluation ran out of steps',
    });
  });

  it('and that a rule denies as well is denied by that rule', async () => {
    rig.hidden.add('write_file');
    rig.policy = () => decisions.deny;
    expect(textOf(await run())).toContain('not here');
    expect(rig.reached).toEqual([]);
  });

  it('cannot be reached by way of another', async () => {
    rig.hidden.add('secret_tool');
    rig.siblings.set('files/secret_tool', plainTool);
    rig.policy = () => decide({ outcome: 'compute', compute: { tool: 'secret_tool' } });
    expect(textOf(await run())).toContain('hides it');
    expect(rig.reached).toEqual([]);
  });
});

describe('a call that is cancelled', () => {
  it('gives its key and its budget back when it has not started', async () => {
    const lifetime = new Lifetime();
    lifetime.end('cancelled');
    await run({ request_id: 'k' }, { ...caller, lifetime });
    deliver('first');
    expect(textOf(await run({ request_id: 'k' }))).toBe('first');
  });
});

describe('who looks at the gate', () => {
  it('hears of every decision that stands, once', async () => {
    rig.deliver = () => new Promise((resolve) => setTimeout(resolve, 50, saying('first')));
    await Promise.all([run({ request_id: 'k' }), run({ request_id: 'k' })]);
    expect(rig.told.map(({ decision }) => decision.outcome)).toEqual(['allow', 'allow']);
    expect(entriesOf('decision')).toHaveLength(2);
  });
});
