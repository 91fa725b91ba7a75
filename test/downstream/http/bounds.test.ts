import net from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { until } from '../../harness/until.ts';
import {
  ask,
  bearers,
  call,
  type Face,
  initialize,
  modern,
  note,
  openFace,
  openSession,
  openStream,
  send,
} from './rig.ts';

/** A connection on which the test writes every byte itself. */
function connect({ port }: Face) {
  const socket = net.connect(port, '127.0.0.1');
  const seen = { text: '', isOver: false };
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    seen.text += chunk;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    seen.isOver = true;
  });
  onTestFinished(() => {
    socket.destroy();
  });
  return { socket, seen };
}

const head = (length: string, more = '') =>
  `POST /mcp HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nAccept: */*\r\n${length}\r\n${more}\r\n`;

const headOf = ({ port }: Face, length: string, more = '') =>
  head(length, more).replace('HOST', `127.0.0.1:${port}`);

it('a body that is said to be too large is not read', async () => {
  const face = await openFace({ limits: { bodyBytes: 1000 } });
  const headers = { 'content-length': 1001 };
  const got = await ask(face, { headers, body: '' });
  expect(got).toMatchObject({ status: 413, json: { error: { code: 4413 } } });
});

it('a body that turns out too large is read no further', async () => {
  const face = await openFace({ limits: { bodyBytes: 1000 } });
  const { socket, seen } = connect(face);
  socket.write(headOf(face, 'Transfer-Encoding: chunked'));
  socket.write(`400\r\n${'x'.repeat(1024)}\r\n`);
  await until('the end', () => seen.isOver);
  expect(seen.text).toMatch(/^HTTP\/1\.1 413 /);
  expect(seen.text).toContain('Connection: close');
});

it('a body of the largest size is served', async () => {
  const text = JSON.stringify({ ...initialize(), pad: '' });
  const body = text.replace('"pad":""', `"pad":"${'x'.repeat(1000 - text.length)}"`);
  const face = await openFace({ limits: { bodyBytes: 1000 } });
  expect((await ask(face, { body })).status).toBe(200);
});

it('large bodies that are read at the same time share their room', async () => {
  const face = await openFace({ limits: { bodiesBytes: 1500 } });
  const { socket } = connect(face);
  socket.write(headOf(face, 'Content-Length: 2000'));
  socket.write('x'.repeat(1000));
  const body = JSON.stringify({ ...initialize(), pad: 'x'.repeat(800) });
  await until('the room to be taken', async () => (await ask(face, { body })).status === 503);
  socket.destroy();
  await until('the room to be free', async () => (await ask(face, { body })).status === 200);
});

it('headers beyond their size are refused', async () => {
  const face = await openFace({ limits: { headerBytes: 2048 } });
  const { socket, seen } = connect(face);
  socket.write(headOf(face, 'Content-Length: 0', `X-Pad: ${'x'.repeat(4096)}\r\n`));
  await until('the end', () => seen.isOver);
  expect(seen.text).toMatch(/^HTTP\/1\.1 431 /);
});

it('who sends headers too slowly is cut off', async () => {
  const face = await openFace({ limits: { headersMs: 50 } });
  const { socket, seen } = connect(face);
  socket.write('POST /mcp HTTP/1.1\r\nHost: ');
  await until('the end', () => seen.isOver);
  expect(seen.text).toMatch(/^HTTP\/1\.1 408 /);
});

it('who sends a body too slowly is cut off', async () => {
  const face = await openFace({ limits: { headersMs: 50, requestMs: 100 } });
  const { socket, seen } = connect(face);
  socket.write(headOf(face, 'Content-Length: 1000'));
  socket.write('{');
  await until('the end', () => seen.isOver);
  expect(seen.text).toMatch(/^HTTP\/1\.1 408 /);
  expect(face.host.sessions).toEqual([]);
});

it('a call that waits is not taken for a slow request', async () => {
  const face = await openFace({ limits: { headersMs: 20, requestMs: 40 } });
  const headers = await openSession(face);
  const waiting = ask(face, { headers, body: call(1, 'hold') });
  const { socket, seen } = connect(face);
  await until('the call', () => face.host.held.length === 1);
  socket.write('POST');
  await until('the end of a slow one', () => seen.isOver);
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: {} });
  expect((await waiting).status).toBe(200);
});

