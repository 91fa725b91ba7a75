import { describe, expect, it } from 'vitest';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { FarMessage } from '../../src/core/related.ts';
import { until } from '../harness/until.ts';
import {
  again,
  call,
  carry,
  createRig,
  done,
  envelope,
  errorIn,
  form,
  forwarded,
  modernCall,
  modernSpeaker,
  type Received,
  rawResponse,
  refusal,
  resultIn,
  ScriptedConnection,
} from './rig.ts';

const ada = { action: 'accept', content: { name: 'Ada' } };
const complete = { resultType: 'complete', ...done };
const question = { method: 'elicitation/create', params: form };
const sampling = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } };

const ask = (inputRequests: object | undefined, requestState?: string) => ({
  resultType: 'input_required',
  ...(inputRequests && { inputRequests }),
  ...(requestState !== undefined && { requestState }),
  'x-own': [1],
});

/** Every character as an escape. */
function escaped(text: string): string {
  return [...text].map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
}

function rounds(...answers: readonly unknown[]): ScriptedConnection {
  return new ScriptedConnection('modern', (received: Received, round) => {
    received.result(JSON.parse(JSON.stringify(answers[Math.min(round, answers.length) - 1])));
  });
}

describe('a modern server asks a modern client', () => {
  it('in the answer, with a state that is sealed on the way', async () => {
    const rig = createRig();
    const server = rounds(
      ask({ name: question }, 's "1"'),
      ask({ name: question }, 's2'),
      complete,
    );
    const first = await carry(rig, server, modernCall);
    expect(resultIn(first)).toEqual({
      ...ask({ name: question }),
      requestState: expect.stringMatching(/^[\w-]+$/),
    });
    const second = await carry(rig, server, again(first, { name: ada }));
    const third = await carry(rig, server, again(second, { name: { action: 'decline' } }));
    expect(third).toEqual({ result: complete });
    expect(server.received.map(({ params }) => params)).toEqual([
      modernCall,
      { ...modernCall, requestState: 's "1"', inputResponses: { name: ada } },
      { ...modernCall, requestState: 's2', inputResponses: { name: { action: 'decline' } } },
    ]);
  });

  it('without a state, and the retry is bound all the same', async () => {
    const rig = createRig();
    const server = rounds(ask({ name: question }), complete);
    const first = await carry(rig, server, modernCall);
    const other = { ...call, arguments: { path: '/b' } };
    expect(errorIn(await carry(rig, server, again(first, { name: ada }, other))).code).toBe(-32602);
    await carry(rig, server, again(first, { name: ada }));
    expect(server.last().params).toEqual({ ...modernCall, inputResponses: { name: ada } });
  });

  it('for nothing but another try', async () => {
    const rig = createRig();
    const server = rounds(ask(undefined, 'wait'), complete);
    const first = await carry(rig, server, modernCall);
    expect(resultIn(first)).not.toHaveProperty('inputRequests');
    const { requestState } = resultIn(first);
    await carry(rig, server, { ...modernCall, requestState });
    expect(server.last().params).toEqual({ ...modernCall, requestState: 'wait' });
  });

  it('and policy hears of everything first', async () => {
    const seen: FarMessage[] = [];
    const policy = (asked: FarMessage) => {
      seen.push(asked);
      return undefined;
    };
    await carry(createRig(), rounds(ask({ a: question, b: sampling })), modernCall, { policy });
    expect(seen).toEqual([
      { ...question, extras: undefined },
      { ...sampling, extras: undefined },
    ]);
  });

  it('and the client sees none of it when one thing is refused', async () => {
    const policy = ({ method }: FarMessage) =>
      method === sampling.method ? refusal('Denied by policy') : undefined;
    const server = rounds(ask({ a: question, b: sampling }, 's'));
    expect(await carry(createRig(), server, modernCall, { policy })).toEqual({
      error: {
        code: 4003,
        message: 'the server asked for "sampling/createMessage": Denied by policy',
      },
    });
  });

  it('what policy made of the question', async () => {
    const params = { ...form, message: 'Really?' };
    const policy = () => ({ method: question.method, params, extras: undefined });
    const got = await carry(createRig(), rounds(ask({ a: question })), modernCall, { policy });
    expect(resultIn(got)['inputRequests']).toEqual({ a: { method: question.method, params } });
  });

  it('nothing that policy has answered in its place; the server gets that answer', async () => {
    const rig = createRig();
    const result = { role: 'assistant', model: 'none' };
    const policy = ({ method }: FarMessage) =>
      method === sampling.method ? ({ kind: 'made', result } as const) : undefined;
    const server = rounds(ask({ a: question, b: sampling }, 's'), complete);
    const first = await carry(rig, server, modernCall, { policy });
    expect(resultIn(first)['inputRequests']).toEqual({ a: question });
    await carry(rig, server, again(first, { a: ada, b: { role: 'forged' } }));
    expect(server.last().params['inputResponses']).toEqual({ a: ada, b: result });
  });

  it.each([
    ['with escapes', String.raw`{"resultType":"\u0069nput\u005frequired",$}`],
    ['with nothing but escapes', `{"resultType":"${escaped('input_required')}",$}`],
  ])('and policy hears of it however the type is written: %s', async (_, template) => {
    const text = template.replace(
      '$',
      JSON.stringify({ inputRequests: { a: question } }).slice(1, -1),
    );
    const server = new ScriptedConnection('modern', (received) => {
      received.respond(rawResponse(`{"jsonrpc":"2.0","id":1,"result":${text}}`));
    });
    const policy = () => refusal('Denied by policy');
    const got = await carry(createRig(), server, modernCall, { policy });
    expect(errorIn(got).message).toBe(
      'the server asked for "elicitation/create": Denied by policy',
    );
  });

  it.each([
    ['in another case', '"ResultType":"input_required"'],
    ['as another value', '"resultType":["input_required"]'],
  ])('and nothing of it reaches the client when the type is said %s', async (_, type) => {
    const questions = JSON.stringify({ inputRequests: { a: question } }).slice(1, -1);
    const server = new ScriptedConnection('modern', (received) => {
      received.respond(rawResponse(`{"jsonrpc":"2.0","id":1,"result":{${type},${questions}}}`));
    });
    expect(await carry(createRig(), server, modernCall)).toEqual({
      error: {
        code: -32603,
        message: 'the server answered with a type of result that cannot be read',
      },
    });
  });

  const faults: readonly [name: string, answer: unknown, method: string, message: string][] = [
    [
      'asks twice, by the case of a key',
      { ...ask({ a: question }, 's'), InputRequests: { a: sampling } },
      'tools/call',
      'the server asked for input in a way that cannot be read',
    ],
    [
      'asks for nothing',
      ask(undefined),
      'tools/call',
      'the server asked for input and did not say which',
    ],
    [
      'asks for what no server may ask for',
      ask({ a: { method: 'tools/call' } }),
      'tools/call',
      'the server asked for something that no server may ask for',
    ],
    [
      'asks where it may not',
      ask({ a: question }),
      'completion/complete',
      'the server asked for input, which "completion/complete" does not allow',
    ],
  ];
  it.each(faults)('in vain when it %s', async (_, answer, method, message) => {
    const got = await carry(createRig(), rounds(answer), modernCall, { method });
    expect(errorIn(got)).toEqual({ code: -32603, message });
  });
});

