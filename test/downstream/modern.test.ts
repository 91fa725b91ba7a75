import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { Identity } from '../../src/core/tool-call.ts';
import { responseOf, SessionRig, serverAsks } from './rig.ts';

let rig: SessionRig;
beforeEach(() => {
  rig = new SessionRig();
  return () => rig.host.close();
});

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
const turn = () => new Promise((next) => setImmediate(next));

const versionKey = 'io.modelcontextprotocol/protocolVersion';

describe('a modern client that comes before the gate is loaded', () => {
  it('discovers it at once', () => {
    rig.askModern('d', 'server/discover');
    expect(rig.answerTo('d')).toEqual({
      jsonrpc: '2.0',
      id: 'd',
      result: {
        resultType: 'complete',
        supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
        capabilities: {
          tools: { listChanged: true },
          resources: { subscribe: true, listChanged: true },
          prompts: { listChanged: true },
          completions: {},
          logging: {},
          extensions: { 'io.modelcontextprotocol/tasks': {} },
        },
        instructions: 'be careful',
        ttlMs: 3_600_000,
        cacheScope: 'private',
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'mcp-gate', version: '1.2.3' } },
      },
    });
  });

  it('gets the same answer afterwards', () => {
    rig.askModern(1, 'server/discover');
    rig.load();
    rig.askModern(2, 'server/discover');
    expect(rig.answerTo(2)?.['result']).toEqual(rig.answerTo(1)?.['result']);
  });

  it('waits with everything else, and a request that it gives up meanwhile is never answered', async () => {
    rig.askModern(1, 'tools/list');
    rig.askModern(2, 'tools/list');
    rig.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    expect(rig.out).toEqual([]);
    rig.load();
    await answered(2);
    await turn();
    expect(rig.answerTo(1)).toBeUndefined();
  });

  it('has only so many requests waiting', () => {
    for (let id = 0; id < 1025; id += 1) rig.askModern(id, 'tools/list');
    expect(rig.out).toEqual([
      { jsonrpc: '2.0', id: 1024, error: { code: -32600, message: 'too many requests' } },
    ]);
  });

  it.each<[name: string, envelope: JsonObject, error: JsonObject]>([
    [
      'a revision that is not known',
      { protocolVersion: '1900-01-01' },
      {
        code: -32022,
        data: {
          supported: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
          requested: '1900-01-01',
        },
      },
    ],
    ['a legacy revision', { protocolVersion: '2025-11-25' }, { code: -32022 }],
    ['a revision that is no text', { protocolVersion: 7 }, { code: -32602 }],
    ['capabilities that are no object', { clientCapabilities: [] }, { code: -32602 }],
    ['a level of logs that is none', { logLevel: 'loud' }, { code: -32602 }],
  ])('is refused at once with %s', (_, envelope, error) => {
    rig.askModern(1, 'server/discover', {}, envelope);
    expect(rig.answerTo(1)).toMatchObject({ error });
    rig.load();
    rig.askModern(2, 'tools/call', { name: 's__echo' }, envelope);
    expect(rig.answerTo(2)).toMatchObject({ error });
    expect(rig.sent).toEqual([]);
  });

  it('that does not say who it is is told so, where only a modern one can ask', () => {
    rig.ask(1, 'server/discover');
    expect(rig.answerTo(1)).toMatchObject({ error: { code: -32602 } });
  });
});

describe('a method', () => {
  beforeEach(() => rig.load());

  it.each([
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'resources/unsubscribe',
    'tasks/list',
    'tasks/result',
    'made/up',
    'constructor',
  ])('that the modern era does not have is not found: %s', async (method) => {
    rig.askModern(1, method, { uri: 's:1', level: 'debug' });
    expect(await answered(1)).toMatchObject({
      error: { code: -32601, message: `Method not found: ${method}` },
    });
    expect(rig.sent).toEqual([]);
    expect(rig.watched).toEqual([]);
  });
});

