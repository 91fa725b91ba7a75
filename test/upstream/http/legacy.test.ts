import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/core/answer.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { Lifetime } from '../../../src/core/lifetime.ts';
import type { FarMessage, Related } from '../../../src/core/related.ts';
import { call, responseOf, until, valueIn } from '../rig.ts';
import {
  answerTo,
  argumentsOf,
  connect,
  errorTo,
  event,
  type Handler,
  legacy,
  openEvents,
  peer,
  refuse,
  remote,
  type Seen,
  sendJson,
  sendText,
  tokenOf,
  toolOf,
} from './rig.ts';

const text = (said: string): JsonObject => ({ content: [{ type: 'text', text: said }] });

/** Tool calls go to `tools`, everything else is refused. */
function server(tools: Handler, options: { readonly session?: string } = {}): Handler {
  return legacy((seen, response) => {
    if (seen.body['method'] === 'tools/call') return tools(seen, response);
    return refuse(seen, response);
  }, options);
}

const echo: Handler = (seen, response) => sendJson(response, answerTo(seen, argumentsOf(seen)));

describe('a session over Streamable HTTP', () => {
  it('opens with the client’s own words and says its revision and its session in every message', async () => {
    const far = await peer(server(echo, { session: 'S-1' }));
    const connection = await connect(far.url, { spec: { headers: { 'X-Key': 'k', Accept: 'x' } } });
    expect(connection).toMatchObject({ server: 'far', era: 'legacy' });
    expect(connection.capabilities).toMatchObject({ tools: { listChanged: true } });
    await call(connection, 'echo');
    const [first, second] = far.seen;
    expect(first?.body).toMatchObject({
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: { elicitation: {} } },
    });
    expect(first?.headers['mcp-session-id']).toBeUndefined();
    expect(first?.headers['mcp-protocol-version']).toBeUndefined();
    expect(second?.body).toEqual({ jsonrpc: '2.0', method: 'notifications/initialized' });
    for (const { headers, method } of far.seen.slice(1)) {
      expect(headers).toMatchObject({
        'mcp-session-id': 'S-1',
        'mcp-protocol-version': '2025-11-25',
      });
      expect(headers['x-key']).toBe('k');
      expect(headers.accept).toBe(
        method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      );
    }
  });

  it('takes answers as one JSON text, with members that nobody knows', async () => {
    const far = await peer(
      server((seen, response) => {
        const answer = { ...answerTo(seen, { content: [], x: null }), 'x-top': 1 };
        response.writeHead(200, { 'content-type': 'Application/JSON; charset=utf-8' });
        response.end(JSON.stringify(answer, undefined, 2));
      }),
    );
    const response = responseOf(await call(await connect(far.url), 'any'));
    expect(valueIn(response)).toEqual({ content: [], x: null });
    expect(JSON.parse(response.line.toString())['x-top']).toBe(1);
    expect(response.line.includes('\n')).toBe(false);
  });

  it('gets progress before the result in one chunk, 60 of 60', async () => {
    const far = await peer(
      server((seen, response) => {
        const progressToken = tokenOf(seen);
        const progress = (at: number): string =>
          event({
            jsonrpc: '2.0',
            method: 'notifications/progress',
            params: { progressToken, progress: at },
          });
        openEvents(response);
        response.end(progress(1) + progress(2) + event(answerTo(seen, text('done'))));
      }),
    );
    const connection = await connect(far.url);
    let good = 0;
    for (let round = 0; round < 60; round += 1) {
      const heard: unknown[] = [];
      const delivery = await call(
        connection,
        'slow',
        {},
        { onProgress: (p) => heard.push(p['progress']) },
      );
      if (delivery.kind === 'answered' && heard.join() === '1,2') good += 1;
    }
    expect(good).toBe(60);
  });

  it('says nothing in the name of the gate', async () => {
    const far = await peer(
      server((seen, response) =>
        sendJson(response, answerTo(seen, { _meta: { 'dev.mcp-gate/decision': {}, kept: 1 } })),
      ),
    );
    const response = responseOf(await call(await connect(far.url), 'any'));
    expect(valueIn(response)).toEqual({ _meta: { kept: 1 } });
  });

  it('carries many calls at once, and each gets its own answer', async () => {
    const far = await peer(
      server((seen, response) => {
        setTimeout(() => void echo(seen, response), Number(argumentsOf(seen)['n']) % 7);
      }),
    );
    const connection = await connect(far.url);
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    const answers = await Promise.all(numbers.map((n) => call(connection, 'echo', { n })));
    expect(answers.map((each) => valueIn(responseOf(each)))).toEqual(numbers.map((n) => ({ n })));
  });
});

