import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Lifetime } from '../../src/core/lifetime.ts';
import { newsLimitBytes } from '../../src/downstream/news.ts';
import { responseOf, SessionRig, serverAsks, textOf } from './rig.ts';

let rig: SessionRig;
beforeEach(() => {
  rig = new SessionRig();
});

const sentAt = (at: number) =>
  vi.waitFor(() => {
    const sent = rig.sent[at];
    if (sent === undefined) throw new Error('nothing was sent yet');
    return sent;
  });

describe('a client that comes before the gate is loaded', () => {
  it('gets initialize and ping answered at once, and the rest in order once it is', async () => {
    rig.ask(0, 'initialize', { protocolVersion: '2025-03-26', capabilities: {} });
    expect(rig.answerTo(0)).toMatchObject({
      result: {
        protocolVersion: '2025-03-26',
        serverInfo: { name: 'mcp-gate', version: '1.2.3' },
        instructions: 'be careful',
      },
    });
    rig.ask('p', 'ping');
    expect(rig.answerTo('p')).toMatchObject({ result: {} });
    rig.ask('list', 'tools/list');
    expect(rig.answerTo('list')).toBeUndefined();
    rig.load();
    await vi.waitFor(() => expect(rig.answerTo('list')).toBeDefined());
  });

  it.each([
    ['a revision that is not known gets the newest', '2099-01-01', '2025-11-25'],
    ['an old one is kept', '2024-11-05', '2024-11-05'],
  ])('%s', (_, asked, answered) => {
    rig.ask(1, 'initialize', { protocolVersion: asked });
    expect(rig.answerTo(1)).toMatchObject({ result: { protocolVersion: answered } });
  });

  it.each([
    ['tools/list', -32600, 'initialize comes first'],
    ['resources/subscribe', -32600, 'initialize comes first'],
    ['made/up', -32601, 'Method not found: made/up'],
    [`${'x'.repeat(99)}\u{1f600}`, -32601, `Method not found: ${'x'.repeat(99)}\ufffd`],
  ])('is refused %s before initialize', (method, code, message) => {
    rig.ask(1, method);
    expect(rig.answerTo(1)).toMatchObject({ error: { code, message } });
  });
});

describe('a client for whose servers there is no room', () => {
  beforeEach(() => {
    rig.isFull = true;
    rig.hello();
  });

  it.each([
    ['tools/list', {}],
    ['resources/list', {}],
    ['tools/call', { name: 's__echo', arguments: {} }],
    ['resources/subscribe', { uri: 's:x' }],
    ['completion/complete', { ref: {} }],
  ])('is told so for %s, what the limit is and when to come again', async (method, params) => {
    rig.ask(1, method, params);
    await vi.waitFor(() => expect(rig.answerTo(1)).toBeDefined());
    expect(rig.answerTo(1)).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: {
        code: 4503,
        message: 'there is no room; try again later',
        data: { limit: { name: 'transport.http.limits.pools', most: 64 }, retryAfterSeconds: 5 },
      },
    });
    expect([...rig.sent, ...rig.watched]).toEqual([]);
    rig.ask(2, 'ping');
    expect(rig.answerTo(2)).toMatchObject({ result: {} });
  });

  it('is told when there is something to list, and served from then on', async () => {
    rig.ask(1, 'tools/list');
    await vi.waitFor(() => expect(rig.answerTo(1)).toHaveProperty('error'));
    rig.isFull = false;
    for (const kind of ['tools', 'prompts'] as const) rig.session?.events.onListChanged(kind);
    await vi.waitFor(() =>
      expect(rig.out).toContainEqual({
        jsonrpc: '2.0',
        method: 'notifications/tools/list_changed',
      }),
    );
    expect(JSON.stringify(rig.out)).not.toContain('notifications/prompts/list_changed');
    rig.ask(2, 'tools/list');
    await vi.waitFor(() => expect(rig.answerTo(2)).toHaveProperty('result.tools'));
  });
});

