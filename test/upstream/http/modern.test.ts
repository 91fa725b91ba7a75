import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { isObject } from '../../../src/core/json.ts';
import { Lifetime } from '../../../src/core/lifetime.ts';
import type { FarMessage } from '../../../src/core/related.ts';
import type { Connection } from '../../../src/upstream/contract.ts';
import { defaultLimits } from '../../../src/upstream/limits.ts';
import { listAll } from '../../../src/upstream/listing.ts';
import { call, responseOf, until, valueIn } from '../rig.ts';
import {
  answerTo,
  argumentsOf,
  connect,
  errorTo,
  event,
  type Handler,
  modern,
  openEvents,
  peer,
  remote,
  type Seen,
  sendJson,
  tokenOf,
} from './rig.ts';

const era = 'modern';

const echo: Handler = (seen, response) =>
  sendJson(response, answerTo(seen, { resultType: 'complete', ...argumentsOf(seen) }));

/** No listen stream: the rest is the test's. */
function deaf(rest: Handler): Handler {
  return modern((seen, response) => {
    if (seen.body['method'] !== 'subscriptions/listen') return rest(seen, response);
    sendJson(response, errorTo(seen, -32601, 'method not found'), 404);
  });
}

function metaOf({ body }: Seen): JsonObject {
  const params = body['params'];
  const meta = isObject(params) ? params['_meta'] : undefined;
  return isObject(meta) ? meta : {};
}

