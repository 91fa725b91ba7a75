import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/core/answer.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import { until } from '../harness/until.ts';
import {
  again,
  bodyOf,
  call,
  carry,
  createRig,
  done,
  envelope,
  errorIn,
  form,
  modernCall,
  modernSpeaker,
  passageOf,
  refusal,
  resultIn,
  ScriptedConnection,
} from './rig.ts';

const ada = { action: 'accept', content: { name: 'Ada' } };
const complete = { result: { resultType: 'complete', ...done } };
const question = { method: 'elicitation/create', params: form };
const invalid = {
  code: -32602,
  message:
    'requestState is not valid for this request (expired, used already, or made for another): send the request again without it',
};

/** What a server heard; for errors, their words. */
function heard(answer: Answer): unknown {
  if (answer.kind === 'relayed') return bodyOf(answer.response);
  return answer.kind === 'made' ? answer.result : answer.error.message;
}

/** A legacy server that asks for a name so often, and then says what it heard. */
function asking(times = 1): ScriptedConnection {
  return new ScriptedConnection('legacy', async (received) => {
    const answers: unknown[] = [];
    for (let count = 0; count < times; count += 1) {
      answers.push(heard(await received.ask('elicitation/create', form)));
    }
    received.result({ content: [{ type: 'text', text: JSON.stringify(answers) }] });
  });
}

/** One that asks for two things at once. */
function askingTwice(): ScriptedConnection {
  return new ScriptedConnection('legacy', async (received) => {
    const both = [received.ask('elicitation/create', form), received.ask('roots/list')];
    const answers = await Promise.all(both);
    received.result({ content: [{ type: 'text', text: JSON.stringify(answers.map(heard)) }] });
  });
}

function said(got: Awaited<ReturnType<typeof carry>>): unknown {
  const { content } = resultIn(got);
  const [block] = Array.isArray(content) ? content : [];
  return JSON.parse(String(block?.text));
}