describe('a request', () => {
  beforeEach(() => rig.hello());

  it.each<[name: string, id: string | number]>([
    ['the number zero', 0],
    ['a text', 'a"b'],
    ['an empty text', ''],
    ['a negative number', -7],
  ])('gets its own id back: %s', async (_, id) => {
    rig.ask(id, 'tools/call', { name: 's__echo', arguments: { b: 1, a: 2 } });
    (await sentAt(0)).resolve(responseOf({ content: [], odd: null }));
    await vi.waitFor(() => expect(rig.answerTo(id)).toBeDefined());
    expect(rig.answerTo(id)).toEqual({
      jsonrpc: '2.0',
      id,
      result: { content: [], odd: null },
      extra: { kept: true },
    });
  });

  it('is forwarded under the name that the server knows, with every member it came with', async () => {
    rig.say({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name: 's__echo',
        arguments: { b: 1, a: 2 },
        novel: [1],
        _meta: { progressToken: 'tok', 'x/y': 1, 'dev.mcp-gate/decision': 'forged' },
      },
      odd: true,
      _meta: { 'dev.mcp-gate/decision': 'forged', kept: 1 },
    });
    const { request } = await sentAt(0);
    expect(request).toEqual({
      method: 'tools/call',
      fields: { name: 'echo', novel: [1] },
      meta: { 'x/y': 1 },
      argumentsText: '{"b":1,"a":2}',
      extras: { odd: true, _meta: { kept: 1 } },
    });
  });

  it('gets progress under its own token, before its result', async () => {
    rig.ask(1, 'tools/call', { name: 's__echo', _meta: { progressToken: 0 } });
    const { options, resolve } = await sentAt(0);
    options.onProgress?.({ progressToken: 99, progress: 1, odd: 'kept' }, { beside: [1] });
    resolve(responseOf({}));
    await vi.waitFor(() => expect(rig.answerTo(1)).toBeDefined());
    expect(rig.out.slice(-2)).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: 0, progress: 1, odd: 'kept' },
        beside: [1],
      },
      expect.objectContaining({ id: 1 }),
    ]);
  });

  it('that is cancelled ends its lifetime and gets no answer', async () => {
    rig.ask(1, 'tools/call', { name: 's__echo' });
    const { options, resolve } = await sentAt(0);
    rig.say({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 1, reason: 'enough' },
    });
    expect(options.lifetime.ended).toBe('enough');
    resolve(responseOf({}));
    await rig.session?.close();
    expect(rig.answerTo(1)).toBeUndefined();
  });

  it.each<[name: string, message: string, code: number, text: string]>([
    [
      'unknown tool',
      '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"nope"}}',
      -32602,
      'Unknown tool: nope',
    ],
    [
      'no name',
      '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{}}',
      -32602,
      '"params.name" must be a string',
    ],
    [
      'arguments that are a list',
      '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"s__echo","arguments":[1]}}',
      -32602,
      '"params.arguments" must be an object',
    ],
    ...['7', '""', `"${'k'.repeat(201)}"`].map((key): [string, string, number, string] => [
      `an idempotency key that cannot be used: ${key.slice(0, 10)}`,
      `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"s__echo","_meta":{"dev.mcp-gate/idempotency-key":${key}}}}`,
      -32602,
      '"params._meta["dev.mcp-gate/idempotency-key"]" must be a string of 1 to 200 characters',
    ]),
    [
      'unknown prompt',
      '{"jsonrpc":"2.0","id":9,"method":"prompts/get","params":{"name":"nope"}}',
      -32602,
      'Unknown prompt: nope',
    ],
    [
      'unknown resource',
      '{"jsonrpc":"2.0","id":9,"method":"resources/read","params":{"uri":"x:1"}}',
      -32002,
      'Resource not found',
    ],
    [
      'a second initialize',
      '{"jsonrpc":"2.0","id":9,"method":"initialize","params":{}}',
      -32600,
      'initialize was sent before',
    ],
    [
      'a method of tasks',
      '{"jsonrpc":"2.0","id":9,"method":"tasks/list"}',
      -32601,
      'Method not found: tasks/list',
    ],
    [
      'the name of a member of objects',
      '{"jsonrpc":"2.0","id":9,"method":"constructor"}',
      -32601,
      'Method not found: constructor',
    ],
    [
      'a task',
      '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"s__echo","task":{"ttl":1}}}',
      -32602,
      'tasks are not supported',
    ],
    [
      'a task of nothing',
      '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"s__echo","task":null}}',
      -32602,
      'tasks are not supported',
    ],
    [
      'a second name in capitals',
      '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"s__echo","NAME":"hidden"}}',
      -32600,
      'expected the key "name", got "NAME"',
    ],
    [
      'a duplicate key',
      '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"s__echo","name":"s__hidden"}}',
      -32600,
      'duplicate',
    ],
  ])('is refused clearly, and nothing is forwarded: %s', async (_, message, code, text) => {
    rig.say(message);
    await vi.waitFor(() => expect(rig.out.some((each) => 'error' in each)).toBe(true));
    const refusal = rig.out.find((each) => 'error' in each);
    expect(refusal).toMatchObject({ error: { code, message: expect.stringContaining(text) } });
    expect(rig.sent).toEqual([]);
  });

  it.each(['resources/subscribe', 'resources/unsubscribe'])(
    'to %s is forwarded with its params only',
    async (method) => {
      const params = { uri: 's:1', odd: 1, _meta: { 'x/y': 1, 'dev.mcp-gate/x': 1 } };
      rig.say({ jsonrpc: '2.0', id: 1, method, params, novel: true });
      const { request } = await sentAt(0);
      expect(request).toEqual({
        method,
        fields: { uri: 's:1', odd: 1 },
        meta: { 'x/y': 1 },
        argumentsText: undefined,
        extras: undefined,
      });
    },
  );

  it('that is cancelled in the middle of a character has a reason that can be written', async () => {
    rig.ask(1, 'tools/call', { name: 's__echo' });
    const { options } = await sentAt(0);
    const reason = `${'x'.repeat(199)}\u{1f600}`;
    rig.say({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 1, reason },
    });
    expect(options.lifetime.ended).toBe(`${'x'.repeat(199)}\ufffd`);
  });

  it.each([
    ['tools/call', { name: `${'x'.repeat(199)}\u{1f600}` }],
    ['prompts/get', { name: `${'x'.repeat(199)}\u{1f600}` }],
    ['completion/complete', { ref: { name: `${'x'.repeat(199)}\u{1f600}` } }],
    ['completion/complete', { ref: { uri: `${'x'.repeat(199)}\u{1f600}` } }],
    [`${'x'.repeat(99)}\u{1f600}`, {}],
  ])('is refused in words that can be written: %s %o', async (method, params) => {
    rig.ask(1, method, params);
    await vi.waitFor(() => expect(rig.answerTo(1)).toBeDefined());
    const error = rig.answerTo(1)?.['error'];
    expect(error).toMatchObject({ message: expect.stringMatching(/^[A-Z][a-z ]+: x+\ufffd$/) });
  });

  it('under an id that is in flight is refused, and the first goes on', async () => {
    rig.ask(1, 'tools/call', { name: 's__echo' });
    await sentAt(0);
    rig.ask(1, 'tools/call', { name: 's__echo' });
    expect(rig.answerTo(1)).toMatchObject({ error: { code: -32600 } });
    expect(rig.sent).toHaveLength(1);
  });

  it('is answered with an error when the gate itself fails', async () => {
    rig.decide = () => Promise.reject(new Error('secret detail'));
    rig.ask(1, 'tools/call', { name: 's__echo' });
    await vi.waitFor(() => expect(rig.answerTo(1)).toBeDefined());
    expect(rig.answerTo(1)).toMatchObject({ error: { code: -32603, message: 'the gate failed' } });
  });

  it('cannot come as a notification', () => {
    rig.say({ jsonrpc: '2.0', method: 'tools/call', params: { name: 's__echo' } });
    expect(rig.sent).toEqual([]);
  });
});

