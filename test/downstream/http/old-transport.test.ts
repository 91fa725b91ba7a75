import { expect, it } from 'vitest';
import { until } from '../../harness/until.ts';
import {
  ask,
  bearers,
  call,
  type Face,
  initialize,
  note,
  openFace,
  openStream,
  type Stream,
} from './rig.ts';

async function open(face: Face, headers = {}): Promise<{ stream: Stream; path: string }> {
  const stream = await openStream(face, { method: 'GET', path: '/sse', headers });
  await until('the endpoint', () => stream.events.length > 0);
  return { stream, path: String(stream.events[0]?.data) };
}

it('HTTP+SSE: the stream names the endpoint first, and carries every answer', async () => {
  const face = await openFace();
  const { stream, path } = await open(face);
  expect(stream.events[0]).toMatchObject({ type: 'endpoint' });
  expect(path).toMatch(/^\/messages\?sessionId=[A-Za-z0-9_-]{43}$/);
  const accept = { accept: 'application/json' };
  for (const body of [initialize('2024-11-05'), call(1, 'tell')]) {
    const got = await ask(face, { path, headers: accept, body });
    expect([got.status, got.text]).toEqual([202, '']);
  }
  face.host.sessions[0]?.client.outlet.request('{"jsonrpc":"2.0","id":5,"method":"roots/list"}');
  await until('the answers', () => stream.events.length === 5);
  expect(stream.events.slice(1).map(({ data }) => data)).toMatchObject([
    { id: 0, result: { protocolVersion: '2024-11-05' } },
    { method: 'notifications/message' },
    { id: 1, result: { method: 'tools/call' } },
    { id: 5, method: 'roots/list' },
  ]);
  expect(face.host.sessions[0]?.client.hello.protocolVersion).toBe('2024-11-05');
});

it('initialize comes first, but for ping', async () => {
  const face = await openFace();
  const { stream, path } = await open(face);
  await ask(face, { path, body: { jsonrpc: '2.0', id: 1, method: 'ping' } });
  await ask(face, { path, body: call(2, 'echo') });
  await until('the answers', () => stream.events.length === 3);
  expect(stream.events.slice(1).map(({ data }) => data)).toMatchObject([
    { id: 1, result: {} },
    { id: 2, error: { code: -32600 } },
  ]);
  expect(face.host.sessions).toEqual([]);
});

it('the session ends with its stream', async () => {
  const face = await openFace();
  const { stream, path } = await open(face);
  await ask(face, { path, body: initialize() });
  await ask(face, { path, body: call(1, 'hold') });
  stream.req.destroy();
  await until('the end', () => face.host.sessions[0]?.open === false);
  expect((await ask(face, { path, body: call(2, 'echo') })).status).toBe(404);
  face.host.held[0]?.outlet.notify(note('notifications/progress'));
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: {} });
});

it('a session is there for the caller who opened it alone', async () => {
  const face = await openFace({ authenticate: bearers });
  const { path } = await open(face, { authorization: 'Bearer alice' });
  const headers = { authorization: 'Bearer mallory' };
  expect((await ask(face, { path, headers, body: initialize() })).status).toBe(404);
  expect((await ask(face, { path, body: initialize() })).status).toBe(401);
  expect(face.host.sessions).toEqual([]);
});

it.each([
  ['/messages', 400],
  ['/messages?sessionId=', 404],
  ['/messages?sessionId=none', 404],
])('%s gets %d', async (path, status) => {
  const face = await openFace();
  expect((await ask(face, { path, body: initialize() })).status).toBe(status);
});

it('a session of one transport is not known in the other', async () => {
  const face = await openFace();
  const { path } = await open(face);
  const id = path.split('=')[1] ?? '';
  const headers = { 'mcp-session-id': id };
  expect((await ask(face, { headers, body: call(1, 'echo') })).status).toBe(404);
});

it('what cannot be read, and an id that is in use, are refused where they come in', async () => {
  const face = await openFace();
  const { path } = await open(face);
  await ask(face, { path, body: initialize() });
  expect((await ask(face, { path, body: '{' })).status).toBe(400);
  const headers = { 'content-type': 'text/plain' };
  expect((await ask(face, { path, headers, body: call(1, 'echo') })).status).toBe(415);
  await ask(face, { path, body: call(1, 'hold') });
  expect((await ask(face, { path, body: call(1, 'echo') })).status).toBe(400);
});

it('a call counts until it is answered, cancelled, or its session is over', async () => {
  const face = await openFace({ limits: { requestsPerCaller: 1 } });
  const { stream, path } = await open(face);
  await ask(face, { path, body: initialize() });
  const hold = (id: number) => ask(face, { path, body: call(id, 'hold') });
  expect([(await hold(1)).status, (await hold(2)).status]).toEqual([202, 429]);
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: {} });
  expect([(await hold(3)).status, (await hold(4)).status]).toEqual([202, 429]);
  const params = { requestId: 3 };
  await ask(face, { path, body: { jsonrpc: '2.0', method: 'notifications/cancelled', params } });
  expect([(await hold(5)).status, (await hold(6)).status]).toEqual([202, 429]);
  stream.req.destroy();
  await until('the end', () => face.host.sessions[0]?.open === false);
  const next = await open(face);
  expect((await ask(face, { path: next.path, body: initialize() })).status).toBe(202);
});

it('is not there unless it is wanted', async () => {
  const face = await openFace({ settings: { sse: false } });
  expect((await ask(face, { method: 'GET', path: '/sse' })).status).toBe(404);
  expect((await ask(face, { path: '/messages?sessionId=x', body: initialize() })).status).toBe(404);
});
