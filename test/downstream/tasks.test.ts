import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Later } from '../../src/core/answer.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { responseOf, SessionRig } from './rig.ts';

let rig: SessionRig;
beforeEach(() => {
  rig = new SessionRig();
  rig.load();
  return () => rig.host.close();
});

const extension = 'io.modelcontextprotocol/tasks';
const declared = { clientCapabilities: { extensions: { [extension]: {} } } };

const sentAt = (at: number) =>
  vi.waitFor(() => {
    const sent = rig.sent[at];
    if (sent === undefined) throw new Error('nothing was sent yet');
    return sent;
  });
const answered = (id: string | number) =>
  vi.waitFor(() => {
    const answer = rig.answerTo(id);
    if (answer === undefined) throw new Error('no answer yet');
    return answer;
  });

/** A call that the server of this tool answers with a task. */
async function startTask(taskId: string, tool = 'm__work', envelope: JsonObject = declared) {
  const at = rig.sent.length;
  const id = `start ${at}`;
  rig.askModern(id, 'tools/call', { name: tool }, envelope);
  (await sentAt(at)).resolve(responseOf({ resultType: 'task', taskId, status: 'working' }));
  return answered(id);
}

describe('news of tasks', () => {
  const listen = { notifications: { taskIds: ['t'], toolsListChanged: true } };

  it('may be asked for only by a client that speaks of tasks', async () => {
    rig.askModern(1, 'subscriptions/listen', listen);
    expect((await answered(1))['error']).toEqual({
      code: -32021,
      message: 'this method needs the extension of tasks',
      data: { requiredCapabilities: { extensions: { [extension]: {} } } },
    });
  });

  it('are not promised', async () => {
    rig.askModern(1, 'subscriptions/listen', listen, declared);
    const { params } = await vi.waitFor(() => {
      const [first] = rig.out;
      if (first === undefined) throw new Error('not acknowledged yet');
      return first;
    });
    expect(params).toMatchObject({ notifications: { toolsListChanged: true } });
    expect(params).not.toHaveProperty('notifications.taskIds');
  });
});