describe('a list', () => {
  beforeEach(() => rig.hello());

  it('holds what policy shows, with nothing changed but names, and is made once', async () => {
    rig.shown.delete('s__hidden');
    rig.ask(1, 'tools/list');
    rig.ask(2, 'tools/list');
    await vi.waitFor(() => expect(rig.answerTo(2)).toBeDefined());
    rig.ask(3, 'tools/list');
    await vi.waitFor(() => expect(rig.answerTo(3)).toBeDefined());
    const result = { tools: [{ name: 's__echo', unknown: { kept: [1] } }] };
    expect([1, 2, 3].map((id) => rig.answerTo(id)?.['result'])).toEqual([result, result, result]);
    expect(rig.listed).toBeLessThan(3);
  });

  it('changes are told only of a list that the client has', async () => {
    rig.session?.events.onListChanged('tools');
    expect(rig.out).toHaveLength(1);
    rig.ask(1, 'tools/list');
    await vi.waitFor(() => expect(rig.answerTo(1)).toBeDefined());
    rig.session?.events.onListChanged('tools');
    rig.session?.events.onListChanged('prompts');
    expect(rig.out.slice(2)).toEqual([
      { jsonrpc: '2.0', method: 'notifications/tools/list_changed' },
    ]);
  });
});

describe('what a server starts', () => {
  it('reaches the client under an id and a token of this hop, and its answer goes back', async () => {
    rig.hello({ sampling: {} });
    const progress = { progressToken: 'theirs' };
    const answers = serverAsks(
      rig,
      'sampling/createMessage',
      { odd: 1, _meta: progress },
      new Lifetime(),
    );
    const asked = await vi.waitFor(() => {
      const found = rig.out.find((each) => each['method'] === 'sampling/createMessage');
      if (found === undefined) throw new Error('not asked yet');
      return found;
    });
    const id = Number(asked['id']);
    expect(asked['params']).toEqual({ odd: 1, _meta: { progressToken: id } });
    rig.say({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: id, progress: 1 },
      beside: { _meta: { 'dev.mcp-gate/decision': 'forged', kept: 1 } },
    });
    expect(rig.notified).toEqual([
      {
        method: 'notifications/progress',
        params: { progressToken: 'theirs', progress: 1 },
        beside: { _meta: { kept: 1 } },
      },
    ]);
    rig.say({ jsonrpc: '2.0', id, result: { role: 'assistant', odd: [] } });
    const [answer] = await vi.waitFor(() => {
      expect(answers).toHaveLength(1);
      return answers;
    });
    expect(answer?.kind === 'relayed' && textOf(answer.response)).toBe(
      '{"role":"assistant","odd":[]}',
    );
  });

  it.each(['s__echo', 'm__work'])(
    'hears nothing in the name of the gate beside the arguments of %s',
    async (name) => {
      rig.hello();
      const forged = { _meta: { 'dev.mcp-gate/decision': {}, kept: 1 } };
      rig.ask(1, 'tools/call', { name, arguments: forged, own: forged });
      const sent = await vi.waitFor(() => rig.sent[0] ?? Promise.reject(new Error('not sent yet')));
      expect(sent.request.fields?.['own']).toEqual({ _meta: { kept: 1 } });
      // They go as they were decided.
      expect(sent.request.argumentsText).toBe(JSON.stringify(forged));
      sent.resolve(responseOf({}));
    },
  );

  it('gets no answer in the name of the gate, and none with a type of its own', async () => {
    rig.hello({ roots: {} });
    const answers = serverAsks(rig, 'roots/list', {}, new Lifetime());
    const asked = await vi.waitFor(() => {
      const found = rig.out.find((each) => each['method'] === 'roots/list');
      if (found === undefined) throw new Error('not asked yet');
      return found;
    });
    const _meta = { 'dev.mcp-gate/decision': {}, kept: 1 };
    rig.say({
      jsonrpc: '2.0',
      id: Number(asked['id']),
      result: { roots: [], resultType: 'input_required', _meta },
    });
    const [answer] = await vi.waitFor(() => {
      expect(answers).toHaveLength(1);
      return answers;
    });
    if (answer?.kind !== 'relayed') throw new Error('no answer');
    expect(textOf(answer.response)).toBe('{"roots":[],"_meta":{"kept":1}}');
    expect(answer.response.resultType).toBeUndefined();
  });

  it.each([
    ['a capability that the client did not declare', 'sampling/createMessage'],
    ['a method that is not known', 'made/up'],
    ['a method that only clients may call', 'tools/call'],
  ])('is refused without asking the client: %s', (_, method) => {
    rig.hello();
    const answers = serverAsks(rig, method, {}, new Lifetime());
    expect(answers).toEqual([
      { kind: 'refused', error: { code: -32601, message: `Method not found: ${method}` } },
    ]);
    expect(rig.out).toHaveLength(1);
  });

  it('is refused in words that can be written', () => {
    rig.hello();
    const answers = serverAsks(rig, `${'x'.repeat(99)}\u{1f600}`, {}, new Lifetime());
    const message = `Method not found: ${'x'.repeat(99)}\ufffd`;
    expect(answers).toEqual([{ kind: 'refused', error: { code: -32601, message } }]);
  });

  it('is cancelled at the client when the server gives up', async () => {
    rig.hello({ elicitation: {} });
    const lifetime = new Lifetime();
    serverAsks(rig, 'elicitation/create', {}, lifetime);
    await vi.waitFor(() => expect(rig.out).toHaveLength(2));
    lifetime.end('server died');
    expect(rig.out.at(-1)).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: rig.out[1]?.['id'], reason: 'server died' },
    });
  });

  it('as a notification reaches the client as it is, if the table passes it', () => {
    rig.hello();
    const notify = (method: string) =>
      rig.session?.events.onNotification('s', {
        method,
        params: { odd: 1 },
        extras: { more: 2 },
      });
    notify('notifications/message');
    notify('notifications/made-up');
    expect(rig.out.slice(1)).toEqual([
      { more: 2, jsonrpc: '2.0', method: 'notifications/message', params: { odd: 1 } },
    ]);
  });
});