describe('a modern server', () => {
  it('is asked what it speaks, and gets what every request must say, in body and headers', async () => {
    const far = await peer(deaf(echo));
    const rig = remote(far.url, { era });
    const connection = await rig.connected();
    expect(connection).toMatchObject({ era: 'modern' });
    const response = responseOf(await call(connection, 'get weather ☀', { a: 1 }));
    expect(response.resultType).toBe('complete');
    expect(valueIn(response)).toEqual({ resultType: 'complete', a: 1 });
    const [discovery] = far.posted('server/discover');
    const [called] = far.posted('tools/call');
    for (const seen of [discovery, called]) {
      if (seen === undefined) throw new Error('not seen');
      expect(metaOf(seen)).toEqual({
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'rig', version: '0' },
        'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
      });
      expect(seen.headers).toMatchObject({
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': seen.body['method'],
        accept: 'application/json, text/event-stream',
      });
    }
    expect(discovery?.headers['mcp-name']).toBeUndefined();
    expect(called?.headers['mcp-name']).toBe('=?base64?Z2V0IHdlYXRoZXIg4piA?=');
    await rig.run.end('enough');
    expect(far.seen.filter(({ method }) => method !== 'POST')).toEqual([]);
    expect(far.seen.filter(({ headers }) => headers['mcp-session-id'] !== undefined)).toEqual([]);
  });

  it('gets what the client says of itself, not what the gate would say', async () => {
    const far = await peer(deaf(echo));
    const connection = await connect(far.url, { era });
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'another', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': { sampling: {} },
      traceparent: '00-0',
    };
    await call(connection, 'echo', {}, { meta });
    await call(
      connection,
      'echo',
      {},
      { meta: { ...meta, 'io.modelcontextprotocol/protocolVersion': 'x\r\ny' } },
    );
    const [first, second] = far.posted('tools/call');
    expect(first && metaOf(first)).toEqual(meta);
    expect(second && metaOf(second)).toEqual(meta);
    expect(second?.headers['mcp-protocol-version']).toBe('2026-07-28');
  });

  it.each([
    ['resources/read', { uri: 'file:///a b' }, 'file:///a b'],
    ['prompts/get', { name: ' padded ' }, '=?base64?IHBhZGRlZCA=?='],
    ['tasks/get', { taskId: 't-1' }, 't-1'],
    ['completion/complete', { name: 'no' }, undefined],
  ])('gets the name of what %s is about', async (method, fields, expected) => {
    const far = await peer(deaf(echo));
    const connection = await connect(far.url, { era });
    await connection.send(
      { method, fields, meta: undefined, argumentsText: undefined, extras: undefined },
      { lifetime: new Lifetime(), onProgress: undefined, related: undefined },
    );
    expect(far.posted(method)[0]?.headers['mcp-name']).toBe(expected);
    expect(far.posted(method)[0]?.headers['mcp-method']).toBe(method);
  });

  it('tells progress and logs within a call, and cannot ask anything', async () => {
    const far = await peer(
      deaf((seen, response) => {
        const progressToken = tokenOf(seen);
        openEvents(response);
        response.write(event({ jsonrpc: '2.0', id: 1, method: 'roots/list' }));
        response.write(
          event({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'log' } }),
        );
        response.write(
          event({
            jsonrpc: '2.0',
            method: 'notifications/progress',
            params: { progressToken, progress: 1 },
          }),
        );
        response.end(event(answerTo(seen, { resultType: 'complete' })));
      }),
    );
    const rig = remote(far.url, { era });
    const heard: unknown[] = [];
    const told: FarMessage[] = [];
    const connection = await rig.connected();
    const delivery = await connection.send(
      {
        method: 'tools/call',
        fields: { name: 'a' },
        meta: undefined,
        argumentsText: '{}',
        extras: undefined,
      },
      {
        lifetime: new Lifetime(),
        onProgress: ({ progress }) => heard.push(progress),
        related: {
          client: {},
          ask: () => heard.push('asked'),
          tell: (_, each) => told.push(each),
        },
      },
    );
    expect(delivery.kind).toBe('answered');
    expect(heard).toEqual([1]);
    expect(told).toMatchObject([{ params: { data: 'log' } }]);
    expect(rig.requests).toEqual([]);
    expect(far.seen.filter(({ body }) => body['method'] === undefined)).toEqual([]);
  });

  it('is told of a cancellation by the end of the connection, and of nothing else', async () => {
    let isClosed = false;
    const far = await peer(
      deaf((_seen, response) => {
        openEvents(response);
        response.on('close', () => {
          isClosed = true;
        });
      }),
    );
    const connection = await connect(far.url, { era });
    const lifetime = new Lifetime();
    const delivery = call(connection, 'slow', {}, { lifetime });
    await until('call', () => far.posted('tools/call')[0]);
    lifetime.end('the client cancelled');
    expect(await delivery).toEqual({
      kind: 'lost',
      reason: 'no answer after cancellation: the client cancelled',
    });
    await until('end of the connection', () => isClosed);
    connection.notify({ method: 'notifications/anything', params: undefined, extras: undefined });
    expect(far.posted('notifications/cancelled')).toEqual([]);
  });

  it('does not continue a broken stream, whatever ids it has', async () => {
    const far = await peer(
      deaf((_seen, response) => {
        openEvents(response);
        response.end('id: e1\nretry: 1\ndata: \n\n');
      }),
    );
    expect(await call(await connect(far.url, { era }), 'any')).toMatchObject({ kind: 'lost' });
    expect(far.seen.filter(({ method }) => method === 'GET')).toEqual([]);
  });

  it('is listed again when it misses headers, and gets its error to the caller', async () => {
    const far = await peer(
      deaf((seen, response) => sendJson(response, errorTo(seen, -32020, 'Header mismatch'), 400)),
    );
    const rig = remote(far.url, { era });
    const response = responseOf(await call(await rig.connected(), 'any'));
    expect(valueIn(response)).toEqual({ code: -32020, message: 'Header mismatch' });
    expect(rig.changes).toEqual(['tools']);
  });

  it('gets what stands beside an error to the caller too, and an error stays one', async () => {
    const beside: JsonObject[] = [
      { 'x-own': [1, null], _meta: { 'dev.mcp-gate/x': 1, kept: 1 } },
      { result: { content: [] }, method: 'tools/call' },
    ];
    const far = await peer(
      deaf((seen, response) =>
        sendJson(response, { ...errorTo(seen, 7, 'no'), ...beside.shift() }, 400),
      ),
    );
    const connection = await connect(far.url, { era });
    const kept = responseOf(await call(connection, 'any'));
    expect(JSON.parse(kept.line.toString())).toEqual({
      jsonrpc: '2.0',
      id: expect.any(Number),
      error: { code: 7, message: 'no' },
      'x-own': [1, null],
      _meta: { kept: 1 },
    });
    const mixed = responseOf(await call(connection, 'any'));
    expect(JSON.parse(mixed.line.toString())).toEqual({
      jsonrpc: '2.0',
      id: expect.any(Number),
      error: { code: 7, message: 'no' },
    });
  });

  it('is asked anew what it speaks when it has no such endpoint any more', async () => {
    const far = await peer(deaf((_seen, response) => void response.writeHead(404).end()));
    const rig = remote(far.url, { era, verdicts: new Map([['far', 'modern']]) });
    expect(await call(await rig.connected(), 'any')).toMatchObject({ kind: 'unsent' });
    expect(await rig.over()).toBe('answered HTTP 404');
    expect(rig.verdicts.has('far')).toBe(false);
  });
});

