import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Delivery } from '../../src/core/answer.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Decide } from '../../src/core/target.ts';
import type { Caller, ToolCall } from '../../src/core/tool-call.ts';
import { newsLimitBytes } from '../../src/downstream/news.ts';
import { responseOf, SessionRig } from './rig.ts';

let rig: SessionRig;
beforeEach(() => {
  rig = new SessionRig();
  rig.load();
  return () => rig.host.close();
});

const turn = () => new Promise((next) => setImmediate(next));
const idKey = 'io.modelcontextprotocol/subscriptionId';
const acknowledged = 'notifications/subscriptions/acknowledged';
const updated = 'notifications/resources/updated';

function listen(id: string | number, notifications: JsonObject): Promise<unknown> {
  rig.askModern(id, 'subscriptions/listen', { notifications });
  return vi.waitFor(() => {
    const found = told(id).find(({ method }) => method === acknowledged);
    if (found === undefined) throw new Error('not acknowledged yet');
    return Object(found['params']).notifications;
  });
}

/** The notifications of one subscription. */
function told(id: string | number): JsonObject[] {
  return rig.out.filter(({ params }) => Object(Object(params)._meta)[idKey] === id);
}

const toldMethods = (id: string | number) => told(id).map(({ method }) => method);
const cancel = (requestId: string | number) =>
  rig.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
const update = (server: string, uri: string, more: JsonObject = {}) =>
  rig.modernEvents?.onNotification(server, {
    method: updated,
    params: { uri, ...more },
    extras: { odd: 1 },
  });