describe('a server that asks too much', () => {
  beforeEach(() => rig.hello({ roots: {} }));
  const ask = (server: string) => serverAsks(rig, 'roots/list', {}, new Lifetime(), server);
  const asked = () => rig.out.filter((message) => message['method'] === 'roots/list');

  it('has twenty questions open at most, and leaves the rest to others', async () => {
    const answers = Array.from({ length: 21 }, () => ask('s'));
    await vi.waitFor(() => expect(answers.at(-1)).toHaveLength(1));
    expect(answers.at(-1)).toEqual([
      { kind: 'refused', error: { code: 1, message: 'the server has too many open requests' } },
    ]);
    expect(asked()).toHaveLength(20);
    ask('other');
    expect(asked()).toHaveLength(21);
    rig.say({ jsonrpc: '2.0', id: asked()[0]?.['id'] ?? '', result: {} });
    await vi.waitFor(() => expect(answers[0]).toHaveLength(1));
    ask('s');
    expect(asked()).toHaveLength(22);
  });

  it('does not get through to a client that does not read', async () => {
    rig.pending = newsLimitBytes + 1;
    const answers = ask('s');
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    expect(answers).toEqual([
      { kind: 'refused', error: { code: 1, message: 'the client reads too slowly' } },
    ]);
    expect(asked()).toEqual([]);
  });
});