describe('tools with parameters in headers', () => {
  const tool = (name: string, properties: JsonObject): JsonObject => ({
    name,
    inputSchema: { type: 'object', properties },
  });

  function listing(tools: readonly JsonObject[]): Handler {
    return deaf((seen, response) => {
      if (seen.body['method'] === 'tools/list') sendJson(response, answerTo(seen, { tools }));
      else void echo(seen, response);
    });
  }

  function list(connection: Connection): ReturnType<typeof listAll> {
    return listAll(connection, 'tools', defaultLimits, undefined);
  }

  it('are called with the values of their arguments', async () => {
    const properties = {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      depth: { type: 'integer', 'x-mcp-header': 'Depth' },
      dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
      none: { type: 'string', 'x-mcp-header': 'None' },
      nil: { type: 'string', 'x-mcp-header': 'Nil' },
      where: { type: 'object', properties: { city: { type: 'string', 'x-mcp-header': 'City' } } },
    };
    const far = await peer(listing([tool('sql', properties), tool('plain', {})]));
    const connection = await connect(far.url, { era });
    await call(connection, 'sql', { region: 'unlisted' });
    await list(connection);
    await call(connection, 'sql', {
      region: 'us-west1',
      depth: 42,
      dry: false,
      nil: null,
      where: { city: 'Köln' },
    });
    await call(connection, 'plain', { region: 'us-west1' });
    const params = far
      .posted('tools/call')
      .map(({ headers }) =>
        Object.fromEntries(
          Object.entries(headers).filter(([name]) => name.startsWith('mcp-param-')),
        ),
      );
    expect(params).toEqual([
      {},
      {
        'mcp-param-region': 'us-west1',
        'mcp-param-depth': '42',
        'mcp-param-dry': 'false',
        'mcp-param-city': '=?base64?S8O2bG4=?=',
      },
      {},
    ]);
  });

  it('leave the list when their annotations break a rule, and the log says so once', async () => {
    const bad = tool('bad\u001b', { a: { type: 'number', 'x-mcp-header': 'A' } });
    const good = tool('good', {});
    const far = await peer(listing([bad, good]));
    const rig = remote(far.url, { era });
    const connection = await rig.connected();
    expect((await list(connection)).items).toEqual([good]);
    expect((await list(connection)).items).toEqual([good]);
    const told = rig.logged.filter((line) => line.startsWith('tool is left out of the list'));
    expect(told).toEqual([
      'tool is left out of the list {"server":"far","tool":"bad\\\\u{1b}","reason":"\\"x-mcp-header\\" is only for parameters of type string, integer or boolean"}',
    ]);
  });

  it('keep their headers while they are listed again', async () => {
    const sql = tool('sql', { a: { type: 'string', 'x-mcp-header': 'A' } });
    const pages: JsonObject[] = [
      { tools: [sql] },
      { tools: [], nextCursor: 'more' },
      { tools: [sql] },
    ];
    const far = await peer(
      deaf(async (seen, response) => {
        if (seen.body['method'] !== 'tools/list') return echo(seen, response);
        if (pages.length === 1) await call(connection, 'sql', { a: 'x' });
        sendJson(response, answerTo(seen, pages.shift() ?? {}));
      }),
    );
    const connection = await connect(far.url, { era });
    await list(connection);
    await list(connection);
    expect(far.posted('tools/call')[0]?.headers['mcp-param-a']).toBe('x');
  });

  it('forget the headers of tools that are listed no longer', async () => {
    const lists = [[tool('sql', { a: { type: 'string', 'x-mcp-header': 'A' } })], [], []];
    const far = await peer(
      deaf((seen, response) => {
        if (seen.body['method'] === 'tools/list')
          sendJson(response, answerTo(seen, { tools: lists.shift() ?? [] }));
        else void echo(seen, response);
      }),
    );
    const connection = await connect(far.url, { era });
    for (let n = 0; n < 3; n += 1) await list(connection);
    await call(connection, 'sql', { a: 'x' });
    expect(far.posted('tools/call')[0]?.headers['mcp-param-a']).toBeUndefined();
  });
});

