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
  openSession,
  openStream,
  send,
} from './rig.ts';

const cancelled = (requestId: number) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});

const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };

/** The outlet of the session that was opened last. */
function outletOf({ host }: Face) {
  const session = host.sessions.at(-1);
  if (session === undefined) throw new Error('no session');
  return session.client.outlet;
}

it('initialize is answered at once, with a session id of 256 random bits', async () => {
  const face = await openFace();
  const got = await ask(face, { body: initialize() });
  expect(got.status).toBe(200);
  expect(got.headers['content-type']).toBe('application/json');
  expect(got.headers['mcp-session-id']).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(got.json).toMatchObject({
    id: 0,
    result: {
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'mcp-gate', version: '1.2.3' },
      instructions: 'be careful',
    },
  });
  expect(face.host.sessions[0]?.client).toMatchObject({
    hello: { era: 'legacy', protocolVersion: '2025-11-25' },
    identity: { scope: 'anybody' },
    alone: false,
  });
});

it('a session id that the client brings along is not taken over', async () => {
  const face = await openFace();
  const fixed = 'A'.repeat(43);
  const got = await ask(face, { headers: { 'mcp-session-id': fixed }, body: initialize() });
  expect(got.headers['mcp-session-id']).not.toBe(fixed);
  const headers = { 'mcp-session-id': fixed };
  expect((await ask(face, { headers, body: call(1, 'echo') })).status).toBe(404);
});

it('a request of a session reaches it and is answered as one json object', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const got = await ask(face, { headers, body: call('a', 'echo') });
  expect(got).toMatchObject({ status: 200, json: { id: 'a', result: { method: 'tools/call' } } });
  expect(got.headers['content-type']).toBe('application/json');
});

const wrong: readonly (readonly [
  claim: string,
  headers: Record<string, string>,
  status: number,
])[] = [
  ['without a session id', {}, 400],
  ['with the id of no session', { 'mcp-session-id': 'none' }, 404],
];
it.each(wrong)('nothing reaches a session %s', async (_claim, headers, status) => {
  const face = await openFace();
  await openSession(face);
  const bodies = [call(1, 'echo'), initialized, { jsonrpc: '2.0', id: 1, result: {} }];
  for (const body of bodies) expect((await ask(face, { headers, body })).status).toBe(status);
  const expected = status === 400 ? 405 : status;
  expect((await ask(face, { method: 'GET', headers })).status).toBe(expected);
  expect((await ask(face, { method: 'DELETE', headers })).status).toBe(expected);
  expect(face.host.sessions[0]?.told).toEqual([]);
});

it('a session is there for the caller who opened it alone', async () => {
  const face = await openFace({ authenticate: bearers });
  const { 'mcp-session-id': id } = await openSession(face, { authorization: 'Bearer alice' });
  const headers = { 'mcp-session-id': id, authorization: 'Bearer mallory' };
  expect((await ask(face, { headers, body: call(1, 'echo') })).status).toBe(404);
  expect((await ask(face, { headers, body: cancelled(1) })).status).toBe(404);
  expect((await ask(face, { method: 'GET', headers })).status).toBe(404);
  expect((await ask(face, { method: 'DELETE', headers })).status).toBe(404);
  expect(face.host.sessions[0]?.told).toEqual([]);
  expect(face.host.sessions[0]?.open).toBe(true);
});

it('DELETE ends a session, and its requests without an answer', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const waiting = ask(face, { headers, body: call(1, 'hold') });
  await until('the call', () => face.host.held.length === 1);
  expect((await ask(face, { method: 'DELETE', headers })).status).toBe(204);
  expect(face.host.sessions[0]?.open).toBe(false);
  expect((await waiting).events).toEqual([]);
  expect((await ask(face, { headers, body: call(2, 'echo') })).status).toBe(404);
});

it('a session that nobody uses ends after its time, one with a stream does not', async () => {
  const face = await openFace({ limits: { sessionIdleMs: 1000, pulseMs: 10 } });
  const idle = await openSession(face);
  const used = await openSession(face);
  await openStream(face, { method: 'GET', headers: used });
  face.clock.now += 1001;
  await until('the end of the session', () => face.host.sessions[0]?.open === false);
  expect((await ask(face, { headers: idle, body: call(1, 'echo') })).status).toBe(404);
  expect((await ask(face, { headers: used, body: call(1, 'echo') })).status).toBe(200);
});