describe('a task', () => {
  it('is the answer to a call of a client that speaks of tasks', async () => {
    expect(await startTask('t')).toMatchObject({
      result: { resultType: 'task', taskId: 't', status: 'working' },
    });
  });

  it.each(['tasks/get', 'tasks/update', 'tasks/cancel'])(
    'is reached by its caller at the server that made it: %s',
    async (method) => {
      await startTask('t');
      rig.askModern(1, method, { taskId: 't', odd: 1 }, declared);
      const { server, request, resolve } = await sentAt(1);
      expect([server, request.method, request.fields]).toEqual([
        'm',
        method,
        { taskId: 't', odd: 1 },
      ]);
      expect(request.meta).toMatchObject({
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      });
      resolve(responseOf({ taskId: 't', status: 'working' }));
      expect(await answered(1)).toMatchObject({
        result: { resultType: 'complete', taskId: 't', status: 'working' },
      });
    },
  );

  it('gets no answers any more once everything is stopped, and can still be looked at and ended', async () => {
    await startTask('t');
    rig.frozen = 'stop';
    rig.askModern(1, 'tasks/update', { taskId: 't', inputResponses: {} }, declared);
    expect((await answered(1))['error']).toEqual({
      code: 4003,
      message: 'calls are stopped by the operator',
    });
    expect(rig.looked).toEqual([{ server: 'm', tool: 'work', subject: 'a' }]);
    for (const method of ['tasks/get', 'tasks/cancel']) {
      const at = rig.sent.length;
      rig.askModern(method, method, { taskId: 't' }, declared);
      (await sentAt(at)).resolve(responseOf({}));
      await answered(method);
    }
    expect(rig.sent.map(({ request }) => request.method)).not.toContain('tasks/update');
  });

  it('is unknown to another caller', async () => {
    await startTask('t');
    const refused: unknown[] = [];
    const outlet = {
      reply: (_id: unknown, reply: unknown) => refused.push(reply),
      refuse: () => {},
      notify: () => {},
      request: () => {},
      pending: 0,
    };
    rig.askFrom(outlet, 'b', 1, 'tasks/get', { taskId: 't' }, declared);
    await vi.waitFor(() => expect(refused).toHaveLength(1));
    expect(refused).toEqual([
      { kind: 'refused', error: { code: -32602, message: 'Unknown task' } },
    ]);
    expect(rig.sent).toHaveLength(1);
  });

  it('of one server cannot stand in for that of another', async () => {
    await startTask('t', 'm__work');
    rig.restart('s', 'modern');
    expect(await startTask('t', 's__echo')).toMatchObject({ error: { code: -32603 } });
    rig.askModern(1, 'tasks/get', { taskId: 't' }, declared);
    expect((await sentAt(2)).server).toBe('m');
    rig.sent[2]?.resolve(responseOf({ resultType: 'complete' }));
    await answered(1);
  });

  it('is not for a client that does not speak of tasks', async () => {
    expect(await startTask('t', 'm__work', {})).toMatchObject({ error: { code: -32603 } });
    rig.askModern(1, 'tasks/get', { taskId: 't' });
    expect((await answered(1))['error']).toEqual({
      code: -32021,
      message: 'this method needs the extension of tasks',
      data: { requiredCapabilities: { extensions: { [extension]: {} } } },
    });
    expect(rig.sent).toHaveLength(1);
  });

  it.each<[name: string, params: JsonObject, message: string]>([
    ['without a name', {}, '"params.taskId" must be a string'],
    ['that nobody made', { taskId: 'x' }, 'Unknown task'],
    ['by the name of a member of objects', { taskId: 'constructor' }, 'Unknown task'],
  ])('%s is refused', async (_, params, message) => {
    rig.askModern(1, 'tasks/get', params, declared);
    expect((await answered(1))['error']).toEqual({ code: -32602, message });
    expect(rig.sent).toEqual([]);
  });

  it('whose server has gone is not asked of another one', async () => {
    await startTask('t');
    rig.restart('m', 'legacy');
    rig.askModern(1, 'tasks/get', { taskId: 't' }, declared);
    expect(await answered(1)).toMatchObject({ error: { code: 4503 } });
    rig.askModern(2, 'tasks/get', { taskId: 't' }, declared);
    await answered(2);
    expect(rig.sent).toHaveLength(1);
  });

  it('is forgotten when a thousand others of the same caller have come', async () => {
    for (let at = 0; at <= 1_000; at += 1) {
      rig.askModern(`start ${at}`, 'tools/call', { name: 'm__work' }, declared);
      rig.sent.at(-1)?.resolve(responseOf({ resultType: 'task', taskId: `t${at}` }));
      await new Promise((next) => setImmediate(next));
    }
    rig.askModern(1, 'tasks/get', { taskId: 't0' }, declared);
    rig.askModern(2, 'tasks/get', { taskId: 't1' }, declared);
    expect(await answered(1)).toMatchObject({ error: { message: 'Unknown task' } });
    (await sentAt(1_001)).resolve(responseOf({ resultType: 'complete' }));
    await answered(2);
  });
});

describe('what a task brings', () => {
  const getTask = async (id: number) => {
    const at = rig.sent.length;
    rig.askModern(id, 'tasks/get', { taskId: 't' }, declared);
    (await sentAt(at)).resolve(responseOf({ taskId: 't', status: 'completed', result: {} }));
    return answered(id);
  };
  /** What the gate makes of everything that its servers say later of a call. */
  const under = (later: Later | undefined) => {
    const { decide } = rig;
    rig.decide = async (...call) => {
      const answer = await decide(...call);
      return answer.kind === 'refused' || later === undefined ? answer : { ...answer, later };
    };
  };

  it('is under the obligations of the call that started it', async () => {
    under(() => ({ kind: 'made', result: { taskId: 't', status: 'changed' } }));
    await startTask('t');
    expect((await getTask(1))['result']).toMatchObject({ status: 'changed' });
  });

  it('is withheld when nothing of it may be passed on', async () => {
    under(() => undefined);
    await startTask('t');
    expect((await getTask(1))['error']).toEqual({
      code: 4003,
      message: 'policy withholds what the task brought',
    });
  });

  it('stays so when another call is answered with the same task', async () => {
    const { decide } = rig;
    under(() => undefined);
    await startTask('t');
    rig.decide = decide;
    await startTask('t');
    expect(await getTask(1)).toHaveProperty('error');
  });
});

