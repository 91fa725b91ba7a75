import { describe, expect, it } from 'vitest';
import type { RawResponse } from '../../src/core/answer.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { FarMessage } from '../../src/core/related.ts';
import { until } from '../harness/until.ts';
import {
  call,
  carry,
  createRig,
  done,
  errorIn,
  form,
  legacySpeaker,
  type Passage,
  passageOf,
  type Received,
  raw,
  refusal,
  ScriptedConnection,
} from './rig.ts';

const ask = (key: string, state?: string, method = 'elicitation/create') => ({
  resultType: 'input_required',
  inputRequests: { [key]: { method, params: form } },
  ...(state !== undefined && { requestState: state }),
});
const ada = { action: 'accept', content: { name: 'Ada' } };

/** A modern server that answers each round in turn; the last one again and again. */
function rounds(...answers: readonly unknown[]): ScriptedConnection {
  return new ScriptedConnection('modern', (received: Received, round) => {
    const answer = answers[Math.min(round, answers.length) - 1];
    received.result(JSON.parse(JSON.stringify(answer)));
  });
}

const ways: Passage = { speaker: legacySpeaker, client: () => raw('result', ada) };

describe('a modern server asks a legacy client', () => {
  it('with a real request, and gets the answer with the request again', async () => {
    const server = rounds(ask('name', 's1'), { resultType: 'complete', ...done });
    const { got, face } = await passageOf(createRig(), server, call, ways);
    expect(face?.asked).toEqual([
      { method: 'elicitation/create', params: form, extras: undefined },
    ]);
    expect(server.received[0]?.params).not.toHaveProperty('requestState');
    expect(server.received[1]?.params).toEqual({
      ...server.received[0]?.params,
      requestState: 's1',
      inputResponses: { name: ada },
    });
    expect(got).toEqual({ result: done });
  });

  it.each([
    ['is answered', ask('name', 's1')],
    ['has asked for nothing but another try', { resultType: 'input_required', requestState: 's' }],
  ])(
    'and is not sent the request again once everything is stopped, when it %s',
    async (_, first) => {
      const rig = createRig();
      const server = new ScriptedConnection('modern', (received) => {
        received.result(JSON.parse(JSON.stringify(first)));
        rig.freeze();
      });
      const got = await carry(rig, server, call, ways);
      expect(errorIn(got).message).toBe('lost: all calls are stopped by the operator');
      expect(server.received).toHaveLength(1);
    },
  );

  it('over several rounds, each with its own answers and state', async () => {
    const server = rounds(ask('a', 's1'), ask('b'), ask('c', 's "3"\\'), done);
    expect(await carry(createRig(), server, call, ways)).toEqual({ result: done });
    expect(
      server.received.map(({ params }) => [params['requestState'], params['inputResponses']]),
    ).toEqual([
      [undefined, undefined],
      ['s1', { a: ada }],
      [undefined, { b: ada }],
      ['s "3"\\', { c: ada }],
    ]);
  });

  it('for several things at once', async () => {
    const waiting = new Map<string, (response: RawResponse) => void>();
    const client = ({ method }: FarMessage) =>
      new Promise<RawResponse>((resolve) => waiting.set(method, resolve));
    const server = rounds(
      {
        resultType: 'input_required',
        inputRequests: {
          who: { method: 'elicitation/create', params: form },
          where: { method: 'roots/list' },
        },
      },
      done,
    );
    const got = carry(createRig(), server, call, { ...ways, client });
    await until('both questions', () => waiting.size === 2);
    waiting.get('roots/list')?.(raw('result', { roots: [] }));
    waiting.get('elicitation/create')?.(raw('result', ada));
    expect(await got).toEqual({ result: done });
    expect(server.last().params['inputResponses']).toEqual({ who: ada, where: { roots: [] } });
  });

  it('for nothing but another try', async () => {
    const server = rounds({ resultType: 'input_required', requestState: 'wait' }, done);
    expect(await carry(createRig(), server, call, ways)).toEqual({ result: done });
    expect(server.last().params).toMatchObject({ requestState: 'wait' });
    expect(server.last().params).not.toHaveProperty('inputResponses');
  });

  it('by URL with an id, which legacy clients need', async () => {
    const url = { mode: 'url', message: 'Go', url: 'https://a.example/' };
    const server = rounds(
      {
        resultType: 'input_required',
        inputRequests: { go: { method: 'elicitation/create', params: url } },
      },
      done,
    );
    const { face } = await passageOf(createRig(), server, call, ways);
    expect(face?.asked[0]?.params).toEqual({
      ...url,
      elicitationId: expect.stringMatching(/^[\w-]{36}$/),
    });
  });

  it('and hears "cancel" when an elicitation is refused', async () => {
    const server = rounds(ask('name'), done);
    const got = await carry(createRig(), server, call, { ...ways, policy: () => refusal() });
    expect(got).toEqual({ result: done });
    expect(server.last().params['inputResponses']).toEqual({ name: { action: 'cancel' } });
  });

  it('and hears what policy answers in its place', async () => {
    const result = { action: 'decline' };
    const policy = () => ({ kind: 'made', result }) as const;
    const server = rounds(ask('name'), done);
    await carry(createRig(), server, call, { ...ways, policy });
    expect(server.last().params['inputResponses']).toEqual({ name: result });
  });
});

