import { readFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import {
  Client as Client2,
  StreamableHTTPClientTransport as Http2,
} from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as Http1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../../harness/until.ts';
import { type Face, note, openFace } from './rig.ts';

const listChanged = { ...note('notifications/tools/list_changed'), params: undefined };
const me = { name: 'test', version: '1' };

const ways: readonly (readonly [claim: string, transport: (face: Face) => Transport])[] = [
  ['Streamable HTTP', ({ url }) => new Http1(new URL(url))],
  ['HTTP+SSE', ({ origin }) => new SSEClientTransport(new URL(`${origin}/sse`))],
];

describe.each(ways)("the SDK's first client over %s", (_claim, transport) => {
  it('connects, lists, calls, hears of changes, and ends its session', async () => {
    const face = await openFace({ limits: { pulseMs: 20 } });
    const client = new Client1(me, { capabilities: {} });
    onTestFinished(() => client.close());
    let changes = 0;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      changes += 1;
    });
    const way = transport(face);
    await client.connect(way);
    expect(client.getServerVersion()?.version).toBe('1.2.3');
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo']);
    for (const name of ['echo', 'tell']) {
      expect(await client.callTool({ name })).toMatchObject({ content: [{ text: 'echoed' }] });
    }
    face.host.sessions[0]?.client.outlet.notify(listChanged);
    await until('the news', () => changes === 1);
    if (way instanceof Http1) await way.terminateSession();
    await client.close();
    await until('the end of the session', () => face.host.sessions[0]?.open === false);
  });

  it('cancels a call', async () => {
    const face = await openFace();
    const client = new Client1(me, { capabilities: {} });
    onTestFinished(() => client.close());
    await client.connect(transport(face));
    const abort = new AbortController();
    const { signal } = abort;
    const call = client.callTool({ name: 'hold' }, undefined, { signal });
    const failed = expect(call).rejects.toThrow();
    await until('the call', () => face.host.held.length === 1);
    abort.abort();
    await failed;
    const cancelled = { kind: 'notification', method: 'notifications/cancelled' };
    await until('the cancellation', () => face.host.sessions[0]?.told.length === 3);
    expect(face.host.sessions[0]?.told.at(-1)).toMatchObject(cancelled);
  });
});

it("the SDK's first client takes up a stream that broke", async () => {
  const face = await openFace();
  const client = new Client1(me, { capabilities: {} });
  onTestFinished(() => client.close());
  // The first stream that is not the GET stream breaks after its first event.
  let broke = false;
  const fetching: typeof fetch = async (url, init) => {
    const response = await fetch(url, init);
    const isStream = response.headers.get('content-type') === 'text/event-stream';
    if (!isStream || init?.method !== 'POST' || broke) return response;
    broke = true;
    const reader = response.body?.getReader();
    const first = await reader?.read();
    await reader?.cancel();
    return new Response(first?.value, response);
  };
  await client.connect(new Http1(new URL(face.url), { fetch: fetching }));
  const call = client.callTool({ name: 'hold' });
  await until('the call', () => face.host.held.length === 1);
  face.host.held[0]?.outlet.notify(note('notifications/progress'));
  await until('the break', () => broke);
  face.host.held[0]?.outlet.reply(face.host.held[0].request.id, {
    kind: 'made',
    result: { content: [{ type: 'text', text: 'late' }] },
  });
  expect(await call).toMatchObject({ content: [{ text: 'late' }] });
});

describe.each([
  ['legacy', 'legacy', 1],
  ['modern', { pin: '2026-07-28' }, 0],
  ['auto', 'auto', 0],
] as const)("the SDK's second client, %s", (_claim, mode, sessions) => {
  it('connects, lists, calls and cancels', async () => {
    const face = await openFace();
    const client = new Client2(me, { capabilities: {}, versionNegotiation: { mode } });
    onTestFinished(() => client.close());
    await client.connect(new Http2(new URL(face.url)));
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo']);
    for (const name of ['echo', 'tell']) {
      expect(await client.callTool({ name })).toMatchObject({ content: [{ text: 'echoed' }] });
    }
    const abort = new AbortController();
    const call = client.callTool({ name: 'hold' }, { signal: abort.signal });
    const failed = expect(call).rejects.toThrow();
    await until('the call', () => face.host.held.some(isHeld));
    abort.abort();
    await failed;
    const held = face.host.held.find(isHeld);
    await until('the cancellation', () => wasCancelled(face, held));
    expect(face.host.sessions).toHaveLength(sessions);
  });
});

function isHeld({ request }: Face['host']['held'][number]): boolean {
  return request.method === 'tools/call';
}

function wasCancelled({ host }: Face, held: Face['host']['held'][number] | undefined): boolean {
  const told = host.sessions[0]?.told.at(-1);
  return (
    host.gone.some((outlet) => outlet === held?.outlet) ||
    (told?.kind === 'notification' && told.method === 'notifications/cancelled')
  );
}

it('speaks TLS with the certificate that it is given', async () => {
  const pem = readFileSync(path.join(import.meta.dirname, 'loopback.pem'), 'utf8');
  const face = await openFace({ settings: { tls: { cert: pem, key: pem } } });
  expect(face.url).toBe(`https://127.0.0.1:${face.port}/mcp`);
  const status = await new Promise((resolve, reject) => {
    const options = { ca: pem, port: face.port, host: '127.0.0.1', path: '/readyz', agent: false };
    https.get(options, (res) => resolve(res.resume().statusCode)).on('error', reject);
  });
  expect(status).toBe(200);
});