it('there are only so many sessions, of everybody and of one caller', async () => {
  const limits = { sessions: 3, sessionsPerCaller: 2 };
  const face = await openFace({ authenticate: bearers, limits });
  const as = (name: string) => ({ authorization: `Bearer ${name}` });
  const [first] = [await openSession(face, as('alice')), await openSession(face, as('alice'))];
  const third = await ask(face, { headers: as('alice'), body: initialize() });
  expect([third.status, third.headers['retry-after']]).toEqual([429, '60']);
  await openSession(face, as('bob'));
  expect((await ask(face, { headers: as('bob'), body: initialize() })).status).toBe(503);
  await ask(face, { method: 'DELETE', headers: first ?? {} });
  await openSession(face, as('alice'));
  expect(face.host.sessions).toHaveLength(4);
});

it.each([
  ['2025-06-18', 200],
  ['2024-10-07', 200],
  ['1900-01-01', 400],
  ['2026-07-28', 400],
  ['', 400],
])('a legacy request whose header says "%s" gets %d', async (version, status) => {
  const face = await openFace();
  const headers = { ...(await openSession(face)), 'mcp-protocol-version': version };
  expect((await ask(face, { headers, body: call(1, 'echo') })).status).toBe(status);
});

it('what is told before the answer makes it a stream', async () => {
  const face = await openFace();
  const headers = await openSession(face, {}, '2025-06-18');
  const got = await ask(face, { headers, body: call(1, 'tell') });
  expect(got.headers['content-type']).toBe('text/event-stream');
  expect(got.headers['x-accel-buffering']).toBe('no');
  expect(got.events).toMatchObject([
    { id: '1-1', type: 'message', data: { method: 'notifications/message' } },
    { id: '1-2', type: 'message', data: { id: 1, result: { method: 'tools/call' } } },
  ]);
});

it('a client of 2025-11-25 gets an event without data first, to resume from', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const { events, text } = await ask(face, { headers, body: call(1, 'tell') });
  expect(events.map(({ id }) => id)).toEqual(['1-0', '1-1', '1-2']);
  expect(text).toMatch(/^id: 1-0\nretry: 1000\ndata: \n\n/);
});

it('notifications and answers of the client are taken with 202', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const answer = { jsonrpc: '2.0', id: 7, result: {} };
  for (const body of [initialized, answer]) {
    const got = await ask(face, { headers, body });
    expect([got.status, got.text]).toEqual([202, '']);
  }
  expect(face.host.sessions[0]?.told.map(({ kind }) => kind)).toEqual(['notification', 'response']);
});

it('an answer of the client that cannot be read is told to whoever waits for it', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const body = '{"jsonrpc":"2.0","id":7,"result":{},"error":{}}';
  expect((await ask(face, { headers, body })).status).toBe(400);
  expect(face.host.sessions[0]?.told).toMatchObject([{ kind: 'invalid', answers: 7 }]);
});

it('two requests with one id at the same time: the second is refused', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const first = ask(face, { headers, body: call(1, 'hold') });
  await until('the call', () => face.host.held.length === 1);
  const second = await ask(face, { headers, body: call(1, 'echo') });
  expect(second).toMatchObject({ status: 400, json: { id: 1, error: { code: -32600 } } });
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: { late: true } });
  expect((await first).json).toMatchObject({ id: 1, result: { late: true } });
});

it('a cancelled request ends without an answer', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const quiet = ask(face, { headers, body: call(1, 'hold') });
  const streamed = ask(face, { headers, body: call(2, 'hold') });
  await until('the calls', () => face.host.held.length === 2);
  const second = face.host.held.find(({ request }) => request.id === 2);
  second?.outlet.notify(note('notifications/progress'));
  for (const id of [1, 2]) await ask(face, { headers, body: cancelled(id) });
  expect((await quiet).events).toEqual([]);
  expect((await streamed).events.map(({ data }) => data)).toMatchObject([
    '',
    { method: 'notifications/progress' },
  ]);
  expect(face.host.sessions[0]?.told.filter(({ kind }) => kind === 'notification')).toHaveLength(2);
});

it('a connection that breaks cancels nothing', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const req = send(face, { headers, body: call(1, 'hold') });
  req.on('error', () => {});
  await until('the call', () => face.host.held.length === 1);
  req.destroy();
  const other = await ask(face, { headers, body: call(2, 'echo') });
  expect(other.status).toBe(200);
  const held = face.host.held[0];
  held?.outlet.notify(note('notifications/progress'));
  held?.outlet.reply(1, { kind: 'made', result: {} });
  expect(face.host.sessions[0]?.told.map(({ kind }) => kind)).toEqual(['request', 'request']);
  expect(face.host.gone).toEqual([]);
  // The id is free again.
  expect((await ask(face, { headers, body: call(1, 'echo') })).status).toBe(200);
});

it('what belongs to no request comes over the GET stream', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const stream = await openStream(face, { method: 'GET', headers });
  expect(stream.res.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
  });
  outletOf(face).notify(note('notifications/message'));
  outletOf(face).request('{"jsonrpc":"2.0","id":5,"method":"roots/list"}');
  await until('the events', () => stream.events.length === 3);
  expect(stream.events.slice(1)).toMatchObject([
    { id: '0-1', data: { method: 'notifications/message' } },
    { id: '0-2', data: { id: 5, method: 'roots/list' } },
  ]);
});

