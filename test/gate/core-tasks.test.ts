import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import type { LegacySession } from '../../src/downstream/contract.ts';
import { welcome } from '../../src/downstream/handshake.ts';
import type { ClientHello } from '../../src/upstream/contract.ts';
import { rawResponse } from '../bridge/rig.ts';
import { answeredAs, decisions } from './rig.ts';
import { identityOf, outletTo, ranResult, TasksRig } from './tasks-rig.ts';

// Tasks of the core protocol (MCP 2025-11-25), for the one client that is offered them.

let rig: TasksRig;
let client: Legacy;
beforeEach(() => {
  rig = new TasksRig();
  client = new Legacy();
});
afterEach(() => rig.close());

/** A session of the gate that the rig holds now. */
class Legacy {
  readonly #session: LegacySession;
  #nextId = 1;

  constructor(hello: Partial<ClientHello> = {}, scope = 'os:alice') {
    const outlet = outletTo(() => {});
    this.#session = rig.host.legacy({
      hello: { ...core, ...hello },
      identity: identityOf(scope, true),
      outlet,
      alone: true,
    });
  }

  ask(method: string, params: JsonObject = {}): Promise<JsonObject> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const request = { kind: 'request', id, method, params, extras: undefined } as const;
      this.#session.receive(request, outletTo(resolve));
    });
  }

  /** The last request of this client is given up. */
  giveUp(): void {
    const params = { requestId: this.#nextId - 1 };
    const method = 'notifications/cancelled';
    const message = { kind: 'notification', method, params, extras: undefined } as const;
    this.#session.receive(
      message,
      outletTo(() => {}),
    );
  }

  call(task: JsonObject | undefined, args: JsonObject = { path: 'a' }): Promise<JsonObject> {
    const params = { name: 'files__write_file', arguments: args };
    return this.ask('tools/call', { ...params, ...(task !== undefined && { task }) });
  }

  /** The task that a call is answered with. */
  async open(args?: JsonObject): Promise<JsonObject> {
    const { result } = await this.call({ ttl: 60_000 }, args);
    const task = isObject(result) ? result['task'] : undefined;
    if (!isObject(task)) throw new Error(`no task: ${JSON.stringify(result)}`);
    return task;
  }

  about = (what: 'get' | 'result' | 'cancel', { taskId }: JsonObject) =>
    this.ask(`tasks/${what}`, { taskId: taskId ?? null });
}

const core: ClientHello = {
  era: 'legacy',
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'core', version: '1' },
};
const plain = { ...core, clientInfo: { name: 'plain', version: '1' } };
const old = { ...core, protocolVersion: '2025-06-18' };

const relatedTo = ({ taskId }: JsonObject) => ({
  'io.modelcontextprotocol/related-task': { taskId },
});
const ranOnce = () => {
  expect(rig.gate.reached).toHaveLength(1);
  expect(rig.approvalKinds()).toEqual(['requested', 'approved', 'consumed']);
};

describe('a client that is offered tasks', () => {
  const self = {
    version: '1',
    instructions: () => '',
    tasksFor: (name: string) => name === 'core',
  };
  const offered = { cancel: {}, requests: { tools: { call: {} } } };

  it.each([
    ['is told so', core, offered],
    ['is told nothing under another name', plain, undefined],
    ['is told nothing in a revision that has none', old, undefined],
  ])('%s', (_, hello, tasks) => {
    expect(Object(welcome(hello, self)['capabilities']).tasks).toEqual(tasks);
  });

  it.each([
    ['plain', plain],
    ['old', old],
  ])(
    'is the only one: there is no method and no wish for a client that is %s',
    async (_, hello) => {
      const other = new Legacy(hello);
      for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/list']) {
        expect(await other.ask(method, { taskId: 'x' })).toMatchObject({ error: { code: -32601 } });
      }
      expect(await other.call({})).toMatchObject({ error: { code: -32602 } });
      expect(rig.gate.reached).toEqual([]);
    },
  );

  it('gets no list of tasks', async () => {
    expect(await client.ask('tasks/list')).toMatchObject({ error: { code: -32601 } });
  });
});