describe('news of a modern server', () => {
  /** Acknowledges what is asked for; `streams` are the open ones. */
  function telling(refused: readonly string[] = []): {
    readonly handler: Handler;
    readonly streams: Stream[];
  } {
    const streams: Stream[] = [];
    const handler = modern((seen, response) => {
      if (seen.body['method'] !== 'subscriptions/listen') return echo(seen, response);
      const params = isObject(seen.body['params']) ? seen.body['params'] : {};
      const wanted = isObject(params['notifications']) ? params['notifications'] : {};
      const uris = Array.isArray(wanted['resourceSubscriptions'])
        ? wanted['resourceSubscriptions']
        : [];
      const agreed = uris.filter((uri) => !refused.includes(String(uri)));
      openEvents(response);
      const stream = {
        wanted,
        response,
        isOpen: true,
        tell: (method: string, more: JsonObject = {}) => {
          const _meta = { 'io.modelcontextprotocol/subscriptionId': seen.body['id'], kept: 1 };
          response.write(event({ jsonrpc: '2.0', method, params: { ...more, _meta } }));
        },
      };
      response.on('close', () => {
        stream.isOpen = false;
      });
      streams.push(stream);
      response.write(': keep-alive\n\n');
      stream.tell('notifications/subscriptions/acknowledged', {
        notifications: { ...wanted, resourceSubscriptions: agreed },
      });
    });
    return { handler, streams };
  }

  interface Stream {
    readonly wanted: JsonObject;
    readonly response: ServerResponse;
    isOpen: boolean;
    tell(method: string, more?: JsonObject): void;
  }

  it('come over one stream, which asks for what the server declares', async () => {
    const { handler, streams } = telling();
    const far = await peer(handler);
    const rig = remote(far.url, { era });
    await rig.connected();
    const stream = await until('stream', () => streams[0]);
    expect(stream.wanted).toEqual({ toolsListChanged: true });
    expect(far.posted('subscriptions/listen')[0]?.headers).toMatchObject({
      'mcp-method': 'subscriptions/listen',
      'mcp-protocol-version': '2026-07-28',
    });
    stream.tell('notifications/tools/list_changed');
    await until('change', () => rig.changes.length > 0);
    expect(rig.changes).toEqual(['tools']);
    expect(rig.notifications).toEqual([]);
  });

  it('of a resource come over a new stream, in place of the old one', async () => {
    const { handler, streams } = telling(['no:way']);
    const rig = remote((await peer(handler)).url, { era });
    const connection = await rig.connected();
    await until('stream', () => streams[0]);
    expect(valueIn(responseOf(await connection.subscribe('a:b', true)))).toEqual({});
    expect(streams.map(({ wanted }) => wanted)).toEqual([
      { toolsListChanged: true },
      { toolsListChanged: true, resourceSubscriptions: ['a:b'] },
    ]);
    await until('end of the old stream', () => streams[0]?.isOpen === false);
    streams[1]?.tell('notifications/resources/updated', { uri: 'a:b' });
    await until('news', () => rig.notifications.length > 0);
    expect(rig.notifications).toMatchObject([
      { method: 'notifications/resources/updated', params: { uri: 'a:b', _meta: { kept: 1 } } },
    ]);
    expect(JSON.stringify(rig.notifications)).not.toContain('subscriptionId');

    const refused = responseOf(await connection.subscribe('no:way', true));
    expect(refused.kind).toBe('error');
    expect(valueIn(responseOf(await connection.subscribe('a:b', false)))).toEqual({});
    await until('less', () => Object.keys(streams.at(-1)?.wanted ?? {}).length === 1);
    expect(streams.at(-1)?.wanted).toEqual({ toolsListChanged: true });
    await until('one stream', () => streams.filter(({ isOpen }) => isOpen).length === 1);
  });

  it('are asked for again when the stream breaks, and what was missed is listed', async () => {
    const { handler, streams } = telling();
    const rig = remote((await peer(handler)).url, { era });
    await rig.connected();
    (await until('stream', () => streams[0])).response.destroy();
    await until('stream', () => streams[1]);
    await until('change', () => rig.changes.length > 0);
    expect(rig.changes).toEqual(['tools']);
  });

  it('are done without when the server has none', async () => {
    const far = await peer(deaf(echo));
    const rig = remote(far.url, { era });
    const connection = await rig.connected();
    expect(responseOf(await connection.subscribe('a:b', true)).kind).toBe('error');
    expect((await call(connection, 'echo')).kind).toBe('answered');
  });

  it('are not asked for where nothing is declared', async () => {
    const far = await peer(modern(echo, { tools: {} }));
    await call(await connect(far.url, { era }), 'echo');
    expect(far.posted('subscriptions/listen')).toEqual([]);
  });

  it('end with the run', async () => {
    const { handler, streams } = telling();
    const rig = remote((await peer(handler)).url, { era });
    await rig.connected();
    await until('stream', () => streams[0]);
    await rig.run.end('enough');
    await until('end of the stream', () => streams[0]?.isOpen === false);
    expect(streams).toHaveLength(1);
  });
});