describe('a state of a modern server', () => {
  it('is used once', async () => {
    const rig = createRig();
    const server = rounds(ask({ a: question }, 's'), complete);
    const first = await carry(rig, server, modernCall);
    await carry(rig, server, again(first, { a: ada }));
    expect(errorIn(await carry(rig, server, again(first, { a: ada }))).code).toBe(-32602);
    expect(server.received).toHaveLength(2);
  });

  it('never comes from the client', async () => {
    const server = rounds(complete);
    const got = await carry(createRig(), server, { ...modernCall, requestState: 'forged' });
    expect(errorIn(got).code).toBe(-32602);
    expect(server.received).toEqual([]);
  });

  it('goes to no other server', async () => {
    const rig = createRig();
    const first = await carry(rig, rounds(ask({ a: question }, 's')), modernCall);
    const other = Object.assign(rounds(complete), { server: 'other' });
    const got = await carry(rig, other, again(first, { a: ada }));
    expect(errorIn(got).message).toBe('unsent: the request goes on with another server');
    expect(other.received).toEqual([]);
  });

  it('goes to no server that speaks otherwise now', async () => {
    const rig = createRig();
    const first = await carry(rig, rounds(ask({ a: question }, 's')), modernCall);
    const other = new ScriptedConnection('legacy');
    const got = await carry(rig, other, again(first, { a: ada }));
    expect(errorIn(got).message).toBe('unsent: the request goes on with another server');
  });
});