describe('what a server says on its streams', () => {
  it('hands questions and logs within a call to the caller of that call', async () => {
    const far = await peer(
      legacy((seen, response) => {
        if (toolOf(seen) === 'asks') {
          openEvents(response);
          const question = { method: 'elicitation/create', params: { message: 'sure?' } };
          response.write(event({ jsonrpc: '2.0', id: 'q-1', ...question }));
          response.write(
            event({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'log' } }),
          );
          waiting = { seen, response };
        } else if (seen.body['id'] === 'q-1') {
          response.writeHead(202).end();
          waiting?.response.end(event(answerTo(waiting.seen, text('thanks'))));
        } else {
          void refuse(seen, response);
        }
      }),
    );
    let waiting: { readonly seen: Seen; readonly response: ServerResponse } | undefined;
    const rig = remote(far.url);
    const asked: FarMessage[] = [];
    const told: FarMessage[] = [];
    const related: Related = {
      client: {},
      ask: (_, request, _lifetime, reply) => {
        asked.push(request);
        reply({ kind: 'made', result: { action: 'accept' } });
      },
      tell: (_, notification) => told.push(notification),
    };
    const connection = await rig.connected();
    const fields = { name: 'asks' };
    const none = { meta: undefined, argumentsText: '{}', extras: undefined };
    const delivery = await connection.send(
      { method: 'tools/call', fields, ...none },
      { lifetime: new Lifetime(), onProgress: undefined, related },
    );
    expect(valueIn(responseOf(delivery))).toEqual(text('thanks'));
    expect(asked).toMatchObject([{ method: 'elicitation/create', params: { message: 'sure?' } }]);
    expect(told).toMatchObject([{ method: 'notifications/message', params: { data: 'log' } }]);
    expect(far.seen.find(({ body }) => body['id'] === 'q-1')?.body).toEqual({
      jsonrpc: '2.0',
      id: 'q-1',
      result: { action: 'accept' },
    });
    expect(rig.requests).toEqual([]);
    expect(rig.notifications).toEqual([]);
  });

  it('hears by the GET stream what belongs to no call, and opens it again behind the last event', async () => {
    const far = await peer(
      legacy((seen, response) => {
        if (seen.method !== 'GET') return refuse(seen, response);
        openEvents(response);
        if (seen.headers['last-event-id'] === 'e2') {
          response.write(event({ jsonrpc: '2.0', id: 5, method: 'roots/list' }, 'e3'));
          return;
        }
        response.write('retry: 20\n\n');
        response.write(event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }, 'e1'));
        const params = { uri: 'a:b', _meta: { 'dev.mcp-gate/x': 1 } };
        const method = 'notifications/resources/updated';
        response.end(event({ jsonrpc: '2.0', method, params }, 'e2'));
      }),
    );
    const rig = remote(far.url);
    await rig.connected();
    const [request] = await until('question', () =>
      rig.requests.length > 0 ? rig.requests : undefined,
    );
    expect(rig.changes).toEqual(['tools']);
    expect(rig.notifications).toMatchObject([
      { method: 'notifications/resources/updated', params: { uri: 'a:b', _meta: {} } },
    ]);
    const refused: Answer = { kind: 'refused', error: { code: -32601, message: 'no roots' } };
    request?.reply(refused);
    request?.reply(refused);
    const replies = await until('reply', () => {
      const found = far.seen.filter(({ body }) => body['error'] !== undefined);
      return found.length > 0 ? found : undefined;
    });
    expect(replies.map(({ body }) => body)).toEqual([
      { jsonrpc: '2.0', id: 5, error: { code: -32601, message: 'no roots' } },
    ]);
  });

  it('answers pings itself', async () => {
    const far = await peer(
      legacy((seen, response) => {
        if (seen.method !== 'GET') return refuse(seen, response);
        openEvents(response);
        response.write(event({ jsonrpc: '2.0', id: 'p', method: 'ping' }));
      }),
    );
    const rig = remote(far.url);
    await rig.connected();
    const pong = await until('pong', () => far.seen.find(({ body }) => body['id'] === 'p'));
    expect(pong.body).toEqual({ jsonrpc: '2.0', id: 'p', result: {} });
    expect(rig.requests).toEqual([]);
  });

  it('lives without a GET stream, and subscribes by request', async () => {
    const far = await peer(
      legacy((seen, response) => {
        if (seen.body['method'] === 'resources/subscribe') sendJson(response, answerTo(seen, {}));
        else void refuse(seen, response);
      }),
    );
    const connection = await connect(far.url);
    expect(valueIn(responseOf(await connection.subscribe('a:b', true)))).toEqual({});
    expect(far.posted('resources/subscribe')[0]?.body['params']).toEqual({ uri: 'a:b' });
    expect(far.seen.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });

  it('ends a server that floods', async () => {
    const far = await peer(
      legacy((seen, response) => {
        if (seen.method !== 'GET') return refuse(seen, response);
        openEvents(response);
        for (let n = 0; n < 20; n += 1) response.write('data: nonsense\n\n');
      }),
    );
    const rig = remote(far.url, { limits: { faultsPerMinute: 10 } });
    await rig.connected();
    expect(await rig.over()).toBe('it floods the gate with messages that nobody can use');
  });
});