describe('a modern request', () => {
  beforeEach(() => rig.load());

  it('reaches a legacy server without its envelope, and its answer says what it is', async () => {
    const _meta = { 'x/y': 1, progressToken: 'p', 'dev.mcp-gate/decision': 'forged' };
    rig.askModern(7, 'tools/call', { name: 's__echo', arguments: { b: 1, a: 2 }, _meta });
    const { request, server, resolve } = await sentAt(0);
    expect(server).toBe('s');
    expect(request).toEqual({
      method: 'tools/call',
      fields: { name: 'echo' },
      meta: { 'x/y': 1 },
      argumentsText: '{"b":1,"a":2}',
      extras: undefined,
    });
    resolve(responseOf({ content: [], odd: 1 }));
    expect(await answered(7)).toMatchObject({
      result: { resultType: 'complete', content: [], odd: 1 },
      extra: { kept: true },
    });
  });

  it('reaches a modern server with its envelope', async () => {
    rig.askModern(7, 'tools/call', { name: 'm__work' }, { clientCapabilities: { roots: {} } });
    const { request, server, resolve } = await sentAt(0);
    expect(server).toBe('m');
    expect(request.meta).toMatchObject({
      [versionKey]: '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { roots: {} },
    });
    resolve(responseOf({ resultType: 'complete', content: [] }));
    expect(await answered(7)).toMatchObject({ result: { resultType: 'complete', content: [] } });
  });

  it('that is denied has a result that is complete', async () => {
    rig.decide = async () => ({ kind: 'made', result: { content: [], isError: true } });
    rig.askModern(1, 'tools/call', { name: 's__echo' });
    expect(await answered(1)).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { resultType: 'complete', content: [], isError: true },
    });
  });

  it('is decided for who asks, by the name that it gives', async () => {
    const callers: unknown[] = [];
    rig.decide = async (_call, { session, identity }) => {
      callers.push([session.client.name, identity.scope]);
      return { kind: 'made', result: {} };
    };
    rig.askModern(1, 'tools/call', { name: 's__echo' });
    rig.askModern(2, 'tools/call', { name: 's__echo' }, { clientInfo: { name: 'b' } });
    await answered(2);
    expect(callers).toEqual([
      ['test', 'os:a'],
      ['b', 'os:a'],
    ]);
  });

  it('is decided, and lists are filtered, by what the issuer vouches for with this very token', async () => {
    const written: unknown[] = [];
    const outlet = {
      reply: (id: unknown) => written.push(id),
      refuse: () => {},
      notify: () => {},
      request: () => {},
      pending: 0,
    };
    const seen: unknown[] = [];
    rig.decide = async (_call, { identity }) => {
      seen.push(identity.claims?.roles);
      return { kind: 'made', result: {} };
    };
    const withRoles = (...roles: readonly string[]): Identity => {
      const none = { groups: [], tenant: null, department: null, region: null };
      const claims = { issuer: 'https://issuer.test', roles, ...none };
      const scope = 'oidc:https%3A//issuer.test::ada';
      return { type: 'identity', id: 'ada', source: 'oidc', verified: true, scope, claims };
    };
    const tokens = [withRoles('admin'), withRoles(), withRoles('admin')];
    for (const [at, identity] of tokens.entries()) {
      rig.askFrom(outlet, identity, 2 * at, 'tools/call', { name: 's__echo' });
      rig.askFrom(outlet, identity, 2 * at + 1, 'tools/list', {});
      await vi.waitFor(() => expect(written).toHaveLength(2 * at + 2));
    }
    expect(seen).toEqual([['admin'], [], ['admin']]);
    expect(rig.viewers.map(({ identity }) => identity.claims?.roles)).toEqual([['admin'], []]);
  });

  it('counts with the others of the same client', async () => {
    const sessions = new Set<unknown>();
    rig.decide = async (_call, { session }) => {
      sessions.add(session);
      return { kind: 'made', result: {} };
    };
    for (const id of [1, 2, 3]) rig.askModern(id, 'tools/call', { name: 's__echo' });
    rig.askModern(4, 'tools/call', { name: 's__echo' }, { clientCapabilities: { roots: {} } });
    await answered(4);
    expect(sessions.size).toBe(1);
    expect(rig.members).toHaveLength(2);
    expect(rig.members[0]?.client).toMatchObject({ scope: 'os:a', alone: false });
  });

  it('has no word for a task of the legacy era', async () => {
    rig.askModern(1, 'tools/call', { name: 's__echo', task: { ttl: 1 } });
    expect((await sentAt(0)).request.fields).toEqual({ name: 'echo' });
    rig.sent[0]?.resolve(responseOf({}));
    await answered(1);
  });

  it('for a resource that nobody has is refused with a code of this era', async () => {
    rig.askModern(1, 'resources/read', { uri: 'x:1' });
    expect(await answered(1)).toMatchObject({
      error: { code: -32602, message: 'Resource not found' },
    });
  });

  it('gets progress under its own token, before its result and never after', async () => {
    rig.askModern(1, 'tools/call', { name: 's__echo', _meta: { progressToken: 0 } });
    const { options, resolve } = await sentAt(0);
    options.onProgress?.({ progressToken: 99, progress: 1 });
    resolve(responseOf({}));
    await answered(1);
    options.onProgress?.({ progressToken: 99, progress: 2 });
    expect(rig.out).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: 0, progress: 1 },
      },
      expect.objectContaining({ id: 1 }),
    ]);
  });

  it('that is cancelled ends its lifetime, and nothing more is written for it', async () => {
    rig.askModern(1, 'tools/call', { name: 's__echo', _meta: { progressToken: 0 } });
    const { options, resolve } = await sentAt(0);
    rig.say({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 1, reason: 'enough' },
    });
    options.onProgress?.({ progress: 1 });
    expect(options.lifetime.ended).toBe('enough');
    resolve(responseOf({}));
    await turn();
    expect(rig.out).toEqual([]);
  });

  it('has an id that nothing else in flight has', async () => {
    rig.askModern(1, 'tools/call', { name: 's__echo' });
    rig.askModern(1, 'tools/call', { name: 's__echo' }, { clientInfo: { name: 'other' } });
    expect(rig.out).toEqual([
      {
        jsonrpc: '2.0',
        id: 1,
        error: { code: -32600, message: 'a request with this id is in flight' },
      },
    ]);
    (await sentAt(0)).resolve(responseOf({}));
    await answered(1);
  });

  it('is told logs from the level on that it named, and none without one', async () => {
    const log = (level: string) => ({
      method: 'notifications/message',
      params: { level, data: level },
      extras: undefined,
    });
    rig.askModern(1, 'tools/call', { name: 'm__work' }, { logLevel: 'warning' });
    rig.askModern(2, 'tools/call', { name: 'm__work' });
    await sentAt(1);
    for (const level of ['info', 'warning', 'alert', 'made up']) {
      for (const { options } of rig.sent) options.related?.tell('m', log(level));
    }
    expect(rig.out.map(({ params }) => params)).toEqual([
      { level: 'warning', data: 'warning' },
      { level: 'alert', data: 'alert' },
    ]);
    for (const { resolve } of rig.sent) resolve(responseOf({}));
    await answered(2);
  });

  it('that a server has a question about is answered with the question', async () => {
    const capabilities = { clientCapabilities: { elicitation: { form: {} } } };
    rig.askModern(1, 'tools/call', { name: 'm__work' }, capabilities);
    const inputRequests = { q: { method: 'elicitation/create', params: { message: 'sure?' } } };
    const asking = { resultType: 'input_required', inputRequests, requestState: 'theirs' };
    (await sentAt(0)).resolve(responseOf(asking));
    const { result } = await answered(1);
    expect(result).toMatchObject({ resultType: 'input_required', inputRequests });
    const requestState = Object(result)['requestState'];
    expect(requestState).not.toBe('theirs');
    const inputResponses = { q: { action: 'accept', content: {} } };
    const retry = { name: 'm__work', inputResponses, requestState };
    rig.askModern(2, 'tools/call', retry, capabilities);
    expect((await sentAt(1)).request.fields).toEqual({
      name: 'work',
      inputResponses,
      requestState: 'theirs',
    });
    rig.sent[1]?.resolve(responseOf({ resultType: 'complete', content: [] }));
    await answered(2);
  });

  it('whose servers ask outside of any call has nobody asked', async () => {
    rig.askModern(1, 'tools/list', {}, { clientCapabilities: { roots: {} } });
    await answered(1);
    const answers: unknown[] = [];
    const request = { method: 'roots/list', params: {}, extras: undefined };
    rig.modernEvents?.onRequest('s', request, new Lifetime(), (answer) => answers.push(answer));
    expect(answers).toMatchObject([{ kind: 'refused', error: { code: 4503 } }]);
    expect(rig.out).toHaveLength(1);
  });

  it('fails alone when the gate fails', async () => {
    rig.decide = () => Promise.reject(new Error('broken'));
    rig.askModern(1, 'tools/call', { name: 's__echo' });
    expect(await answered(1)).toMatchObject({
      error: { code: -32603, message: 'the gate failed' },
    });
  });
});