describe('a subscription', () => {
  it('is acknowledged first, with what of it is honoured', async () => {
    const honoured = await listen(0, {
      toolsListChanged: true,
      promptsListChanged: false,
      madeUp: true,
      resourceSubscriptions: ['s:1', 'nobody:1', 'm:!', 's:1'],
    });
    expect(honoured).toEqual({ toolsListChanged: true, resourceSubscriptions: ['s:1'] });
    expect(rig.out).toHaveLength(1);
    expect(rig.watched).toEqual(['s +s:1', 'm +m:!', 'm -m:!']);
  });

  it('is told only of the lists that it asked for, by its own id', async () => {
    await listen('a', { toolsListChanged: true });
    await listen(1, { promptsListChanged: true, resourcesListChanged: true });
    for (const kind of ['tools', 'prompts', 'resources', 'resourceTemplates'] as const) {
      rig.modernEvents?.onListChanged(kind);
    }
    expect(told('a').slice(1)).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/tools/list_changed',
        params: { _meta: { [idKey]: 'a' } },
      },
    ]);
    expect(toldMethods(1).slice(1)).toEqual([
      'notifications/prompts/list_changed',
      'notifications/resources/list_changed',
      'notifications/resources/list_changed',
    ]);
  });

  it('is told when policy may show something else', async () => {
    await listen(1, { toolsListChanged: true, resourcesListChanged: true });
    rig.host.changed();
    expect(toldMethods(1).slice(1)).toEqual([
      'notifications/tools/list_changed',
      'notifications/resources/list_changed',
    ]);
  });

  it('is told of its resources, by the server that owns them', async () => {
    await listen(1, { resourceSubscriptions: ['s:1', 'm:1'] });
    await listen(2, { resourceSubscriptions: ['m:1'] });
    update('m', 's:1');
    update('s', 's:2');
    update('s', 's:1');
    update('m', 'm:1', { title: 'kept', _meta: { [idKey]: 'forged', kept: 1 } });
    expect(told(1).slice(1)).toEqual([
      { jsonrpc: '2.0', method: updated, params: { uri: 's:1', _meta: { [idKey]: 1 } }, odd: 1 },
      {
        jsonrpc: '2.0',
        method: updated,
        params: { uri: 'm:1', title: 'kept', _meta: { [idKey]: 1, kept: 1 } },
        odd: 1,
      },
    ]);
    expect(toldMethods(2)).toEqual([acknowledged, updated]);
  });

  it('is told only which resource it is when its server says very much of it', async () => {
    await listen(1, { resourceSubscriptions: ['s:1'] });
    update('s', 's:1', { title: 'x'.repeat(20_000) });
    expect(told(1).at(-1)).toEqual({
      jsonrpc: '2.0',
      method: updated,
      params: { uri: 's:1', _meta: { [idKey]: 1 } },
    });
  });

  it('that is cancelled ends without an answer, and the last one takes the resource back', async () => {
    await listen(1, { resourceSubscriptions: ['s:1'], toolsListChanged: true });
    await listen(2, { resourceSubscriptions: ['s:1'] });
    cancel(1);
    await turn();
    expect(rig.watched).toEqual(['s +s:1']);
    cancel(2);
    await turn();
    expect(rig.watched).toEqual(['s +s:1', 's -s:1']);
    update('s', 's:1');
    rig.modernEvents?.onListChanged('tools');
    expect(rig.out.map(({ method }) => method)).toEqual([acknowledged, acknowledged]);
  });

  it('shares a resource with other clients of the same servers', async () => {
    rig.hello();
    await listen(1, { resourceSubscriptions: ['s:1'] });
    const other = { clientInfo: { name: 'other' } };
    const notifications = { resourceSubscriptions: ['s:1'] };
    rig.askModern(2, 'subscriptions/listen', { notifications }, other);
    await vi.waitFor(() => expect(told(2)).toHaveLength(1));
    cancel(1);
    await turn();
    expect(rig.watched.filter((each) => each.includes('-'))).toEqual([]);
  });

  it('follows a server that is started anew', async () => {
    await listen(1, { resourceSubscriptions: ['s:1'] });
    rig.restart('s', 'legacy');
    await vi.waitFor(() => {
      expect(rig.watched.filter((each) => each === 's +s:1')).toHaveLength(2);
    });
    update('s', 's:1');
    expect(toldMethods(1)).toEqual([acknowledged, updated]);
  });

  it('ends with an answer when the gate does', async () => {
    await listen('x', { resourceSubscriptions: ['s:1'] });
    await listen(5, {});
    await rig.host.close();
    expect(rig.out.slice(2)).toEqual(
      ['x', 5].map((id) => ({
        jsonrpc: '2.0',
        id,
        result: { resultType: 'complete', _meta: { [idKey]: id } },
      })),
    );
    expect(rig.watched.at(-1)).toBe('s -s:1');
  });

  it.each<[name: string, params: JsonObject]>([
    ['no filter', {}],
    ['a filter that is a list', { notifications: [] }],
    ['a flag that is a text', { notifications: { toolsListChanged: 'yes' } }],
    ['resources that are a text', { notifications: { resourceSubscriptions: 's:1' } }],
    ['a resource that is a number', { notifications: { resourceSubscriptions: ['s:1', 1] } }],
  ])('is refused with %s', async (_, params) => {
    rig.askModern(1, 'subscriptions/listen', params);
    await vi.waitFor(() => expect(rig.answerTo(1)).toMatchObject({ error: { code: -32602 } }));
    expect(rig.watched).toEqual([]);
  });

  it('is one of fifty at most', async () => {
    for (let id = 0; id < 50; id += 1) await listen(id, {});
    rig.askModern(50, 'subscriptions/listen', { notifications: {} });
    const message = 'too many subscriptions';
    await vi.waitFor(() => expect(rig.answerTo(50)).toMatchObject({ error: { message } }));
    cancel(0);
    await turn();
    await listen(51, {});
  });

  it('asks for five hundred resources at most, with those of the others', async () => {
    const resources = (count: number, prefix: string) => ({
      resourceSubscriptions: Array.from({ length: count }, (_, at) => `s:${prefix}${at}`),
    });
    await listen(1, resources(499, 'a'));
    rig.askModern(2, 'subscriptions/listen', { notifications: resources(2, 'b') });
    const message = 'too many resources';
    await vi.waitFor(() => expect(rig.answerTo(2)).toMatchObject({ error: { message } }));
    await listen(3, resources(1, 'b'));
  });

  it('counts the resources that are being decided among the five hundred', async () => {
    const ask = (id: number, prefix: string) => {
      const resourceSubscriptions = Array.from({ length: 300 }, (_, at) => `s:${prefix}${at}`);
      rig.askModern(id, 'subscriptions/listen', { notifications: { resourceSubscriptions } });
    };
    ask(1, 'a');
    ask(2, 'a');
    ask(3, 'b');
    const message = 'too many resources';
    await vi.waitFor(() => expect(rig.answerTo(3)).toMatchObject({ error: { message } }));
    await vi.waitFor(() => expect([...told(1), ...told(2)]).toHaveLength(2));
  });

  it('has no use for a name that is too long', async () => {
    const uri = `s:${'x'.repeat(2_047)}`;
    expect(await listen(1, { resourceSubscriptions: [uri] })).toEqual({});
  });
});