describe('a client that reads slowly', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    rig.hello();
    return () => vi.useRealTimers();
  });

  const log = (data: number) =>
    rig.session?.events.onNotification('s', {
      method: 'notifications/message',
      params: { level: 'info', data },
      extras: undefined,
    });
  const news = () => rig.out.flatMap((message) => message['method'] ?? []);

  it('misses news, is told how much, and gets every answer', async () => {
    rig.ask(1, 'tools/list');
    rig.ask(2, 'tools/call', { name: 's__echo', _meta: { progressToken: 'p' } });
    await vi.waitFor(() => expect(rig.answerTo(1)).toBeDefined());
    await vi.waitFor(() => expect(rig.sent).toHaveLength(1));
    rig.pending = newsLimitBytes;
    log(0);
    expect(news()).toEqual(['notifications/message']);
    rig.pending += 1;
    log(1);
    rig.pending = newsLimitBytes / 2 + 1;
    log(2);
    rig.sent[0]?.options.onProgress?.({ progress: 1 });
    rig.session?.events.onListChanged('tools');
    rig.session?.events.onListChanged('tools');
    rig.sent[0]?.resolve(responseOf({ content: [] }));
    await vi.waitFor(() => expect(rig.answerTo(2)).toMatchObject({ result: { content: [] } }));
    vi.runOnlyPendingTimers();
    expect(news()).toEqual(['notifications/message']);

    rig.pending = newsLimitBytes / 2;
    vi.runOnlyPendingTimers();
    log(3);
    const data = '3 notifications were dropped, because the client read too slowly';
    expect(rig.out.slice(-3)).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/message',
        params: { level: 'warning', logger: 'mcp-gate', data },
      },
      { jsonrpc: '2.0', method: 'notifications/tools/list_changed' },
      { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 3 } },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves nothing behind when it goes', async () => {
    rig.pending = newsLimitBytes + 1;
    log(1);
    await rig.session?.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the level of logs', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    rig.hello();
    return () => vi.useRealTimers();
  });

  const told = () =>
    rig.sent.map(
      ({ server, request }) => `${server} ${request.method} ${request.fields?.['level']}`,
    );
  const passed = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

  it('is told to a server that comes later, once', async () => {
    rig.arrive('early');
    rig.ask(1, 'logging/setLevel', { level: 'error' });
    expect(rig.answerTo(1)).toMatchObject({ result: {} });
    for (const { resolve } of rig.sent) resolve(responseOf({}));
    await passed(0);
    rig.arrive('late');
    rig.arrive('later');
    expect(told()).toEqual([
      's logging/setLevel error',
      'early logging/setLevel error',
      'late logging/setLevel error',
      'later logging/setLevel error',
    ]);
  });

  it('is not waited for at a server that never answers, which is told the last one afterwards', async () => {
    rig.ask(1, 'logging/setLevel', { level: 'error' });
    rig.ask(2, 'logging/setLevel', { level: 'info' });
    rig.ask(3, 'logging/setLevel', { level: 'debug' });
    expect(told()).toEqual(['s logging/setLevel error']);
    await passed(9_999);
    expect(rig.sent[0]?.options.lifetime.ended).toBeUndefined();
    await passed(1);
    expect(rig.sent[0]?.options.lifetime.ended).toBe('no answer in time');
    expect(told()).toEqual(['s logging/setLevel error', 's logging/setLevel debug']);
    rig.sent[1]?.resolve(responseOf({}));
    await passed(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(told()).toHaveLength(2);
  });

  it('is told to nobody when the client has gone', async () => {
    rig.ask(1, 'logging/setLevel', { level: 'error' });
    await rig.session?.close();
    rig.arrive('late');
    expect(told()).toEqual(['s logging/setLevel error']);
  });
});