describe('a list', () => {
  beforeEach(() => rig.load());

  it('says how long it may be kept, is the same for the same client, and is made once', async () => {
    for (const id of [1, 2]) {
      rig.askModern(id, 'tools/list');
      await answered(id);
    }
    const tool = (name: string) => ({ name, unknown: { kept: [1] } });
    expect(rig.answerTo(1)?.['result']).toEqual({
      resultType: 'complete',
      ttlMs: 5_000,
      cacheScope: 'private',
      tools: [tool('s__echo'), tool('s__hidden')],
    });
    expect(rig.answerTo(2)?.['result']).toEqual(rig.answerTo(1)?.['result']);
    expect(rig.listed).toBe(1);
  });

  it('is filtered for who looks', async () => {
    rig.askModern(1, 'tools/list');
    rig.askModern(2, 'tools/list', {}, { clientInfo: { name: 'b', version: '1' } });
    await answered(2);
    expect(rig.viewers).toMatchObject([
      { era: 'modern', identity: { scope: 'os:a' }, client: { name: 'test', version: '1' } },
      { era: 'modern', identity: { scope: 'os:a' }, client: { name: 'b', version: '1' } },
    ]);
  });

  it('is another for a client of the legacy era', async () => {
    rig.askModern(1, 'prompts/list');
    await answered(1);
    rig.hello();
    rig.ask(2, 'prompts/list');
    expect((await answered(2))['result']).toEqual({ prompts: [] });
    expect(rig.answerTo(1)?.['result']).toMatchObject({ resultType: 'complete' });
  });
});