describe('a resource in a subscription', () => {
  const calls: { readonly call: ToolCall; readonly caller: Caller }[] = [];
  let isDenied: (call: ToolCall) => boolean;
  beforeEach(() => {
    calls.length = 0;
    isDenied = () => false;
    const { decide } = rig;
    rig.decide = (call, caller, target) => {
      calls.push({ call, caller });
      return isDenied(call) ? Promise.resolve(denied) : decide(call, caller, target);
    };
  });
  const denied = { kind: 'refused', error: { code: 4003, message: 'denied' } } as const;
  const decided = () => calls.map(({ call }) => `${call.action} ${call.server}/${call.name}`);

  it('is decided as a call of its own before its server is asked, and left out when it is denied', async () => {
    isDenied = ({ name }) => name.endsWith('denied');
    const resourceSubscriptions = ['s:1', 's:denied', 'm:1', 'nobody:1'];
    const honoured = await listen(1, { resourceSubscriptions });
    expect(honoured).toEqual({ resourceSubscriptions: ['s:1', 'm:1'] });
    expect(decided()).toEqual([
      'resources/subscribe s/s:1',
      'resources/subscribe s/s:denied',
      'resources/subscribe m/m:1',
    ]);
    expect(rig.watched).toEqual(['s +s:1', 'm +m:1']);
    update('s', 's:denied');
    expect(toldMethods(1)).toEqual([acknowledged]);
  });

  it('is seen by policy as a subscription of the legacy era is, and all of one request in one trace', async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const _meta = {
      traceparent: `00-${trace}-b7ad6b7169203331-01`,
      'dev.mcp-gate/idempotency-key': 'one key for many calls',
      'dev.mcp-gate/model': { id: 'x' },
    };
    const notifications = { resourceSubscriptions: ['s:1', 's:2'] };
    rig.askModern(1, 'subscriptions/listen', { notifications, _meta });
    await vi.waitFor(() => expect(calls).toHaveLength(2));
    for (const { call, caller } of calls) {
      expect(call).toMatchObject({
        resourceType: 'resource',
        arguments: { uri: call.name },
        argumentsText: JSON.stringify({ uri: call.name }),
        traceId: trace,
        claims: { model: { id: 'x' } },
      });
      expect(call.claims.idempotencyKey).toBeUndefined();
      expect(call.tool()).toBeUndefined();
      expect(caller.identity.scope).toBe('os:a');
    }
    await listen(2, { resourceSubscriptions: ['s:1', 's:2'] });
    const [, , one, other] = calls.map(({ call }) => call.traceId);
    expect(one).toBe(other);
    expect(one).not.toBe(trace);
  });

  it('is decided for each subscription, and asked for once', async () => {
    await listen(1, { resourceSubscriptions: ['s:1'] });
    isDenied = () => true;
    expect(await listen(2, { resourceSubscriptions: ['s:1'] })).toEqual({});
    update('s', 's:1');
    expect(toldMethods(1)).toEqual([acknowledged, updated]);
    expect(toldMethods(2)).toEqual([acknowledged]);
    expect(rig.watched).toEqual(['s +s:1']);
  });

  it('is decided a few at a time, and the rest not at all once the client has gone', async () => {
    const open: (() => void)[] = [];
    rig.decide = (call, caller) => {
      calls.push({ call, caller });
      return new Promise((resolve) => open.push(() => resolve(denied)));
    };
    const resourceSubscriptions = Array.from({ length: 500 }, (_, at) => `s:${at}`);
    rig.askModern(1, 'subscriptions/listen', { notifications: { resourceSubscriptions } });
    await vi.waitFor(() => expect(calls).toHaveLength(8));
    for (let times = 0; times < 3; times += 1) open.shift()?.();
    await vi.waitFor(() => expect(calls).toHaveLength(11));
    cancel(1);
    for (const resolve of open) resolve();
    await turn();
    rig.decide = (call, caller) => {
      calls.push({ call, caller });
      return Promise.resolve(denied);
    };
    expect(await listen(2, { resourceSubscriptions: ['s:last'] })).toEqual({});
    expect(calls.slice(11).map(({ call }) => call.name)).toEqual(['s:last']);
  });

  it('does not wait for the servers of others before it is decided', async () => {
    const connection = rig.servers.get('s');
    if (connection === undefined) throw new Error('no server');
    const asked: ((delivery: Delivery) => void)[] = [];
    const subscribe = () => new Promise<Delivery>((resolve) => asked.push(resolve));
    rig.servers.set('s', { ...connection, subscribe });
    const resourceSubscriptions = Array.from({ length: 40 }, (_, at) => `s:${at}`);
    const listening = listen(1, { resourceSubscriptions });
    await vi.waitFor(() => expect(asked).toHaveLength(40));
    for (const resolve of asked) resolve(responseOf({}));
    expect(await listening).toEqual({ resourceSubscriptions });
  });

  it.each<[name: string, decide: Decide]>([
    ['answered without its server', async () => ({ kind: 'made', result: {} })],
    [
      'withheld after its server has answered',
      async (call, { lifetime }, target) => {
        const options = { lifetime, onProgress: undefined, related: undefined };
        await target(call)?.send(call.request, options);
        return denied;
      },
    ],
    [
      'rewritten to another one',
      async (call, { lifetime }, target) => {
        const options = { lifetime, onProgress: undefined, related: undefined };
        await target(call)?.send({ ...call.request, fields: { uri: 's:other' } }, options);
        return { kind: 'made', result: {} };
      },
    ],
  ])('is left out when it is %s', async (_, decide) => {
    rig.decide = decide;
    expect(await listen(1, { resourceSubscriptions: ['s:1'] })).toEqual({});
    expect(rig.watched.join()).toMatch(/^(s \+s:1,s -s:1)?$/);
  });

  it('is decided anew when its server is started anew, and once only', async () => {
    await listen(1, { resourceSubscriptions: ['s:1'] });
    isDenied = () => true;
    rig.restart('s', 'legacy');
    await vi.waitFor(() => expect(calls).toHaveLength(2));
    await turn();
    rig.changed();
    await turn();
    expect(decided()).toEqual(['resources/subscribe s/s:1', 'resources/subscribe s/s:1']);
    expect(rig.watched).toEqual(['s +s:1', 's -s:1']);
    update('s', 's:1');
    expect(toldMethods(1)).toEqual([acknowledged]);
    isDenied = () => false;
    rig.restart('s', 'legacy');
    await vi.waitFor(() => expect(rig.watched.at(-1)).toBe('s +s:1'));
  });

  it('is decided anew when another server owns it', async () => {
    await listen(1, { resourceSubscriptions: ['s:x:1'] });
    isDenied = ({ server }) => server === 's:x';
    rig.servers.delete('s');
    rig.restart('s:x', 'modern');
    await vi.waitFor(() => {
      expect(decided()).toEqual(['resources/subscribe s/s:x:1', 'resources/subscribe s:x/s:x:1']);
    });
    await turn();
    expect(rig.watched).toEqual(['s +s:x:1', 's -s:x:1']);
  });

  it('is decided anew on behalf of whoever still listens', async () => {
    await listen(1, { resourceSubscriptions: ['s:1'] });
    await listen(2, { resourceSubscriptions: ['s:1'] });
    const { decide } = rig;
    rig.decide = (...call) => {
      cancel(1);
      return call[1].lifetime.ended === undefined ? decide(...call) : Promise.resolve(denied);
    };
    rig.restart('s', 'legacy');
    await vi.waitFor(() => expect(rig.watched).toEqual(['s +s:1', 's -s:1', 's +s:1']));
    update('s', 's:1');
    expect(toldMethods(2)).toEqual([acknowledged, updated]);
  });
});

describe('a subscriber that reads slowly', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    return () => vi.useRealTimers();
  });

  it('is told of every change once when it has read, and of nothing that it gave up', async () => {
    await listen(1, { toolsListChanged: true, resourceSubscriptions: ['s:1'] });
    await listen(2, { toolsListChanged: true });
    rig.pending = newsLimitBytes + 1;
    for (let times = 0; times < 3; times += 1) {
      rig.modernEvents?.onListChanged('tools');
      update('s', 's:1');
    }
    cancel(2);
    await vi.advanceTimersByTimeAsync(0);
    expect(rig.out).toHaveLength(2);
    rig.pending = newsLimitBytes / 2;
    await vi.advanceTimersByTimeAsync(100);
    expect(rig.out.slice(2).map(({ method }) => method)).toEqual([
      'notifications/tools/list_changed',
      updated,
    ]);
    cancel(1);
    await vi.advanceTimersByTimeAsync(0);
  });

  it('leaves no timer behind', async () => {
    await listen(1, { toolsListChanged: true });
    rig.pending = newsLimitBytes + 1;
    rig.modernEvents?.onListChanged('tools');
    await rig.host.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
