import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Lifetime } from '../../../src/core/lifetime.ts';
import { call, responseOf, until, valueIn } from '../rig.ts';
import {
  answerTo,
  event,
  type Handler,
  type Peer,
  peer,
  remote,
  type Seen,
  sendJson,
  toolOf,
} from './rig.ts';

/** A server of HTTP+SSE: POSTs go to `endpoint`, answers come on the stream. */
async function sseServer(
  rest: (seen: Seen, tell: (message: unknown) => void, response: ServerResponse) => void,
  endpoint = '/messages?session=7',
): Promise<Peer & { readonly streams: ServerResponse[] }> {
  const streams: ServerResponse[] = [];
  const tell = (message: unknown): void => void streams.at(-1)?.write(event(message));
  const handler: Handler = (seen, response) => {
    if (seen.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`event: endpoint\ndata: ${endpoint}\n\n`);
      streams.push(response);
      return;
    }
    if (seen.body['method'] === 'initialize') {
      response.writeHead(202).end('Accepted');
      tell(answerTo(seen, { protocolVersion: '2024-11-05', capabilities: { tools: {} } }));
    } else if (seen.body['method'] === 'tools/call') {
      rest(seen, tell, response);
    } else {
      response.writeHead(202).end('Accepted');
    }
  };
  return { ...(await peer(handler, '/sse')), streams };
}

const sse = { spec: { transport: 'sse' } } as const;

describe('a server of HTTP+SSE', () => {
  it('gets messages at the endpoint that it names, and answers on its stream', async () => {
    const far = await sseServer((seen, tell, response) => {
      response.writeHead(202).end('Accepted');
      tell({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'a:b' } });
      tell({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
      tell({ jsonrpc: '2.0', id: 3, method: 'roots/list' });
      tell(answerTo(seen, { content: [] }));
    });
    const rig = remote(far.url, { spec: { ...sse.spec, headers: { 'X-Key': 'k' } } });
    const connection = await rig.connected();
    expect(connection).toMatchObject({ era: 'legacy', capabilities: { tools: {} } });
    expect(valueIn(responseOf(await call(connection, 'any')))).toEqual({ content: [] });
    expect(rig.notifications).toMatchObject([{ params: { uri: 'a:b' } }]);
    expect(rig.changes).toEqual(['tools']);
    rig.requests[0]?.reply({ kind: 'made', result: { roots: [] } });
    const reply = await until('reply', () => far.seen.find(({ body }) => body['id'] === 3));
    expect(reply.body).toEqual({ jsonrpc: '2.0', id: 3, result: { roots: [] } });
    expect(new Set(far.seen.map(({ path }) => path))).toEqual(
      new Set(['/sse', '/messages?session=7']),
    );
    expect(far.seen.every(({ headers }) => headers['x-key'] === 'k')).toBe(true);
    expect(far.seen.map(({ body }) => body['method'])).toEqual([
      undefined,
      'initialize',
      'notifications/initialized',
      'tools/call',
      undefined,
    ]);
  });

  it('hands what it asks to the newest call, and its logs to the only one', async () => {
    const far = await sseServer((seen, tell, response) => {
      response.writeHead(202).end();
      tell({ jsonrpc: '2.0', id: 'q', method: 'elicitation/create' });
      tell({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'log' } });
      tell(answerTo(seen, {}));
      tell({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'later' } });
    });
    const rig = remote(far.url, sse);
    const heard: string[] = [];
    const connection = await rig.connected();
    await connection.send(
      {
        method: 'tools/call',
        fields: { name: 'a' },
        meta: undefined,
        argumentsText: '{}',
        extras: undefined,
      },
      {
        lifetime: new Lifetime(),
        onProgress: undefined,
        related: {
          client: {},
          ask: (_, { method }) => heard.push(method),
          tell: (_, { params }) => heard.push(String(params?.['data'])),
        },
      },
    );
    await until('later log', () => rig.notifications.length > 0);
    expect(heard).toEqual(['elicitation/create', 'log']);
    expect(rig.requests).toEqual([]);
  });

  it.each([
    ['another port', 'http://127.0.0.1:1/messages'],
    ['another host', '//example.test/messages'],
    ['another protocol', 'https://127.0.0.1/messages'],
    ['no URL', 'http://'],
  ])('may not name an endpoint at %s', async (_name, endpoint) => {
    const far = await sseServer(() => {}, endpoint);
    expect(await remote(far.url, sse).over()).toBe(
      'named an endpoint that is not at its own origin',
    );
    expect(far.seen).toHaveLength(1);
  });

  it('has lost everything when its stream ends', async () => {
    const far = await sseServer((_seen, _tell, response) => {
      response.writeHead(202).end();
      far.streams[0]?.end();
    });
    const rig = remote(far.url, sse);
    const reason = 'the server closed the stream of the session';
    expect(await call(await rig.connected(), 'any')).toEqual({ kind: 'lost', reason });
    expect(await rig.over()).toBe(reason);
  });

  it('gets cancellations as notifications, and may refuse a call', async () => {
    const far = await sseServer((seen, _tell, response) => {
      if (toolOf(seen) === 'no') response.writeHead(500).end('broken');
      else if (toolOf(seen) === 'error')
        sendJson(
          response,
          { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'bad' } },
          400,
        );
      else response.writeHead(202).end();
    });
    const rig = remote(far.url, { ...sse, limits: { lateAnswerMs: 30 } });
    const connection = await rig.connected();
    expect(await call(connection, 'no')).toEqual({
      kind: 'lost',
      reason: 'answered HTTP 500: broken',
    });
    expect(responseOf(await call(connection, 'error')).kind).toBe('error');
    const lifetime = new Lifetime();
    const delivery = call(connection, 'never', {}, { lifetime });
    await until('call', () => far.posted('tools/call')[2]);
    lifetime.end('gone');
    expect(await delivery).toMatchObject({ kind: 'lost' });
    expect(far.posted('notifications/cancelled')).toHaveLength(1);
  });

  it('names its endpoint in time, or the run ends', async () => {
    const far = await peer((_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': hi\n\n');
    });
    const options = { spec: { ...sse.spec, initTimeoutMs: 50 } };
    expect(await remote(far.url, options).over()).toBe('named no endpoint within 50 ms');
  });

  it('is never modern, and has to have a stream', async () => {
    const far = await peer((_seen, response) => sendJson(response, {}));
    expect(await remote(far.url, { spec: { ...sse.spec, protocol: 'modern' } }).over()).toContain(
      'HTTP+SSE',
    );
    expect(far.seen).toEqual([]);
    expect(await remote(far.url, sse).over()).toBe('answered without a stream of events');
  });
});