describe('a stream that breaks', () => {
  it('is continued behind its last event when the server closes it before the answer', async () => {
    const far = await peer(
      legacy(
        (seen, response) => {
          if (toolOf(seen) === 'polls') {
            openEvents(response);
            id = seen.body['id'];
            response.end('id: e1\nretry: 30\ndata:\n\n');
          } else if (seen.headers['last-event-id'] === 'e1') {
            openEvents(response);
            response.end('id: e2\ndata:\n\n');
          } else if (seen.headers['last-event-id'] === 'e2') {
            openEvents(response);
            // Left open: the answer is all that counts.
            response.write(event({ jsonrpc: '2.0', id, result: text('late') }, 'e3'));
          } else {
            void refuse(seen, response);
          }
        },
        { session: 'S' },
      ),
    );
    let id: unknown;
    const connection = await connect(far.url);
    expect(valueIn(responseOf(await call(connection, 'polls')))).toEqual(text('late'));
    const resumed = far.seen.filter(({ headers }) => headers['last-event-id'] !== undefined);
    expect(resumed.map(({ headers }) => headers['last-event-id'])).toEqual(['e1', 'e2']);
    expect(resumed.every(({ headers }) => headers['mcp-session-id'] === 'S')).toBe(true);
  });

  it('is lost without event ids', async () => {
    const far = await peer(
      server((seen, response) => {
        openEvents(response);
        if (toolOf(seen) === 'ends') response.end(': bye\n\n');
        else response.write(': hi\n\n', () => response.destroy());
      }),
    );
    const connection = await connect(far.url);
    expect(await call(connection, 'ends')).toEqual({
      kind: 'lost',
      reason: 'answered HTTP 200 with "text/event-stream" only',
    });
    expect(await call(connection, 'breaks')).toMatchObject({
      kind: 'lost',
      reason: expect.stringMatching(/^the connection broke: /),
    });
  });

  it('is given up when the server cannot continue it', async () => {
    const far = await peer(
      server((_seen, response) => {
        openEvents(response);
        response.end('id: e1\nretry: 20\n\n');
      }),
    );
    expect(await call(await connect(far.url), 'polls')).toMatchObject({
      kind: 'lost',
      reason: 'answered HTTP 405',
    });
  });

  it('is given up when nothing new comes any more', async () => {
    const far = await peer(
      legacy((seen, response) => {
        if (toolOf(seen) === 'polls' || seen.headers['last-event-id'] !== undefined) {
          openEvents(response);
          response.end('id: e1\nretry: 1\n\n');
        } else {
          void refuse(seen, response);
        }
      }),
    );
    expect(await call(await connect(far.url), 'polls')).toMatchObject({ kind: 'lost' });
  });
});