describe('a call of a legacy client ends with an error when the modern server', () => {
  const shape = (inputRequests: unknown, requestState?: unknown) => ({
    resultType: 'input_required',
    inputRequests,
    requestState,
  });
  const many = Object.fromEntries(
    Array.from({ length: 21 }, (_, at) => [`k${at}`, { method: 'roots/list' }]),
  );
  const rows: readonly [
    name: string,
    answer: unknown,
    passage: Passage,
    code: number,
    message: string,
  ][] = [
    [
      'asks for sampling that is refused',
      ask('a', 's', 'sampling/createMessage'),
      { policy: () => refusal('Denied by policy') },
      4003,
      'the server asked for "sampling/createMessage": Denied by policy',
    ],
    [
      'asks for roots that the client does not give',
      ask('a', 's', 'roots/list'),
      { client: () => raw('error', { code: -1, message: 'secret' }) },
      4003,
      'the server asked for "roots/list": the client did not give it',
    ],
    ['asks for ever', ask('a', 's'), {}, -32603, 'the server asked for input again and again'],
    [
      'asks for nothing',
      shape(undefined),
      {},
      -32603,
      'the server asked for input and did not say which',
    ],
    [
      'asks with a list',
      shape([]),
      {},
      -32603,
      'the server sent "inputRequests" that are no object',
    ],
    [
      'asks for what no server may ask for',
      shape({ a: { method: 'tools/call', params: {} } }),
      {},
      -32603,
      'the server asked for something that no server may ask for',
    ],
    [
      'asks with parameters that are no object',
      shape({ a: { method: 'roots/list', params: 3 } }),
      {},
      -32603,
      'the server asked for something that no server may ask for',
    ],
    [
      'asks for too much at once',
      shape(many),
      {},
      -32603,
      'the server asked for more than 20 things at once',
    ],
    [
      'has a state that is no text',
      shape({}, 7),
      {},
      -32603,
      'the server sent a "requestState" that is no string',
    ],
    [
      'asks where it may not',
      ask('a'),
      { method: 'completion/complete' },
      -32603,
      'the server asked for input, which "completion/complete" does not allow',
    ],
  ];
  it.each(rows)('%s', async (_, answer, passage, code, message) => {
    const got = await carry(createRig(), rounds(answer), call, { ...ways, ...passage });
    expect(errorIn(got)).toEqual({ code, message });
  });

  it('answers with a result that is no object', async () => {
    const server = new ScriptedConnection('modern', (received) => received.result([1]));
    expect(errorIn(await carry(createRig(), server, call, ways))).toEqual({
      code: -32603,
      message: 'the server answered with a result that is no object',
    });
  });

  it('asks a client that nobody can reach', async () => {
    const { bridge } = createRig();
    const request = {
      kind: 'request',
      id: 1,
      method: 'tools/call',
      params: call,
      extras: undefined,
    } as const;
    const crossing = bridge.cross(request, legacySpeaker, 's');
    if ('code' in crossing) throw new Error(crossing.message);
    const delivery = await crossing.target(rounds(ask('a'))).send(
      {
        method: 'tools/call',
        fields: {},
        meta: undefined,
        argumentsText: undefined,
        extras: undefined,
      },
      { lifetime: new Lifetime(), onProgress: undefined, related: undefined },
    );
    if (delivery.kind !== 'answered') throw new Error(delivery.reason);
    expect(delivery.response.line.toString()).toContain('there is nobody to give it');
  });

  it('may be sent only eight more times', async () => {
    const server = rounds(ask('a'));
    await carry(createRig(), server, call, ways);
    expect(server.received).toHaveLength(9);
  });
});