describe('a legacy server asks a modern client', () => {
  it('in the answer, and goes on when the client comes back', async () => {
    const rig = createRig();
    const server = asking();
    const first = await carry(rig, server, modernCall);
    expect(resultIn(first)).toEqual({
      resultType: 'input_required',
      inputRequests: { 1: question },
      requestState: expect.stringMatching(/^[\w-]+$/),
    });
    const second = await carry(rig, server, again(first, { 1: ada }));
    expect(said(second)).toEqual([ada]);
    expect(resultIn(second)['resultType']).toBe('complete');
    expect(server.received).toHaveLength(1);
    expect(server.cancelled).toEqual([]);
  });

  it('and hears an answer without a type, and nothing in the name of the gate', async () => {
    const rig = createRig();
    const forged = { resultType: 'input_required', _meta: { 'dev.mcp-gate/decision': {} } };
    const server = asking();
    const first = await carry(rig, server, modernCall);
    const second = await carry(rig, server, again(first, { 1: { ...ada, ...forged } }));
    expect(said(second)).toEqual([{ ...ada, _meta: {} }]);
  });

  it('over several rounds', async () => {
    const rig = createRig();
    const server = asking(3);
    let got = await carry(rig, server, modernCall);
    for (const key of ['1', '2', '3']) {
      expect(resultIn(got)['inputRequests']).toEqual({ [key]: question });
      got = await carry(rig, server, again(got, { [key]: { round: key } }));
    }
    expect(said(got)).toEqual([{ round: '1' }, { round: '2' }, { round: '3' }]);
    expect(server.received).toHaveLength(1);
  });

  it('and takes no answer for a question that it has not asked', async () => {
    const rig = createRig();
    const server = asking();
    const first = await carry(rig, server, { ...modernCall, inputResponses: { 1: ada } });
    expect(server.last().params).toEqual(call);
    const second = await carry(rig, server, again(first, { 1: { action: 'decline' } }));
    expect(said(second)).toEqual([{ action: 'decline' }]);
  });

  it('for several things at once', async () => {
    const rig = createRig();
    const server = askingTwice();
    const first = await carry(rig, server, modernCall);
    expect(resultIn(first)['inputRequests']).toEqual({ 1: question, 2: { method: 'roots/list' } });
    const second = await carry(rig, server, again(first, { 1: ada, 2: { roots: [] } }));
    expect(said(second)).toEqual([ada, { roots: [] }]);
  });

  it('and asks once more for what is missing', async () => {
    const rig = createRig();
    const server = askingTwice();
    const first = await carry(rig, server, modernCall);
    const second = await carry(
      rig,
      server,
      again(first, { 2: { roots: [] }, 1: 'no object', 9: {} }),
    );
    expect(resultIn(second)['inputRequests']).toEqual({ 1: question });
    const third = await carry(rig, server, again(second, { 1: ada, 2: { roots: ['other'] } }));
    expect(said(third)).toEqual([ada, { roots: [] }]);
  });

  it('and hears at once when that is refused', async () => {
    const server = asking();
    const got = await carry(createRig(), server, modernCall, {
      policy: () => refusal('not today'),
    });
    expect(said(got)).toEqual(['not today']);
  });

  it('and hears at once what policy answers in the place of the client', async () => {
    const policy = () => ({ kind: 'made', result: ada }) as const;
    expect(said(await carry(createRig(), asking(), modernCall, { policy }))).toEqual([ada]);
  });

  it('what policy made of the question', async () => {
    const params = { ...form, message: 'Really?' };
    const policy = () => ({ method: 'elicitation/create', params, extras: undefined });
    const got = await carry(createRig(), asking(), modernCall, { policy });
    expect(resultIn(got)['inputRequests']).toEqual({ 1: { method: 'elicitation/create', params } });
  });

  it('nothing where a request is not answered with questions', async () => {
    const passage = { method: 'completion/complete' };
    const got = await carry(createRig(), asking(), modernCall, passage);
    expect(said(got)).toEqual(['unsent: this request is not answered with questions']);
  });

  it('no more than so much at once', async () => {
    const rig = createRig({ questions: 2 });
    const answers: unknown[] = [];
    const server = new ScriptedConnection('legacy', (received) => {
      for (let count = 0; count < 3; count += 1) {
        void received.ask('roots/list').then((answer) => answers.push(heard(answer)));
      }
    });
    const first = await carry(rig, server, modernCall);
    expect(Object.keys(Object(resultIn(first)['inputRequests']))).toEqual(['1', '2']);
    expect(answers).toEqual(['unsent: the call has too many open questions']);
  });

  it('nothing any more when it takes the question back', async () => {
    const lifetime = new Lifetime();
    const server = new ScriptedConnection('legacy', async (received) => {
      const answer = received.ask('elicitation/create', form, lifetime);
      lifetime.end('never mind');
      await answer;
      received.result(done);
    });
    expect(await carry(createRig(), server, modernCall)).toEqual(complete);
  });

  it('something else while the client thinks, which is put when it comes back', async () => {
    const rig = createRig();
    const asked: string[] = [];
    const server = new ScriptedConnection('legacy', (received) => {
      void received.ask('elicitation/create', form);
    });
    const first = await carry(rig, server, modernCall);
    void server.last().ask('roots/list');
    const passage = {
      policy: ({ method }: { method: string }) => {
        asked.push(method);
        return undefined;
      },
    };
    const second = await carry(rig, server, again(first, { 1: ada }), passage);
    expect(asked).toEqual(['roots/list']);
    expect(resultIn(second)['inputRequests']).toEqual({ 2: { method: 'roots/list' } });
  });

  it('after its answer nothing', async () => {
    const server = new ScriptedConnection('legacy', (received) => received.result(done));
    await carry(createRig(), server, modernCall);
    expect(heard(await server.last().ask('roots/list'))).toBe('nobody can be asked');
  });
});