it('a session has one GET stream; the next is refused while it is open', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const first = await openStream(face, { method: 'GET', headers });
  expect((await ask(face, { method: 'GET', headers })).status).toBe(409);
  first.req.destroy();
  await until('a place for another', async () => {
    const next = await openStream(face, { method: 'GET', headers });
    return next.res.statusCode === 200;
  });
});

it('until there is a GET stream, questions wait, a changed list is told once, other news is dropped', async () => {
  const face = await openFace();
  const headers = await openSession(face, {}, '2025-06-18');
  const outlet = outletOf(face);
  outlet.request('{"jsonrpc":"2.0","id":5,"method":"roots/list"}');
  for (let at = 0; at < 3; at += 1) {
    outlet.notify({ ...note('notifications/tools/list_changed'), params: undefined });
    outlet.notify(note('notifications/message'));
  }
  outlet.notify(note('notifications/cancelled', { requestId: 5 }));
  const stream = await openStream(face, { method: 'GET', headers });
  await until('the events', () => stream.events.length === 3);
  expect(stream.events.map(({ data }) => data)).toMatchObject([
    { method: 'roots/list' },
    { method: 'notifications/cancelled' },
    { method: 'notifications/tools/list_changed' },
  ]);
});

it('no more questions wait than fit', async () => {
  const face = await openFace();
  const headers = await openSession(face, {}, '2025-06-18');
  for (let id = 0; id < 100; id += 1) {
    outletOf(face).request(`{"jsonrpc":"2.0","id":${id},"method":"roots/list"}`);
  }
  const stream = await openStream(face, { method: 'GET', headers });
  await until('the events', () => stream.events.length >= 64);
  outletOf(face).request('{"jsonrpc":"2.0","id":"last","method":"roots/list"}');
  await until('the last', () => stream.text.includes('last'));
  expect(stream.events).toHaveLength(65);
});

it('a quiet stream gets comments, and a call that takes long becomes one', async () => {
  const face = await openFace({ limits: { pulseMs: 20 } });
  const headers = await openSession(face);
  const get = await openStream(face, { method: 'GET', headers });
  const waiting = openStream(face, { headers, body: call(1, 'hold') });
  const stream = await waiting;
  await until('comments', () =>
    [get, stream].every(({ text }) => text.includes(': keep-alive\n\n')),
  );
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: { late: true } });
  await until('the answer', () => stream.isOver);
  expect(stream.events.at(-1)?.data).toMatchObject({ id: 1, result: { late: true } });
});

it.each([
  ['text/html', 415],
  ['application/jsonp', 415],
  ['application/json; charset=utf-8', 200],
  ['application/json', 200],
])('a body of type %s gets %d', async (type, status) => {
  const face = await openFace();
  const headers = { ...(await openSession(face)), 'content-type': type };
  expect((await ask(face, { headers, body: call(1, 'echo') })).status).toBe(status);
});

it.each([
  ['application/json', 406],
  ['text/event-stream', 406],
  ['text/event-stream, application/json', 200],
  ['*/*', 200],
])('a client that accepts %s gets %d', async (accept, status) => {
  const face = await openFace();
  const headers = { ...(await openSession(face)), accept };
  expect((await ask(face, { headers, body: call(1, 'echo') })).status).toBe(status);
});

it.each([
  ['nothing', '', -32700],
  ['half a message', '{"jsonrpc":"2.0",', -32700],
  ['a list', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600],
  ['a key twice', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}', -32600],
])('%s is no message', async (_claim, body, code) => {
  const face = await openFace();
  const headers = await openSession(face);
  const got = await ask(face, { headers, body });
  expect(got).toMatchObject({ status: 400, json: { error: { code } } });
  expect(face.host.sessions[0]?.told).toEqual([]);
});

it('no room is HTTP 503 and a time to come again, unless a stream has begun', async () => {
  const face = await openFace();
  const headers = await openSession(face);
  const got = await ask(face, { headers, body: call(1, 'full') });
  expect([got.status, got.headers['retry-after']]).toEqual([503, '7']);
  expect(got.json).toMatchObject({ id: 1, error: { code: 4503 } });
  const told = await ask(face, { headers, body: call(2, 'full', { told: true }) });
  expect([told.status, told.headers['retry-after']]).toEqual([200, undefined]);
  expect(told.events.at(-1)?.data).toMatchObject({ id: 2, error: { code: 4503 } });
  expect((await ask(face, { headers, body: call(3, 'echo') })).status).toBe(200);
});
