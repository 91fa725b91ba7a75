import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Era } from '../../../src/wire/eras.ts';
import { call, responseOf, valueIn } from '../rig.ts';
import {
  answerTo,
  connect,
  errorTo,
  event,
  type Handler,
  legacy,
  modern,
  openEvents,
  peer,
  refuse,
  remote,
  sendJson,
  sendText,
} from './rig.ts';

const legacyOnly = legacy(refuse);
const modernOnly = modern((seen, response) =>
  sendJson(response, errorTo(seen, -32602, 'no protocol version'), 400),
);

/** Speaks both eras. */
const dual: Handler = (seen, response) =>
  seen.body['method'] === 'server/discover'
    ? modernOnly(seen, response)
    : legacyOnly(seen, response);

describe('what a server speaks', () => {
  const table: readonly [
    claim: string,
    client: Era,
    server: Handler,
    era: Era,
    asked: readonly string[],
    verdict: Era | undefined,
  ][] = [
    [
      'is what a legacy client does, if it can',
      'legacy',
      dual,
      'legacy',
      ['initialize'],
      undefined,
    ],
    [
      'is what a modern client does, if it can',
      'modern',
      dual,
      'modern',
      ['server/discover'],
      'modern',
    ],
    [
      'may be the legacy era alone',
      'modern',
      legacyOnly,
      'legacy',
      ['server/discover', 'initialize'],
      'legacy',
    ],
    [
      'may be the modern era alone',
      'legacy',
      modernOnly,
      'modern',
      ['initialize', 'server/discover'],
      'modern',
    ],
  ];
  it.each(table)('%s', async (_claim, client, server, era, asked, verdict) => {
    const far = await peer(server);
    const rig = remote(far.url, { era: client });
    expect((await rig.connected()).era).toBe(era);
    const methods = far.seen.map(({ body }) => body['method']);
    expect(
      methods.filter((method) => method === 'initialize' || method === 'server/discover'),
    ).toEqual(asked);
    expect(rig.verdicts.get('far')).toBe(verdict);
  });

  it.each([
    ['legacy', modernOnly],
    ['modern', legacyOnly],
  ] as const)('is not asked when the config says "%s"', async (protocol, server) => {
    const far = await peer(server);
    const rig = remote(far.url, { spec: { protocol }, era: 'modern' });
    await rig.over();
    expect(far.seen).toHaveLength(1);
  });

  it('is not asked again when it is known', async () => {
    const far = await peer(dual);
    const verdicts = new Map<string, Era>([['far', 'modern']]);
    expect((await remote(far.url, { era: 'legacy', verdicts }).connected()).era).toBe('modern');
    expect(far.posted('initialize')).toEqual([]);
  });

  it('is asked anew when what was known does not hold any more', async () => {
    const far = await peer(legacyOnly);
    const verdicts = new Map<string, Era>([['far', 'modern']]);
    expect((await remote(far.url, { era: 'modern', verdicts }).connected()).era).toBe('legacy');
    expect(verdicts.get('far')).toBe('legacy');
  });

  it.each([
    ['an empty HTTP 400', (response) => void response.writeHead(400).end()],
    ['an HTTP 404 without words', (response) => void response.writeHead(404).end()],
    ['an HTTP 405', (response) => void response.writeHead(405).end()],
    ['words', (response) => sendText(response, 'Bad Request: Server not initialized', 400)],
    [
      'an error that every era has',
      (response, seen) => sendJson(response, errorTo(seen, -32601, 'Method not found')),
    ],
    [
      'an error of its own',
      (response) =>
        sendJson(
          response,
          { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'Bad Request' } },
          400,
        ),
    ],
    ['a result that is no discovery', (response, seen) => sendJson(response, answerTo(seen, {}))],
    [
      'legacy versions only',
      (response, seen) =>
        sendJson(
          response,
          errorTo(seen, -32022, 'Unsupported', { supported: ['2025-11-25'] }),
          400,
        ),
    ],
  ] as readonly [
    string,
    (response: Parameters<Handler>[1], seen: Parameters<Handler>[0]) => void,
  ][])('is the legacy era after %s', async (_name, refusal) => {
    const far = await peer((seen, response) => {
      if (seen.body['method'] === 'server/discover') refusal(response, seen);
      else return legacyOnly(seen, response);
    });
    expect((await remote(far.url, { era: 'modern' }).connected()).era).toBe('legacy');
  });

  it.each([
    ['HTTP 401 says nothing of it', 401, undefined, /wants a person's authorization/],
    ['HTTP 403 says nothing of it', 403, undefined, /answered HTTP 403/],
    ['HTTP 500 says nothing of it', 500, undefined, /answered HTTP 500/],
    ['HTTP 503 with an error says nothing of it', 503, -32603, /answered with an error/],
    ['HTTP 429 says nothing of it', 429, undefined, /answered HTTP 429/],
    [
      'an error of the modern era is no reason to try the other',
      400,
      -32020,
      /answered with an error: said/,
    ],
    ['a missing capability is no reason either', 400, -32021, /answered with an error: said/],
    [
      'versions that nobody knows are none either',
      400,
      -32022,
      /none of the known versions of MCP: 2099-01-01/,
    ],
  ])('%s', async (_claim, status, code, reason) => {
    const far = await peer((seen, response) => {
      const data = { supported: ['2099-01-01'] };
      if (code === undefined) sendText(response, '', status);
      else sendJson(response, errorTo(seen, code, 'said', data), status);
    });
    const rig = remote(far.url, { era: 'modern' });
    expect(await rig.over()).toMatch(reason);
    expect(far.posted('initialize')).toEqual([]);
    expect(rig.verdicts.size).toBe(0);
  });

  it('is the modern era when a version is refused once that the server names itself', async () => {
    let refusals = 1;
    const far = await peer((seen, response) => {
      if (refusals > 0) {
        refusals -= 1;
        sendJson(
          response,
          errorTo(seen, -32022, 'Unsupported', { supported: ['2026-07-28'] }),
          400,
        );
      } else {
        return modernOnly(seen, response);
      }
    });
    expect((await remote(far.url, { era: 'modern' }).connected()).era).toBe('modern');
    expect(far.posted('server/discover')).toHaveLength(2);
  });

  it.each(['legacy', 'modern'] as const)(
    'may be HTTP+SSE: a %s client is told what to set',
    async (era) => {
      const far = await peer((_seen, response) => void response.writeHead(405).end());
      const verdicts = new Map<string, Era>([['far', era]]);
      const reason = await remote(far.url, { era, verdicts }).over();
      expect(verdicts.size).toBe(0);
      expect(reason).toContain('answered HTTP 405');
      expect(reason).toContain('set its "type" to "sse"');
    },
  );

  it('is found out in time, or the run ends', async () => {
    const far = await peer(() => {});
    const reason = await remote(far.url, { spec: { initTimeoutMs: 50 } }).over();
    expect(reason).toBe('did not answer "initialize" within 50 ms');
  });

  it('may be said in a stream of events', async () => {
    const far = await peer((seen, response) => {
      if (seen.body['method'] !== 'initialize') return legacyOnly(seen, response);
      openEvents(response, { 'mcp-session-id': 'S' });
      response.write(event({ jsonrpc: '2.0', method: 'notifications/message', params: {} }));
      const result = { protocolVersion: '2025-03-26', capabilities: { tools: {} } };
      response.end(event(answerTo(seen, result)));
    });
    const connection = await connect(far.url);
    expect(connection.capabilities).toEqual({ tools: {} });
    expect(far.posted('notifications/initialized')[0]?.headers).toMatchObject({
      'mcp-session-id': 'S',
      'mcp-protocol-version': '2025-03-26',
    });
  });

  it.each([
    [
      'a version that nobody knows',
      { protocolVersion: '2099-01-01' },
      {},
      /unknown protocol version "2099-01-01"/,
    ],
    [
      'a session id that cannot be sent back',
      { protocolVersion: '2025-11-25' },
      { 'mcp-session-id': 'a b' },
      /session id/,
    ],
  ])('ends the run with %s', async (_name, result, headers, reason) => {
    const far = await peer((seen, response) =>
      sendJson(response, answerTo(seen, result), 200, headers),
    );
    expect(await remote(far.url, { spec: { protocol: 'legacy' } }).over()).toMatch(reason);
  });
});

