import { expect, it } from 'vitest';
import type { Authenticate } from '../../../src/downstream/http/contract.ts';
import { door, keyServer, nowMs, signer } from '../../facts/bearer-rig.ts';
import { until } from '../../harness/until.ts';
import {
  ask,
  call,
  type Face,
  identityOf,
  initialize,
  modern,
  note,
  openFace,
  openSession,
  openStream,
} from './rig.ts';

/** `Bearer alice-2000`: alice, until then; without a time for good. */
const untilThen: Authenticate = (header) => {
  const [, name = '', time] = /^Bearer ([a-z]+)(?:-(\d+))?$/.exec(header ?? '') ?? [];
  const identity = identityOf(name);
  return { kind: 'known', identity, ...(time !== undefined && { expiresMs: Number(time) }) };
};

const endMs = 1_002_000;
const bearer = (time: number | '' = endMs) => ({
  authorization: `Bearer alice${time === '' ? '' : `-${time}`}`,
});

/** Comments come often, so that a quiet stream ends soon. */
const open = (pulseMs = 20) => openFace({ authenticate: untilThen, limits: { pulseMs } });
/** No pulse comes: what ends a stream then is what would have been delivered. */
const openQuiet = () => open(600_000);

const getStream = (face: Face, headers: Record<string, string>) =>
  openStream(face, { method: 'GET', headers: { ...headers, accept: 'text/event-stream' } });

const outletOf = ({ host }: Face) => {
  const session = host.sessions.at(-1);
  if (session === undefined) throw new Error('no session');
  return session.client.outlet;
};

it('a GET stream ends when the token runs out, and news waits for the next one', async () => {
  const face = await open();
  const session = await openSession(face, bearer());
  const stream = await getStream(face, session);
  await until('the stream', () => stream.events.length > 0);
  face.clock.now = endMs;
  await until('the end', () => stream.isOver);
  outletOf(face).notify(note('notifications/tools/list_changed'));
  const renewed = { ...session, ...bearer(endMs + 1000) };
  const next = await getStream(face, renewed);
  await until('the news', () => next.text.includes('tools/list_changed'));
  expect(stream.text).not.toContain('tools/list_changed');
});

it('nothing is delivered to a GET stream from the end of its token on, pulse or no pulse', async () => {
  const face = await openQuiet();
  const session = await openSession(face, bearer());
  const stream = await getStream(face, session);
  outletOf(face).notify(note('notifications/message', { at: 'before' }));
  await until('news', () => stream.text.includes('before'));
  face.clock.now = endMs - 1;
  outletOf(face).notify(note('notifications/message', { at: 'the last moment' }));
  await until('news', () => stream.text.includes('the last moment'));
  face.clock.now = endMs;
  outletOf(face).notify(note('notifications/message', { at: 'after' }));
  outletOf(face).request('{"jsonrpc":"2.0","id":7,"method":"roots/list"}');
  const next = await getStream(face, { ...session, ...bearer('') });
  await until('the question', () => next.text.includes('roots/list'));
  expect(stream.text).not.toMatch(/after|roots/);
});

it('a stream that was taken up again ends with the token that took it up', async () => {
  const face = await openQuiet();
  const session = await openSession(face, bearer());
  const opened = openStream(face, { headers: session, body: call(1, 'hold') });
  await until('the call', () => face.host.held.length > 0);
  const [held] = face.host.held;
  held?.outlet.notify(note('notifications/message', { at: 'first' }));
  const first = await opened;
  await until('news', () => first.text.includes('first'));
  first.req.destroy();
  await until('the break', () => first.isOver);
  const id = String(first.events.at(-1)?.id);
  const again = await getStream(face, { ...session, 'last-event-id': id });
  held?.outlet.notify(note('notifications/message', { at: 'again' }));
  await until('news', () => again.text.includes('again'));
  face.clock.now = endMs;
  held?.outlet.reply(1, { kind: 'made', result: { late: true } });
  await until('the end', () => again.isOver);
  expect(again.text).not.toContain('late');
  const last = String(again.events.at(-1)?.id);
  const renewed = await getStream(face, { ...session, ...bearer(''), 'last-event-id': last });
  await until('the answer', () => renewed.text.includes('late'));
});

it('a call that began in time gets its answer, however long it took', async () => {
  const face = await open();
  const session = await openSession(face, bearer());
  const streams = [
    await openStreamOfCall(face, { headers: session, body: call(1, 'hold') }),
    await openStreamOfCall(face, {
      ...modern('tools/call', { name: 'hold' }),
      headers: { ...modern('tools/call', { name: 'hold' }).headers, ...bearer() },
    }),
  ];
  face.clock.now = endMs;
  for (const { outlet, request } of face.host.held) {
    outlet.reply(request.id, { kind: 'made', result: { late: true } });
  }
  for (const stream of streams) await until('the answer', () => stream.text.includes('late'));
});

async function openStreamOfCall(face: Face, options: Parameters<typeof openStream>[1]) {
  const stream = await openStream(face, options);
  await until('a comment', () => stream.text.includes(': keep-alive'));
  return stream;
}