describe('a held call that asked to be a task', () => {
  it('is one at once, and is over when it was approved and asked for', async () => {
    const task = await client.open();
    const { id } = await rig.onePending();
    expect(task).toMatchObject({
      status: 'working',
      statusMessage: expect.stringContaining(id),
      pollInterval: 2_000,
    });
    expect(await client.about('get', task)).toEqual({ result: task });
    await rig.yes();
    expect(rig.gate.reached).toEqual([]);
    expect(await client.about('get', task)).toMatchObject({ result: { status: 'completed' } });
    const _meta = relatedTo(task);
    for (let time = 0; time < 2; time += 1) {
      expect((await client.about('result', task))['result']).toEqual({ ...ranResult, _meta });
    }
    ranOnce();
  });

  it('is waited for by its result, which runs it as soon as it is approved', async () => {
    const task = await client.open();
    const result = client.about('result', task);
    await rig.yes();
    expect(await result).toMatchObject({ result: { ran: true, _meta: relatedTo(task) } });
    ranOnce();
  });

  it('is not run for a result that nobody waits for any more', async () => {
    const task = await client.open();
    void client.about('result', task);
    client.giveUp();
    await rig.yes();
    expect(await client.ask('ping')).toEqual({ result: {} });
    expect(rig.gate.reached).toEqual([]);
    expect(await client.about('get', task)).toMatchObject({ result: { status: 'completed' } });
    ranOnce();
  });

  it('fails with what a person has said, for clients look no further', async () => {
    const task = await client.open();
    const result = client.about('result', task);
    await rig.no();
    const text = 'Denied by an approver. It did not run.';
    expect(await result).toMatchObject({
      result: { isError: true, content: [{ text: expect.stringContaining(text) }] },
    });
    expect(await client.about('get', task)).toMatchObject({
      result: { status: 'failed', statusMessage: expect.stringContaining(text) },
    });
    expect(rig.gate.reached).toEqual([]);
  });

  it('goes on in another session of its caller, after a restart as well', async () => {
    const task = await client.open();
    await rig.restart();
    await rig.yes();
    client = new Legacy();
    expect(await client.about('result', task)).toMatchObject({ result: { ran: true } });
    ranOnce();
  });

  it('is unknown to another caller', async () => {
    const task = await client.open();
    await rig.yes();
    const other = new Legacy({}, 'os:mallory');
    for (const what of ['get', 'result', 'cancel'] as const) {
      expect(await other.about(what, task)).toMatchObject({
        error: { code: -32602, message: 'Unknown task' },
      });
    }
    expect(rig.gate.reached).toEqual([]);
  });

  it('is cancelled by its caller, and stays so', async () => {
    const task = await client.open();
    expect(await client.about('cancel', task)).toMatchObject({ result: { status: 'cancelled' } });
    expect(await client.about('cancel', task)).toMatchObject({ error: { code: -32602 } });
    expect(await client.about('result', task)).toMatchObject({
      result: { isError: true, content: [{ text: expect.stringContaining('It did not run.') }] },
    });
    expect(rig.approvalKinds()).toEqual(['requested', 'cancelled']);
    expect(rig.gate.reached).toEqual([]);
  });

  it('stays cancelled although the tool that works on it comes to an end', async () => {
    const finish = rig.slowly();
    const task = await client.open();
    await rig.yes();
    expect(await client.about('get', task)).toMatchObject({ result: { status: 'working' } });
    expect(await client.about('cancel', task)).toMatchObject({
      result: { status: 'cancelled', statusMessage: expect.stringContaining('may have run') },
    });
    finish();
    await rig.outcome('executed');
    expect(await client.about('get', task)).toMatchObject({ result: { status: 'cancelled' } });
    ranOnce();
  });

  it('is neither run nor asked again where nobody knows what became of it', async () => {
    const finish = rig.slowly();
    const task = await client.open();
    await rig.yes();
    await client.about('get', task);
    const end = await rig.kill();
    client = new Legacy();
    expect(await client.about('result', task)).toMatchObject({
      result: { isError: true, content: [{ text: expect.stringContaining('may have run') }] },
    });
    finish();
    await end();
    ranOnce();
  });

  it('is told as a task that has failed where there is no room for another', async () => {
    for (let at = 0; at < 1_000; at += 1) await client.open({ at });
    const task = await client.open({ at: 1_000 });
    expect(task).toMatchObject({ status: 'failed' });
    expect(task['statusMessage']).toMatch(/^PENDING APPROVAL/);
    expect(JSON.stringify(await client.about('result', task))).not.toContain('resultType');
  }, 60_000);
});

describe('a call that asked to be a task and need not wait', () => {
  beforeEach(() => {
    rig.gate.policy = () => decisions.allow;
  });

  it('is one that is over', async () => {
    const task = await client.open();
    expect(task).toMatchObject({ status: 'completed' });
    expect(await client.about('get', task)).toEqual({ result: task });
    const { result } = await client.about('result', task);
    expect(result).toEqual({ ...ranResult, _meta: relatedTo(task) });
    expect(rig.gate.reached).toEqual(['{"path":"a"}']);
    expect(await new Legacy({}, 'os:mallory').about('get', task)).toHaveProperty('error');
  });

  it('takes nothing of the wish to the server, and the result back byte for byte', async () => {
    const sent: unknown[] = [];
    const { send } = rig.gate.target;
    vi.spyOn(rig.gate.target, 'send').mockImplementation((request, options) => {
      sent.push(request.fields);
      return send(request, options);
    });
    rig.gate.deliver = () =>
      Promise.resolve(answeredAs('{"n":12345678901234567890,"_meta":{"a":1}}'));
    const task = await client.open();
    expect(sent).toEqual([{ name: 'write_file' }]);
    const { text, result } = await client.about('result', task);
    expect(text).toContain('"n":12345678901234567890');
    expect(result).toMatchObject({ _meta: { a: 1, ...relatedTo(task) } });
  });

  it('is an error where it is one of the protocol', async () => {
    const text = '{"jsonrpc":"2.0","id":1,"error":{"code":7,"message":"no"}}';
    rig.gate.deliver = () => Promise.resolve({ kind: 'answered', response: rawResponse(text) });
    expect(await client.call({})).toMatchObject({ error: { code: 7, message: 'no' } });
  });

  it('is denied as a task that has failed', async () => {
    rig.gate.policy = () => decisions.deny;
    const task = await client.open();
    expect(task).toMatchObject({
      status: 'failed',
      statusMessage: expect.stringContaining('Denied by policy'),
    });
    expect(rig.gate.reached).toEqual([]);
  });

  it('is answered at once without the wish', async () => {
    expect((await client.call(undefined))['result']).toEqual(ranResult);
  });
});