describe('a cancelled call of a legacy client', () => {
  it('is cancelled at the server while that works', async () => {
    const lifetime = new Lifetime();
    const server = new ScriptedConnection('modern');
    const got = carry(createRig(), server, call, { ...ways, lifetime });
    lifetime.end('enough');
    expect(errorIn(await got).message).toBe('lost: enough');
    expect(server.cancelled).toEqual(['enough']);
  });

  it('is over while the client is asked, and nobody is asked any longer', async () => {
    const lifetime = new Lifetime();
    const server = rounds(ask('a'), done);
    const questions: Lifetime[] = [];
    const { bridge } = createRig();
    const request = {
      kind: 'request',
      id: 1,
      method: 'tools/call',
      params: call,
      extras: undefined,
    } as const;
    const crossing = bridge.cross(request, legacySpeaker, 's');
    if ('code' in crossing) throw new Error(crossing.message);
    const sent = crossing.target(server).send(
      {
        method: 'tools/call',
        fields: call,
        meta: undefined,
        argumentsText: undefined,
        extras: undefined,
      },
      {
        lifetime,
        onProgress: undefined,
        related: {
          client: {},
          ask: (_server, _question, asked) => questions.push(asked),
          tell: () => {},
        },
      },
    );
    await until('a question', () => questions.length === 1);
    expect(questions[0]?.ended).toBeUndefined();
    lifetime.end('enough');
    await sent;
    expect(questions[0]?.ended).toBe('the call is over');
    expect(server.received).toHaveLength(1);
  });

  it('is over while it waits for the next try', async () => {
    const lifetime = new Lifetime();
    const server = rounds({ resultType: 'input_required', requestState: 's' }, done);
    const got = carry(createRig({ pauseMs: 60_000 }), server, call, { ...ways, lifetime });
    await until('the first try', () => server.received.length === 1);
    lifetime.end('enough');
    expect(errorIn(await got).message).toContain('enough');
    expect(server.received).toHaveLength(1);
  });

  it('is cancelled at the server in a later round', async () => {
    const lifetime = new Lifetime();
    const server = new ScriptedConnection('modern', (received, round) => {
      if (round === 1) received.result(ask('a'));
    });
    const got = carry(createRig(), server, call, { ...ways, lifetime });
    await until('the second round', () => server.received.length === 2);
    lifetime.end('enough');
    expect(errorIn(await got).message).toBe('lost: enough');
    expect(server.cancelled).toEqual(['enough']);
  });
});

describe('a round that takes too long', () => {
  it('ends, and so does what the client is asked', async () => {
    const client = () => new Promise<RawResponse>(() => {});
    const got = await carry(createRig({ legMs: 5 }), rounds(ask('a')), call, { ...ways, client });
    expect(errorIn(got)).toEqual({
      code: 4003,
      message: 'the server waited for input until the end: it took too long',
    });
  });
});

it('progress of every round goes to the client', async () => {
  const told: unknown[] = [];
  const server = new ScriptedConnection('modern', (received, round) => {
    received.options.onProgress?.({ progress: round });
    received.result(round === 1 ? ask('a') : done);
  });
  await carry(createRig(), server, call, { ...ways, onProgress: (params) => told.push(params) });
  expect(told).toEqual([{ progress: 1 }, { progress: 2 }]);
});

it('a server that is gone in a later round may have run the call', async () => {
  const server = rounds(ask('a'));
  const client = () => {
    server.isGone = true;
    return raw('result', ada);
  };
  const got = await carry(createRig(), server, call, { ...ways, client });
  expect(errorIn(got).message).toBe('lost: gone');
});