describe('a server of the SDK', () => {
  /** Serves both eras, each request on its own. */
  async function sdkServer(): Promise<string> {
    const handler = createMcpHandler(() => {
      const server = new McpServer(
        { name: 'sdk', version: '1' },
        { capabilities: { tools: { listChanged: true } } },
      );
      server.registerTool('hello', { description: 'says hello' }, () => ({
        content: [{ type: 'text', text: 'hello' }],
      }));
      return server;
    });
    const far = await peer(async (seen, response) => {
      const headers = Object.entries(seen.headers).map(([name, value]) => [name, String(value)]);
      const { method } = seen;
      const body = method === 'POST' ? JSON.stringify(seen.body) : null;
      const answer = await handler.fetch(
        new Request(far.url, { method, headers: Object.fromEntries(headers), body }),
      );
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      for await (const chunk of answer.body ?? []) response.write(chunk);
      response.end();
    });
    onTestFinished(() => handler.close());
    return far.url;
  }

  it.each(['legacy', 'modern'] as const)('speaks with a %s client in its era', async (era) => {
    const rig = remote(await sdkServer(), { era });
    const connection = await rig.connected();
    expect(connection.era).toBe(era);
    const result = valueIn(responseOf(await call(connection, 'hello')));
    expect(result).toMatchObject({ content: [{ type: 'text', text: 'hello' }] });
  });
});