describe('both eras on one process', () => {
  it('are served side by side, each in its own words', async () => {
    rig.askModern('d', 'server/discover');
    rig.hello();
    rig.askModern(1, 'tools/call', { name: 's__echo' });
    rig.ask(2, 'tools/call', { name: 's__echo' });
    await sentAt(1);
    for (const { resolve } of rig.sent) resolve(responseOf({ content: [] }));
    expect((await answered(1))['result']).toEqual({ resultType: 'complete', content: [] });
    expect((await answered(2))['result']).toEqual({ content: [] });
    expect(rig.members.map(({ client }) => [client.hello.era, client.alone])).toEqual([
      ['legacy', true],
      ['modern', false],
    ]);
  });

  it('are cancelled by the id, whichever has it', async () => {
    rig.hello();
    rig.askModern(1, 'tools/call', { name: 's__echo' });
    rig.ask(2, 'tools/call', { name: 's__echo' });
    await sentAt(1);
    for (const requestId of [1, 2]) {
      rig.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
    }
    expect(rig.sent.map(({ options }) => options.lifetime.ended)).toEqual([
      'cancelled',
      'cancelled',
    ]);
    for (const { resolve } of rig.sent) resolve(responseOf({}));
  });

  it('has initialize in the legacy one, whatever else it says', () => {
    rig.load();
    rig.askModern(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {} });
    expect(rig.answerTo(1)).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
  });

  it('lets only the legacy one answer what servers ask', async () => {
    rig.hello({ roots: {} });
    rig.askModern(1, 'tools/list');
    await answered(1);
    const answers = serverAsks(rig, 'roots/list', {}, new Lifetime());
    const asked = rig.out.find(({ method }) => method === 'roots/list');
    rig.say({ jsonrpc: '2.0', id: Number(asked?.['id']), result: { roots: [] } });
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    expect(answers).toMatchObject([{ kind: 'relayed' }]);
  });
});

describe('a modern client that goes', () => {
  it('takes what it asked for over one way with it, and nothing else', async () => {
    rig.load();
    const written: unknown[] = [];
    const other = {
      reply: (id: unknown) => written.push(id),
      refuse: (id: unknown) => written.push(id),
      notify: () => {},
      request: () => {},
      pending: 0,
    };
    rig.askModern(1, 'tools/call', { name: 's__echo' });
    rig.askFrom(other, 'b', 1, 'tools/call', { name: 's__echo' });
    await sentAt(1);
    rig.host.modern.gone(other);
    expect(rig.sent.map(({ options }) => options.lifetime.ended)).toEqual([
      undefined,
      'disconnected',
    ]);
    for (const { resolve } of rig.sent) resolve(responseOf({}));
    await answered(1);
    expect(written).toEqual([]);
  });

  it('is waited for until nothing of it is in flight, and then leaves its servers', async () => {
    rig.load();
    rig.askModern(1, 'tools/call', { name: 's__echo' });
    const { options, resolve } = await sentAt(0);
    let isClosed = false;
    const closing = rig.host.close().then(() => {
      isClosed = true;
    });
    expect(options.lifetime.ended).toBe('disconnected');
    await turn();
    expect([isClosed, rig.members[0]?.hasLeft]).toEqual([false, false]);
    resolve({ kind: 'lost', reason: 'gone' });
    await closing;
    expect(rig.members[0]?.hasLeft).toBe(true);
    rig.askModern(2, 'tools/list');
    expect(rig.answerTo(2)).toMatchObject({ error: { message: 'the gate is stopping' } });
  });
});