describe('what the server of a task asks', () => {
  const question = { method: 'elicitation/create', params: { message: 'sure?' } };
  const speaks = {
    clientCapabilities: { extensions: { [extension]: {} }, elicitation: { form: {} } },
  };
  /** The state of the task `t`, as its server tells it. */
  const stateIs = async (id: number, inputRequests: JsonObject, envelope: JsonObject = speaks) => {
    const at = rig.sent.length;
    rig.askModern(id, 'tasks/get', { taskId: 't' }, envelope);
    const status = 'input_required';
    (await sentAt(at)).resolve(responseOf({ taskId: 't', status, inputRequests }));
    return answered(id);
  };
  const decided: string[] = [];
  let isDenied = false;
  beforeEach(() => {
    decided.length = 0;
    isDenied = false;
    const { decide } = rig;
    rig.decide = (call, caller, target) => {
      if (call.action === 'tools/call') return decide(call, caller, target);
      decided.push(`${caller.identity.scope} ${call.action} ${call.argumentsText}`);
      if (!isDenied) return decide(call, caller, target);
      return Promise.resolve({ kind: 'refused', error: { code: 4003, message: 'denied' } });
    };
  });

  it('is decided before the client sees it, and not again while it asks for the state', async () => {
    await startTask('t', 'm__work', speaks);
    for (const id of [1, 2]) {
      expect((await stateIs(id, { q: question }))['result']).toEqual({
        resultType: 'complete',
        taskId: 't',
        status: 'input_required',
        inputRequests: { q: question },
      });
    }
    await stateIs(3, { q: { ...question, params: { message: 'really?' } } });
    expect(decided).toEqual([
      'server:m elicitation/create {"message":"sure?"}',
      'server:m elicitation/create {"message":"really?"}',
    ]);
  });

  it('is answered by the caller who was asked, at the server that asked', async () => {
    await startTask('t', 'm__work', speaks);
    await stateIs(1, { q: question, other: question });
    const inputResponses = { q: { action: 'accept', content: { odd: 1 } } };
    rig.askModern(2, 'tasks/update', { taskId: 't', inputResponses }, speaks);
    const { server, request, resolve } = await sentAt(2);
    expect([server, request.fields]).toEqual(['m', { taskId: 't', inputResponses }]);
    resolve(responseOf({ resultType: 'complete' }));
    await answered(2);
  });

  it('is answered where the task began with it', async () => {
    rig.askModern(1, 'tools/call', { name: 'm__work' }, speaks);
    const inputRequests = { q: question };
    (await sentAt(0)).resolve(responseOf({ resultType: 'task', taskId: 't', inputRequests }));
    await answered(1);
    rig.askModern(2, 'tasks/update', { taskId: 't', inputResponses: { q: {} } }, speaks);
    expect((await sentAt(1)).request.method).toBe('tasks/update');
    rig.sent[1]?.resolve(responseOf({}));
    await answered(2);
  });

  it.each<[name: string, method: string, answers: JsonObject]>([
    ['that was never asked', 'tasks/update', { inputResponses: { q: {} } }],
    ['among others', 'tasks/update', { inputResponses: { asked: {}, q: {} } }],
    ['by the name of a member of objects', 'tasks/update', { inputResponses: { constructor: {} } }],
    ['in a list', 'tasks/update', { inputResponses: [{}] }],
    [
      'under a key that some parsers take for theirs',
      'tasks/update',
      { InputResponses: { q: {} } },
    ],
    ['in another request', 'tasks/get', { inputResponses: { q: {} } }],
    ['in the end', 'tasks/cancel', { inputResponses: { q: {} } }],
  ])('is the only thing that is answered: not one %s', async (_, method, answers) => {
    await startTask('t', 'm__work', speaks);
    await stateIs(1, { asked: question });
    rig.askModern(2, method, { taskId: 't', ...answers }, speaks);
    expect(await answered(2)).toHaveProperty('error');
    expect(rig.sent).toHaveLength(2);
  });

  it('is not answered when it was withheld, or another task asked it', async () => {
    await startTask('t', 'm__work', speaks);
    await startTask('other', 'm__work', speaks);
    isDenied = true;
    await stateIs(1, { q: question });
    isDenied = false;
    const at = rig.sent.length;
    rig.askModern(2, 'tasks/get', { taskId: 'other' }, speaks);
    (await sentAt(at)).resolve(responseOf({ taskId: 'other', inputRequests: { q: question } }));
    await answered(2);
    rig.askModern(3, 'tasks/update', { taskId: 't', inputResponses: { q: {} } }, speaks);
    expect(await answered(3)).toMatchObject({ error: { code: -32602 } });
    expect(rig.sent.map(({ request }) => request.method)).not.toContain('tasks/update');
  });

  it('can be answered until the same task has asked forty others', async () => {
    await startTask('t', 'm__work', speaks);
    const questions = (from: number) =>
      Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`q${from + at}`, question]));
    await stateIs(1, questions(0));
    await stateIs(2, questions(20));
    await stateIs(3, { q40: question });
    rig.askModern(4, 'tasks/update', { taskId: 't', inputResponses: { q0: {} } }, speaks);
    expect(await answered(4)).toMatchObject({ error: { code: -32602 } });
    rig.askModern(5, 'tasks/update', { taskId: 't', inputResponses: { q1: {}, q40: {} } }, speaks);
    (await sentAt(4)).resolve(responseOf({}));
    await answered(5);
  });

  it('is not remembered when it is long', async () => {
    await startTask('t', 'm__work', speaks);
    const long = { ...question, params: { message: 'x'.repeat(8_192) } };
    for (const id of [1, 2]) {
      expect((await stateIs(id, { q: long }))['result']).toMatchObject({
        inputRequests: { q: long },
      });
    }
    expect(decided).toHaveLength(2);
  });

  it('is withheld when policy denies it', async () => {
    await startTask('t', 'm__work', speaks);
    isDenied = true;
    expect((await stateIs(1, { q: question }))['error']).toEqual({
      code: 4003,
      message: 'the server asked for "elicitation/create": denied',
    });
  });

  it('is withheld when the client did not declare that it can be asked', async () => {
    await startTask('t', 'm__work');
    expect(await stateIs(1, { q: question }, declared)).toHaveProperty('error');
    expect(decided).toEqual([]);
  });

  it.each<[name: string, requests: JsonObject]>([
    ['a method that no server may ask for', { q: { method: 'tools/call', params: {} } }],
    ['no method', { q: {} }],
    [
      'more than twenty things',
      Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`q${at}`, question])),
    ],
  ])('is withheld with %s', async (_, requests) => {
    await startTask('t', 'm__work', speaks);
    expect(await stateIs(1, requests)).toMatchObject({ error: { code: -32603 } });
    expect(decided).toEqual([]);
  });

  it('is decided where the task begins with it', async () => {
    isDenied = true;
    rig.askModern(1, 'tools/call', { name: 'm__work' }, speaks);
    const inputRequests = { q: question };
    (await sentAt(0)).resolve(responseOf({ resultType: 'task', taskId: 't', inputRequests }));
    expect(await answered(1)).toMatchObject({ error: { code: 4003 } });
  });

  it('is decided where the result was kept for a caller who had gone', async () => {
    isDenied = true;
    const result = { resultType: 'task', taskId: 't', inputRequests: { q: question } };
    const { decide } = rig;
    rig.decide = async (call, ...others) =>
      call.action === 'tools/call' ? { kind: 'made', result } : decide(call, ...others);
    rig.askModern(1, 'tools/call', { name: 'm__work' }, speaks);
    expect(await answered(1)).toMatchObject({ error: { code: 4003 } });
    isDenied = false;
    rig.askModern(2, 'tools/call', { name: 'm__work' }, speaks);
    expect(await answered(2)).toMatchObject({ result });
    rig.askModern(3, 'tasks/get', { taskId: 't' }, speaks);
    expect((await sentAt(0)).request.method).toBe('tasks/get');
    rig.sent[0]?.resolve(responseOf({ resultType: 'complete' }));
    await answered(3);
  });

  it('is withheld with questions under a key that some parsers take for theirs', async () => {
    await startTask('t', 'm__work', speaks);
    rig.askModern(1, 'tasks/get', { taskId: 't' }, speaks);
    const InputRequests = { q: question };
    (await sentAt(1)).resolve(responseOf({ taskId: 't', InputRequests }));
    expect(await answered(1)).toMatchObject({ error: { code: -32603 } });
    expect(decided).toEqual([]);
  });
});