describe('a call that waits for its client', () => {
  const waiting = async (limits = {}) => {
    const rig = createRig(limits);
    const server = asking();
    return { rig, server, first: await carry(rig, server, modernCall) };
  };

  it('keeps the answer that the server gives meanwhile', async () => {
    const { rig, server, first } = await waiting();
    server.last().result(done);
    await sleep(0);
    expect(await carry(rig, server, again(first, {}))).toEqual(complete);
    expect(server.cancelled).toEqual([]);
  });

  it('keeps that the server died', async () => {
    const { rig, server, first } = await waiting();
    server.last().lose('exited');
    await sleep(0);
    const got = await carry(rig, new ScriptedConnection('legacy'), again(first, { 1: ada }));
    expect(errorIn(got).message).toBe('lost: exited');
  });

  it('is cancelled when policy denies that it goes on', async () => {
    const { rig, server, first } = await waiting();
    const denied = await carry(rig, server, again(first, { 1: ada }), { denied: true });
    expect(resultIn(denied)).toMatchObject({ isError: true });
    expect(server.cancelled).toEqual(['the request is over']);
  });

  it('is cancelled when policy makes another call of it', async () => {
    const { rig, server, first } = await waiting();
    const got = await carry(rig, server, again(first, { 1: ada }), {
      rewritten: (request) => ({ ...request, argumentsText: '{"path":"/safe"}' }),
    });
    expect(errorIn(got).message).toBe('unsent: the call was changed while it waited');
    expect(server.cancelled).toHaveLength(1);
    expect(server.received).toHaveLength(1);
  });

  it('goes on when its arguments are written in another order', async () => {
    const { rig, server, first } = await waiting();
    const params = { arguments: { text: 'b', path: '/a' }, name: 'files__write' };
    expect(said(await carry(rig, server, again(first, { 1: ada }, params)))).toEqual([ada]);
  });

  it('may have run when its server was started anew', async () => {
    const { rig, server, first } = await waiting();
    const other = new ScriptedConnection('legacy');
    const got = await carry(rig, other, again(first, { 1: ada }));
    expect(errorIn(got).message).toBe('lost: the server was started anew');
    expect(other.received).toEqual([]);
    expect(server.cancelled).toHaveLength(1);
  });

  it('is cancelled when nobody comes back for it in time', async () => {
    const { rig, server, first } = await waiting();
    rig.pass(600_001);
    // Whoever comes next sweeps; there is a timer for the case that nobody does.
    expect(errorIn(await carry(rig, server, again(first, { 1: ada })))).toEqual(invalid);
    await carry(rig, asking(), modernCall);
    expect(server.cancelled).toEqual(['the client did not come back']);
  });

  it('may take its time when the client has come back', async () => {
    const { rig, server, first } = await waiting();
    const held = carry(rig, server, again(first, { 1: ada }), {
      rewritten: (request) => {
        rig.pass(600_001);
        return request;
      },
    });
    await carry(rig, asking(), modernCall);
    expect(said(await held)).toEqual([ada]);
  });

  it('is cancelled by a timer when nobody comes at all', async () => {
    const { rig, server } = await waiting({ stateTtlMs: 20 });
    rig.pass(21);
    await until('a cancellation', () => server.cancelled.length === 1);
    expect(server.cancelled).toEqual(['the client did not come back']);
  });

  it('is cancelled when the gate stops', async () => {
    const { rig, server } = await waiting();
    rig.bridge.close();
    expect(server.cancelled).toEqual(['the gate stops']);
  });

  it('is cancelled when the operator stops what it belongs to, and only then', async () => {
    const { rig, server, first } = await waiting();
    expect(rig.inFlight.cancel(({ tool }) => tool !== call.name)).toBe(0);
    expect(rig.inFlight.cancel((scope) => scope.server === server.server)).toBe(1);
    expect(server.cancelled).toEqual(['frozen']);
    expect(errorIn(await carry(rig, server, again(first, { 1: ada })))).toEqual(invalid);
  });

  it('is nothing to stop any more once it has its answer', async () => {
    const { rig, server, first } = await waiting();
    expect(said(await carry(rig, server, again(first, { 1: ada })))).toEqual([ada]);
    expect(rig.inFlight.cancel(() => true)).toBe(0);
    expect(server.cancelled).toEqual([]);
  });

  it('is cancelled when the client never got the question', async () => {
    const server = asking();
    const adapted = (): Answer => ({ kind: 'made', result: { content: [], isError: true } });
    await carry(createRig(), server, modernCall, { adapted });
    expect(server.cancelled).toEqual(['the request is over']);
  });

  it('goes on after the question was changed under policy', async () => {
    const rig = createRig();
    const server = asking();
    const adapted = (answer: Answer): Answer =>
      answer.kind === 'relayed'
        ? { kind: 'made', result: { ...bodyOf(answer.response), own: 1 } }
        : answer;
    const first = await carry(rig, server, modernCall, { adapted });
    expect(resultIn(first)).toMatchObject({ own: 1, requestState: expect.any(String) });
    expect(said(await carry(rig, server, again(first, { 1: ada })))).toEqual([ada]);
  });

  const strangers = [
    ['another caller', { scope: 'os:bob' }, call],
    ['other arguments', {}, { ...call, arguments: { path: '/b' } }],
    ['another tool', {}, { ...call, name: 'files__read' }],
    ['another method', { method: 'prompts/get' }, call],
  ] as const;
  it.each(strangers)('is not there for %s', async (_, passage, params) => {
    const { rig, server, first } = await waiting();
    const got = await carry(rig, server, again(first, { 1: ada }, params), passage);
    expect(errorIn(got)).toEqual(invalid);
    expect(said(await carry(rig, server, again(first, { 1: ada })))).toEqual([ada]);
  });

  it('is not there a second time', async () => {
    const { rig, server, first } = await waiting();
    await carry(rig, server, again(first, { 1: ada }));
    expect(errorIn(await carry(rig, server, again(first, { 1: ada })))).toEqual(invalid);
    expect(server.received).toHaveLength(1);
  });

  it('is not there for a state that was changed', async () => {
    const { rig, server, first } = await waiting();
    const { requestState, ...retry } = again(first, { 1: ada });
    const [first64 = '', ...others] = String(requestState);
    const other = first64 === 'A' ? 'B' : 'A';
    const changed = { ...retry, requestState: [other, ...others].join('') };
    expect(errorIn(await carry(rig, server, changed))).toEqual(invalid);
  });

  it('is not used up by answers that are no object', async () => {
    const { rig, server, first } = await waiting();
    const broken = { ...again(first, {}), inputResponses: [] };
    expect(errorIn(await carry(rig, server, broken))).toEqual({
      code: -32602,
      message: '"params.inputResponses" must be an object',
    });
    expect(said(await carry(rig, server, again(first, { 1: ada })))).toEqual([ada]);
  });
});