describe('answers that come without a state', () => {
  it('reach the server with the call that was decided', async () => {
    const server = rounds(complete);
    await carry(createRig(), server, { ...modernCall, inputResponses: { a: ada, b: 1 } });
    expect(server.last().params).toEqual({ ...modernCall, inputResponses: { a: ada, b: 1 } });
  });

  it('are not needed again: the retry is the same call with other ones', async () => {
    const rig = createRig();
    const server = rounds(ask({ b: question }, 's'), complete);
    const first = await carry(rig, server, { ...modernCall, inputResponses: { a: ada } });
    await carry(rig, server, again(first, { b: ada }));
    expect(server.last().params).toEqual({
      ...modernCall,
      requestState: 's',
      inputResponses: { b: ada },
    });
  });

  it('are refused when they are no object', async () => {
    const server = rounds(complete);
    const got = await carry(createRig(), server, { ...modernCall, inputResponses: [ada] });
    expect(errorIn(got)).toEqual({
      code: -32602,
      message: '"params.inputResponses" must be an object',
    });
    expect(server.received).toEqual([]);
  });
});

it('tasks and other types of results go through', async () => {
  const task = { resultType: 'task', taskId: 't', 'x-own': 1 };
  expect(await carry(createRig(), rounds(task), modernCall)).toEqual({ result: task });
});

describe('an error of a modern server', () => {
  const rows = [
    ['about a capability is the client to mend', -32021, -32021],
    ['about headers is the gate to mend', -32020, -32603],
    ['about the revision is the gate to mend', -32022, -32603],
    ['about anything else goes through', -32602, -32602],
  ] as const;
  it.each(rows)('%s', async (_, code, becomes) => {
    const server = new ScriptedConnection('modern', (received) =>
      received.error({ code, message: 'm', data: { requiredCapabilities: {} } }),
    );
    expect(errorIn(await carry(createRig(), server, modernCall)).code).toBe(becomes);
  });
});

describe('a cancelled call', () => {
  it('is cancelled at the server while that works', async () => {
    const lifetime = new Lifetime();
    const server = new ScriptedConnection('modern');
    const got = carry(createRig(), server, modernCall, { lifetime });
    lifetime.end('enough');
    expect(errorIn(await got).message).toBe('lost: enough');
    expect(server.cancelled).toEqual(['enough']);
  });

  it('is over while a question is decided', async () => {
    const lifetime = new Lifetime();
    const questions: Lifetime[] = [];
    const { bridge } = createRig();
    const request = {
      kind: 'request',
      id: 1,
      method: 'tools/call',
      params: modernCall,
      extras: undefined,
    } as const;
    const crossing = bridge.cross(request, modernSpeaker, 's');
    if ('code' in crossing) throw new Error(crossing.message);
    const sent = crossing
      .target(rounds(ask({ a: question }, 's')))
      .send(forwarded('tools/call', modernCall), {
        lifetime,
        onProgress: undefined,
        related: {
          client: {},
          ask: (_server, _question, asked) => questions.push(asked),
          tell: () => {},
        },
      });
    await until('a question', () => questions.length === 1);
    lifetime.end('enough');
    const delivery = await sent;
    expect(delivery).toMatchObject({ kind: 'answered', response: { kind: 'error' } });
    expect(questions[0]?.ended).toBe('the call is over');
  });
});

it('asks for the same envelope in every round', async () => {
  const rig = createRig();
  const server = rounds(ask({ a: question }, 's'), complete);
  const first = await carry(rig, server, modernCall);
  await carry(rig, server, again(first, { a: ada }));
  expect(server.received.map(({ params }) => params['_meta'])).toEqual([envelope, envelope]);
});