describe('a request that is not answered', () => {
  it('is cancelled by a notification, and its late answer still counts', async () => {
    const far = await peer(
      legacy((seen, response) => {
        if (seen.body['method'] === 'notifications/cancelled') {
          response.writeHead(202).end();
          if (waiting !== undefined)
            sendJson(waiting.response, answerTo(waiting.seen, text('late')));
        } else if (seen.body['method'] === 'tools/call') {
          waiting = { seen, response };
        } else {
          void refuse(seen, response);
        }
      }),
    );
    let waiting: { readonly seen: Seen; readonly response: ServerResponse } | undefined;
    const connection = await connect(far.url);
    const lifetime = new Lifetime();
    const delivery = call(connection, 'slow', {}, { lifetime });
    await until('call', () => waiting);
    lifetime.end('the client cancelled');
    expect(valueIn(responseOf(await delivery))).toEqual(text('late'));
    const [cancelled] = far.posted('notifications/cancelled');
    expect(cancelled?.body['params']).toEqual({
      requestId: far.posted('tools/call')[0]?.body['id'],
      reason: 'the client cancelled',
    });
  });

  it('is lost when nothing comes after its cancellation, and its connection is closed', async () => {
    let isClosed = false;
    const far = await peer(
      server((_seen, response) => {
        response.on('close', () => {
          isClosed = true;
        });
      }),
    );
    const connection = await connect(far.url, { limits: { lateAnswerMs: 30 } });
    const lifetime = new Lifetime();
    const delivery = call(connection, 'never', {}, { lifetime });
    await until('call', () => far.posted('tools/call')[0]);
    lifetime.end('the client cancelled');
    expect(await delivery).toEqual({
      kind: 'lost',
      reason: 'no answer after cancellation: the client cancelled',
    });
    await until('end of the connection', () => isClosed);
  });

  it('holds up nothing but itself, however many there are', async () => {
    const far = await peer(
      legacy((seen, response) => {
        if (toolOf(seen) === 'never') return;
        void refuse(seen, response);
      }),
    );
    const connection = await connect(far.url);
    const lifetime = new Lifetime();
    const calls = Array.from({ length: 80 }, () => call(connection, 'never', {}, { lifetime }));
    await until('calls', () => far.posted('tools/call').length === 56);
    connection.notify({
      method: 'notifications/roots/list_changed',
      params: undefined,
      extras: undefined,
    });
    await until('notification', () => far.posted('notifications/roots/list_changed')[0]);
    lifetime.end('the client is gone');
    const queued = await Promise.all(calls.slice(56));
    expect(queued).toEqual(queued.map(() => ({ kind: 'unsent', reason: 'the client is gone' })));
  });

  it('is not sent for a caller who is gone, nor over a session that is over', async () => {
    const far = await peer(server(echo));
    const rig = remote(far.url);
    const connection = await rig.connected();
    const lifetime = new Lifetime();
    lifetime.end('gone');
    expect(await call(connection, 'echo', {}, { lifetime })).toEqual({
      kind: 'unsent',
      reason: 'gone',
    });
    await rig.run.end('enough');
    expect(await call(connection, 'echo')).toEqual({ kind: 'unsent', reason: 'enough' });
    expect(await connection.subscribe('a:b', true)).toEqual({ kind: 'unsent', reason: 'enough' });
    expect(far.posted('tools/call')).toEqual([]);
  });

  it.each([
    [
      'an error of JSON-RPC is its answer',
      400,
      { jsonrpc: '2.0', id: null, error: { code: -32602, message: 'bad' } },
    ],
    [
      'an error under another id is its answer too',
      422,
      { jsonrpc: '2.0', id: 'server-error', error: { code: -32602, message: 'bad' } },
    ],
  ])('when it is refused: %s', async (_claim, status, body) => {
    const far = await peer(server((_seen, response) => sendJson(response, body, status)));
    const response = responseOf(await call(await connect(far.url), 'any'));
    expect(response.kind).toBe('error');
    expect(valueIn(response)).toEqual({ code: -32602, message: 'bad' });
  });

  it('is lost with short, plain words when it is refused otherwise', async () => {
    const far = await peer(
      server((_seen, response) =>
        sendText(response, `no\u001b[31m \u202ehere\n${'x'.repeat(5_000)}`, 503),
      ),
    );
    const delivery = await call(await connect(far.url), 'any');
    expect(delivery).toMatchObject({
      kind: 'lost',
      reason: expect.stringContaining('answered HTTP 503: no'),
    });
    const { reason = '' } = { reason: '', ...delivery };
    expect(reason.length).toBeLessThan(500);
    expect(/[\p{Cc}\p{Cf}]/u.test(reason)).toBe(false);
  });

  it('is answered with an error that the server gave', async () => {
    const far = await peer(
      server((seen, response) => sendJson(response, errorTo(seen, -32000, 'no', { a: 1 }))),
    );
    const response = responseOf(await call(await connect(far.url), 'any'));
    expect(valueIn(response)).toEqual({ code: -32000, message: 'no', data: { a: 1 } });
  });
});