describe('calls that wait', () => {
  const full = 'unsent: too many calls wait for their clients';

  it('are few for one caller', async () => {
    const rig = createRig({ parkedCallsPerScope: 1 });
    const first = await carry(rig, asking(), modernCall);
    expect(said(await carry(rig, asking(), modernCall))).toEqual([full]);
    const other = await carry(rig, asking(), modernCall, { scope: 'os:bob' });
    expect(resultIn(other)['resultType']).toBe('input_required');
    expect(resultIn(first)['resultType']).toBe('input_required');
  });

  it('are few for all', async () => {
    const rig = createRig({ parkedCalls: 1 });
    const server = asking();
    const first = await carry(rig, server, modernCall);
    expect(said(await carry(rig, asking(), modernCall, { scope: 'os:bob' }))).toEqual([full]);
    await carry(rig, server, again(first, { 1: ada }));
    const next = await carry(rig, asking(), modernCall, { scope: 'os:bob' });
    expect(resultIn(next)['resultType']).toBe('input_required');
  });

  it('make room when they are cancelled', async () => {
    const rig = createRig({ parkedCalls: 1 });
    await carry(rig, asking(), modernCall);
    rig.pass(600_001);
    const next = await carry(rig, asking(), modernCall);
    expect(resultIn(next)['resultType']).toBe('input_required');
  });
});

describe('a cancelled call of a modern client', () => {
  it('is cancelled at the server while that works', async () => {
    const lifetime = new Lifetime();
    const server = new ScriptedConnection('legacy');
    const got = carry(createRig(), server, modernCall, { lifetime });
    lifetime.end('enough');
    expect(errorIn(await got).message).toBe('lost: enough');
    expect(server.cancelled).toEqual(['enough']);
  });

  it('never starts when it was cancelled before', async () => {
    const lifetime = new Lifetime();
    lifetime.end('enough');
    const server = new ScriptedConnection('legacy');
    const got = await carry(createRig(), server, modernCall, { lifetime });
    expect(errorIn(got).message).toBe('unsent: enough');
    expect(server.received).toEqual([]);
  });

  it('is cancelled at the server while a question is decided', async () => {
    const lifetime = new Lifetime();
    const server = asking();
    const got = carry(createRig(), server, modernCall, {
      lifetime,
      policy: () => {
        lifetime.end('enough');
        return undefined;
      },
    });
    expect(errorIn(await got).message).toBe('lost: enough');
    expect(server.cancelled).toEqual(['enough']);
  });

  it('is cancelled at the server in a later leg', async () => {
    const rig = createRig();
    const server = new ScriptedConnection('legacy', (received) => {
      void received.ask('elicitation/create', form);
    });
    const first = await carry(rig, server, modernCall);
    const lifetime = new Lifetime();
    const second = carry(rig, server, again(first, { 1: ada }), { lifetime });
    await sleep(0);
    lifetime.end('enough');
    expect(errorIn(await second).message).toBe('lost: enough');
    expect(server.cancelled).toEqual(['enough']);
  });

  it('is not cancelled by the end of a request that was answered', async () => {
    const rig = createRig();
    const lifetime = new Lifetime();
    const server = asking();
    const first = await carry(rig, server, modernCall, { lifetime });
    lifetime.end('disconnected');
    expect(said(await carry(rig, server, again(first, { 1: ada })))).toEqual([ada]);
  });
});