describe('what a client tells', () => {
  it('says nothing in the name of the gate', () => {
    rig.hello();
    rig.say({
      jsonrpc: '2.0',
      method: 'notifications/roots/list_changed',
      params: { a: 1, _meta: { 'dev.mcp-gate/x': 1, kept: 1 } },
      _meta: { 'dev.mcp-gate/x': 1 },
      odd: 1,
    });
    expect(rig.notified).toEqual([
      {
        method: 'notifications/roots/list_changed',
        params: { a: 1, _meta: { kept: 1 } },
        _meta: {},
        odd: 1,
      },
    ]);
  });

  it('as its name is cut to what can be written', async () => {
    rig.load();
    const name = `${'x'.repeat(99)}\u{1f600}`;
    rig.ask(1, 'initialize', { clientInfo: { name, version: '1' } });
    const names: string[] = [];
    rig.decide = (_, caller) => {
      names.push(caller.session.client.name);
      return Promise.resolve({ kind: 'made', result: {} });
    };
    rig.ask(2, 'tools/call', { name: 's__echo' });
    expect(names).toEqual([`${'x'.repeat(99)}\ufffd`]);
  });
});

describe('a client that goes', () => {
  it('ends the lifetime of everything in flight, and close waits for it', async () => {
    rig.hello();
    rig.ask(1, 'tools/call', { name: 's__echo' });
    const { options, resolve } = await sentAt(0);
    let closed = false;
    const closing = rig.session?.close().then(() => {
      closed = true;
    });
    expect(options.lifetime.ended).toBe('disconnected');
    await new Promise((next) => setImmediate(next));
    expect(closed).toBe(false);
    resolve({ kind: 'lost', reason: 'gone' });
    await closing;
    expect(closed).toBe(true);
  });
});