describe('a modern client that says nothing for long', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    rig.load();
    return () => vi.useRealTimers();
  });

  it('lets go of its servers, and has them anew when it comes back', async () => {
    rig.askModern(1, 'tools/list');
    await vi.waitFor(() => expect(rig.answerTo(1)).toBeDefined());
    rig.now = 299_999;
    vi.advanceTimersByTime(60_000);
    expect(rig.members[0]?.hasLeft).toBe(false);
    rig.now = 300_000;
    vi.advanceTimersByTime(60_000);
    expect(rig.members[0]?.hasLeft).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    rig.askModern(2, 'tools/list');
    await vi.waitFor(() => expect(rig.answerTo(2)).toBeDefined());
    expect(rig.members).toHaveLength(2);
  });

  it('has what it had read and was counted when it comes back, whatever it declares then', async () => {
    const seen: unknown[] = [];
    rig.decide = async (_call, { session }) => {
      seen.push([session.id, session.calls, [...session.labels]]);
      session.calls += 1;
      session.labels.add(`read ${session.calls}`);
      return { kind: 'made', result: {} };
    };
    const ask = async (id: number, clientCapabilities: JsonObject) => {
      rig.askModern(id, 'tools/call', { name: 's__echo' }, { clientCapabilities });
      await vi.waitFor(() => expect(rig.answerTo(id)).toBeDefined());
    };
    await ask(1, {});
    rig.now = 300_000;
    vi.advanceTimersByTime(60_000);
    expect(rig.members.map(({ hasLeft }) => hasLeft)).toEqual([true]);
    await ask(2, {});
    await ask(3, { roots: {} });
    const [[id]] = seen as [[string]];
    expect(seen).toEqual([
      [id, 0, []],
      [id, 1, ['read 1']],
      [id, 2, ['read 1', 'read 2']],
    ]);
    expect(rig.members).toHaveLength(3);
  });

  const asked: [method: string, params: JsonObject][] = [
    ['tools/list', {}],
    ['prompts/list', {}],
    ['tools/call', { name: 's__echo', arguments: {} }],
    ['resources/read', { uri: 's:x' }],
    ['tasks/get', { taskId: 'x' }],
    ['subscriptions/listen', { notifications: {} }],
  ];
  it.each(asked)(
    '%s tells why there are no servers for it, as long as there are none',
    async (method, params) => {
      for (const id of [1, 2]) {
        rig.isFull = true;
        rig.askModern(id, method, params);
        await vi.advanceTimersByTimeAsync(0);
        expect(rig.answerTo(id)).toMatchObject({
          error: {
            code: 4503,
            message: 'there is no room; try again later',
            data: {
              limit: { name: 'transport.http.limits.pools', most: 64 },
              retryAfterSeconds: 5,
            },
          },
        });
      }
      expect(rig.sent).toEqual([]);
      rig.isFull = false;
      rig.askModern(3, 'tools/list');
      await vi.advanceTimersByTimeAsync(0);
      expect(rig.answerTo(3)).toHaveProperty('result.tools');
      expect(rig.members.map(({ hasLeft }) => hasLeft)).toEqual([false]);
    },
  );

  it('keeps them while something is in flight', async () => {
    rig.askModern(1, 'subscriptions/listen', { notifications: {} });
    rig.now = 1_000_000;
    vi.advanceTimersByTime(60_000);
    expect(rig.members[0]?.hasLeft).toBe(false);
  });

  it('makes room for others of the same caller', async () => {
    const ask = async (at: number) => {
      rig.askModern(at, 'tools/list', {}, { clientInfo: { name: `n${at}` } });
      await vi.advanceTimersByTimeAsync(0);
      expect(rig.answerTo(at)).toBeDefined();
    };
    for (let at = 0; at < 51; at += 1) await ask(at);
    expect(rig.members.map(({ hasLeft }) => hasLeft)).toEqual([
      true,
      ...Array.from({ length: 50 }, () => false),
    ]);
  });

  it('is refused when its caller has too many at work', async () => {
    const ask = (at: number) =>
      rig.askModern(
        at,
        'subscriptions/listen',
        { notifications: {} },
        { clientInfo: { name: `n${at}` } },
      );
    for (let at = 0; at < 51; at += 1) ask(at);
    await vi.waitFor(() => expect(rig.answerTo(50)).toBeDefined());
    expect(rig.answerTo(50)).toMatchObject({ error: { code: 4503 } });
    expect(rig.members).toHaveLength(50);
  });
});