describe('what a legacy server tells while it works', () => {
  const order = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
  const logging = () =>
    new ScriptedConnection('legacy', (received) => {
      for (const level of [...order, 'loud']) received.log(level);
      received.result(done);
    });
  const told = async (logLevel: string | undefined) => {
    const speaker = { ...modernSpeaker, logLevel };
    const { face } = await passageOf(createRig(), logging(), modernCall, { speaker });
    return face?.told.map(({ params }) => params?.['level']);
  };

  it('goes to nobody who did not ask for it', async () =>
    expect(await told(undefined)).toEqual([]));
  it.each(order.map((level, at) => [level, order.slice(at)]))(
    'goes to a request that wants "%s" from there on',
    async (level, levels) => expect(await told(level)).toEqual(levels),
  );

  it('goes to nobody when it is no log', async () => {
    const server = new ScriptedConnection('legacy', (received) => {
      const method = 'notifications/elicitation/complete';
      received.options.related?.tell('files', {
        method,
        params: { level: 'error' },
        extras: undefined,
      });
      received.result(done);
    });
    const speaker = { ...modernSpeaker, logLevel: 'debug' };
    const { face } = await passageOf(createRig(), server, modernCall, { speaker });
    expect(face?.told).toEqual([]);
  });

  it('goes by the level of the leg that waits', async () => {
    const rig = createRig();
    const server = new ScriptedConnection('legacy', async (received) => {
      received.log('error');
      await received.ask('elicitation/create', form);
      received.log('error');
      received.result(done);
    });
    const first = await passageOf(rig, server, modernCall);
    server.last().log('error');
    const speaker = { ...modernSpeaker, logLevel: 'error' };
    const second = await passageOf(rig, server, again(first.got, { 1: ada }), { speaker });
    expect(first.face?.told).toEqual([]);
    expect(second.face?.told).toHaveLength(1);
  });

  it('of its progress goes to the leg that waits', async () => {
    const rig = createRig();
    const server = new ScriptedConnection('legacy', ({ options }) => {
      options.onProgress?.({ progress: 1 });
    });
    const progress: string[] = [];
    const started = carry(rig, server, modernCall, {
      onProgress: (params) => progress.push(`first ${params['progress']}`),
    });
    void server.last().ask('elicitation/create', form);
    const first = await started;
    server.last().options.onProgress?.({ progress: 2 });
    const second = carry(rig, server, again(first, { 1: ada }), {
      onProgress: (params) => progress.push(`second ${params['progress']}`),
    });
    server.last().options.onProgress?.({ progress: 3 });
    server.last().result(done);
    await second;
    expect(progress).toEqual(['first 1', 'second 3']);
  });
});

it('the gate may want a request again for itself', async () => {
  const rig = createRig();
  const server = new ScriptedConnection('legacy', (received) => received.result(done));
  const held = (): Answer => ({ kind: 'made', result: { resultType: 'input_required' } });
  const first = await carry(rig, server, modernCall, { adapted: held });
  const { requestState } = resultIn(first);
  const retry = { ...call, requestState, _meta: envelope };
  expect(await carry(rig, server, retry)).toEqual(complete);
  expect(server.last().params).toEqual(call);
  expect(errorIn(await carry(rig, server, retry))).toEqual(invalid);
});