it.each([
  ['two lengths', 'Content-Length: 5\r\nContent-Length: 6'],
  ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
  ['a length that is none', 'Content-Length: 5x'],
  ['two hosts', 'Host: evil.example\r\nContent-Length: 0'],
])('a request whose end two readers see at two places is refused: %s', async (_claim, lines) => {
  const face = await openFace();
  const { socket, seen } = connect(face);
  socket.write(`${headOf(face, lines)}{"jsonrpc":"2.0"}`);
  await until('the answer', () => seen.text !== '');
  expect(seen.text).toMatch(/^HTTP\/1\.1 400 /);
});

it('connections that are opened and dropped leave nothing', async () => {
  const face = await openFace({ limits: { requestsPerCaller: 3, streamsPerCaller: 3 } });
  const headers = await openSession(face);
  const tries = [
    () => send(face, modern('tools/call', { name: 'hold' })),
    () => send(face, modern('subscriptions/listen')),
    () => send(face, { method: 'GET', headers }),
    () => send(face, { method: 'GET', path: '/sse' }),
    () => send(face, { headers: { 'content-length': 100 }, body: '{' }),
  ];
  for (let round = 0; round < 5; round += 1) {
    for (const open of tries) {
      const req = open();
      req.on('error', () => {});
      await new Promise((resolve) => setTimeout(resolve, 5));
      req.destroy();
    }
  }
  await until('nothing left', async () => {
    const { text } = await ask(face, { method: 'GET', path: '/metrics' });
    return [
      'mcp_gate_http_in_flight 0',
      'mcp_gate_http_streams 0',
      'mcp_gate_http_sessions 1',
    ].every((line) => text.includes(`${line}\n`));
  });
});

it('there are only so many calls of one caller at once', async () => {
  const face = await openFace({ authenticate: bearers, limits: { requestsPerCaller: 2 } });
  const hold = modern('tools/call', { name: 'hold' });
  const as = (name: string, { headers, body } = hold) => ({
    headers: { ...headers, authorization: `Bearer ${name}` },
    body,
  });
  const waiting = [ask(face, as('alice')), ask(face, as('alice'))];
  await until('both', () => face.host.held.length === 2);
  const third = await ask(face, as('alice'));
  expect(third).toMatchObject({ status: 429, json: { id: 1 } });
  expect((await ask(face, as('bob', modern('tools/list')))).status).toBe(200);
  for (const { outlet } of face.host.held) outlet.reply(1, { kind: 'made', result: {} });
  await Promise.all(waiting);
  expect((await ask(face, as('alice', modern('tools/list')))).status).toBe(200);
});

it('there are only so many streams of one caller', async () => {
  const face = await openFace({ limits: { streamsPerCaller: 2 } });
  const headers = await openSession(face);
  await openStream(face, { method: 'GET', headers });
  const listen = await openStream(face, modern('subscriptions/listen'));
  expect((await ask(face, modern('subscriptions/listen'))).status).toBe(429);
  const other = await openSession(face);
  expect((await ask(face, { method: 'GET', headers: other })).status).toBe(429);
  expect((await ask(face, { method: 'GET', path: '/sse' })).status).toBe(429);
  listen.req.destroy();
  await until('a place', async () => {
    const next = await openStream(face, { method: 'GET', headers: other });
    return next.res.statusCode === 200;
  });
});

it('who leaves too much of a stream unread is cut off', async () => {
  const face = await openFace({ limits: { unreadBytes: 100_000, replaysBytes: 0 } });
  const session = await openSession(face);
  const old = connect(face);
  old.socket.write(`GET /sse HTTP/1.1\r\nHost: 127.0.0.1:${face.port}\r\nAccept: */*\r\n\r\n`);
  const get = connect(face);
  const lines = Object.entries(session).map(([key, value]) => `${key}: ${value}\r\n`);
  get.socket.write(
    `GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:${face.port}\r\nAccept: */*\r\n${lines.join('')}\r\n`,
  );
  await until('the stream', () => get.seen.text.includes('0-0'));
  get.socket.pause();
  const outlet = face.host.sessions[0]?.client.outlet;
  const filler = note('notifications/message', { pad: 'x'.repeat(50_000) });
  await until('the end', () => {
    for (let at = 0; at < 50; at += 1) outlet?.notify(filler);
    return outlet?.pending === 0 && get.socket.bytesRead > 0 && isDetached(face);
  });
  expect(outlet?.pending).toBe(0);
  expect(old.seen.isOver).toBe(false);
});

/** Nobody holds the GET stream of the first session. */
function isDetached({ host }: Face): boolean {
  const outlet = host.sessions[0]?.client.outlet;
  const before = outlet?.pending ?? 0;
  outlet?.notify(note('notifications/message', { pad: 'x'.repeat(10_000) }));
  return outlet?.pending === before;
}