it('whoever comes with a newer token keeps the stream of the session', async () => {
  const face = await openQuiet();
  const session = await openSession(face, bearer());
  const stream = await getStream(face, session);
  const renewed = { ...session, ...bearer(endMs + 1000) };
  expect((await ask(face, { headers: renewed, body: call(1, 'echo') })).status).toBe(200);
  face.clock.now = endMs;
  outletOf(face).notify(note('notifications/message', { at: 'after' }));
  await until('news', () => stream.text.includes('after'));
  face.clock.now = endMs + 1000;
  outletOf(face).notify(note('notifications/message', { at: 'the end' }));
  await until('the end', () => stream.isOver);
  expect(stream.text).not.toContain('the end');
});

const listen = (headers: object) => {
  const right = modern('subscriptions/listen', { notifications: {} });
  return { ...right, headers: { ...right.headers, ...headers } };
};

it.each([
  ['quiet', open],
  ['with news', openQuiet],
])('a subscription ends when its token runs out, %s, and its server is told', async (_, opened) => {
  const face = await opened();
  const stream = await openStream(face, listen(bearer()));
  await until('the acknowledgement', () => stream.events.length > 0);
  face.clock.now = endMs;
  if (opened === openQuiet) face.host.held[0]?.outlet.notify(note('notifications/secret'));
  await until('the end', () => stream.isOver);
  expect(stream.events.at(-1)?.data).toEqual({
    jsonrpc: '2.0',
    id: 1,
    error: {
      code: 4401,
      message: 'the token of this stream has expired: open it again with a new one',
    },
  });
  expect(stream.text).not.toContain('secret');
  expect(face.host.gone).toHaveLength(1);
});

it.each([
  ['quiet', open],
  ['with news', openQuiet],
])('a session of the old transport ends with its token, %s', async (_, opened) => {
  const face = await opened();
  const options = { method: 'GET', path: '/sse', headers: bearer() };
  const stream = await openStream(face, options);
  await until('the endpoint', () => stream.events.length > 0);
  const path = String(stream.events[0]?.data);
  await ask(face, { path, headers: bearer(), body: initialize('2024-11-05') });
  await ask(face, { path, headers: bearer(endMs + 1000), body: call(1, 'hold') });
  face.clock.now = endMs;
  outletOf(face).notify(note('notifications/message', { at: 'renewed' }));
  await until('news', () => stream.text.includes('renewed'));
  face.clock.now = endMs + 1000;
  if (opened === openQuiet) {
    face.host.held[0]?.outlet.reply(1, { kind: 'made', result: { late: true } });
  }
  await until('the end', () => stream.isOver);
  expect(stream.text).not.toContain('late');
  expect(face.host.sessions[0]?.open).toBe(false);
  const got = await ask(face, { path, headers: bearer(''), body: call(2, 'echo') });
  expect(got.status).toBe(404);
});

it('no stream is opened on a token that has run out, though its calls may still pass', async () => {
  const face = await open();
  face.clock.now = endMs;
  const session = await openSession(face, bearer());
  expect((await ask(face, { headers: session, body: call(1, 'echo') })).status).toBe(200);
  const refused = [
    await ask(face, { method: 'GET', headers: session }),
    await ask(face, { method: 'GET', path: '/sse', headers: bearer() }),
    await ask(face, listen(bearer())),
  ];
  expect(refused.map(({ status }) => status)).toEqual([401, 401, 401]);
  for (const { headers } of refused) {
    expect(headers['www-authenticate']).toBe('Bearer realm="mcp-gate", error="invalid_token"');
  }
});

it('a token without an end keeps its streams', async () => {
  const face = await open();
  const session = await openSession(face, bearer(''));
  const stream = await getStream(face, session);
  face.clock.now = Number.MAX_SAFE_INTEGER;
  outletOf(face).notify(note('notifications/message', { at: 'much later' }));
  await until('news', () => stream.text.includes('much later'));
});

it('a token of an issuer ends its stream when its own "exp" has passed, verified or remembered', async () => {
  const server = await keyServer();
  const alice = await signer('a');
  server.publish([alice.publicJwk]);
  const gate = door(server.url);
  const face = await openFace({ authenticate: (header) => gate.raw(header) });
  face.clock.now = nowMs;
  const headers = { authorization: `Bearer ${await alice.sign({ exp: nowMs / 1000 + 60 })}` };
  const session = await openSession(face, headers);
  const stream = await getStream(face, session);
  outletOf(face).notify(note('notifications/message', { at: 'before' }));
  await until('news', () => stream.text.includes('before'));
  // As much as clocks may differ: calls pass, and the stream is over all the same.
  face.clock.now = nowMs + 60_000;
  gate.now = nowMs + 61_000;
  outletOf(face).notify(note('notifications/message', { at: 'after' }));
  await until('the end', () => stream.isOver);
  expect(stream.text).not.toContain('after');
  expect((await ask(face, { headers: session, body: call(1, 'echo') })).status).toBe(200);
  expect((await ask(face, { method: 'GET', headers: session })).status).toBe(401);
});