describe('the end of a session', () => {
  it('is told to the server, and everything that waits is lost', async () => {
    const far = await peer(server(() => {}, { session: 'S-9' }));
    const rig = remote(far.url);
    const connection = await rig.connected();
    const waiting = call(connection, 'never');
    await until('call', () => far.posted('tools/call')[0]);
    await Promise.all([rig.run.end('enough'), rig.run.end('again')]);
    expect(await waiting).toEqual({ kind: 'lost', reason: 'enough' });
    expect(await rig.over()).toBe('enough');
    const deleted = far.seen.filter(({ method }) => method === 'DELETE');
    expect(deleted.map(({ headers }) => headers['mcp-session-id'])).toEqual(['S-9']);
  });

  it.each([
    [
      'HTTP 404',
      404,
      { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } },
    ],
    [
      'an HTTP 400 that misses the session',
      400,
      {
        jsonrpc: '2.0',
        id: null,
        error: { code: -32000, message: 'Bad Request: No valid session ID provided' },
      },
    ],
  ])(
    'comes with %s, and the next run starts without the old session',
    async (_claim, status, body) => {
      const far = await peer(
        server((_seen, response) => sendJson(response, body, status), { session: 'S' }),
      );
      const rig = remote(far.url);
      const connection = await rig.connected();
      expect(await call(connection, 'any')).toMatchObject({ kind: 'unsent' });
      expect(await rig.over()).toMatch(/^the session is over: answered HTTP 40/);
      expect(far.seen.filter(({ method }) => method === 'DELETE')).toEqual([]);
      await connect(far.url);
      expect(far.posted('initialize')[1]?.headers['mcp-session-id']).toBeUndefined();
    },
  );

  it('comes when the server cannot be reached any more, and what was not written is unsent', async () => {
    const far = await peer(server(echo));
    const rig = remote(far.url);
    const connection = await rig.connected();
    await call(connection, 'echo');
    far.server.closeAllConnections();
    await new Promise((resolve) => far.server.close(resolve));
    const deliveries = [];
    for (let n = 0; n < 3; n += 1) deliveries.push(await call(connection, 'echo'));
    expect(deliveries).toMatchObject([{ kind: 'unsent' }, { kind: 'unsent' }, { kind: 'unsent' }]);
    expect(await rig.over()).toMatch(/^cannot be reached: .*ECONNREFUSED/);
  });
});
