import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Identity } from '../../../src/core/tool-call.ts';
import type { Authenticate } from '../../../src/downstream/http/contract.ts';
import { Pieces } from '../../../src/downstream/http/pieces.ts';
import { until } from '../../harness/until.ts';
import {
  type Ask,
  ask,
  bearers,
  call,
  type Face,
  identityOf,
  modern,
  note,
  openFace,
  openSession,
} from './rig.ts';

/** A connection on which the test writes every byte itself. */
function connect({ port }: Pick<Face, 'port'>): net.Socket {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

function textOf({ port }: Face, { headers, body }: Ask): string {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    host: `127.0.0.1:${port}`,
    accept: '*/*',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /mcp HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}

const large = { kind: 'made', result: { text: 'x'.repeat(32 * 1024 * 1024) } } as const;

/** A call of a client that reads nothing any more. */
async function unreadCall(face: Face) {
  const before = face.host.held.length;
  const socket = connect(face);
  socket.pause();
  socket.write(textOf(face, modern('tools/call', { name: 'hold' })));
  await until('the call', () => face.host.held.length > before);
  const outlet = face.host.held[before]?.outlet;
  if (outlet === undefined) throw new Error('no call');
  return outlet;
}

it('requests on a connection that still waits for an answer are turned away, and hold nothing', async () => {
  const face = await openFace();
  const socket = connect(face);
  let seen = '';
  socket.on('data', (chunk) => {
    seen += chunk;
  });
  const hold = textOf(face, modern('tools/call', { name: 'hold' }));
  const stream = `GET /sse HTTP/1.1\r\nHost: 127.0.0.1:${face.port}\r\nAccept: */*\r\n\r\n`;
  socket.write(hold + stream + textOf(face, modern('subscriptions/listen')));
  await until('the call', () => face.host.held.length > 0);
  const read = async () => (await ask(face, { method: 'GET', path: '/metrics' })).text;
  await until('the refusals', async () =>
    (await read()).includes(
      'mcp_gate_http_requests_total{method="http",outcome="refused",status="503"} 2',
    ),
  );
  expect(face.host.held).toHaveLength(1);
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: {} });
  await until('the answers', () => /200 OK.*503 Service/s.test(seen));
  socket.destroy();
  const text = await read();
  expect(text).toContain('mcp_gate_http_streams 0\n');
  expect(text).toContain('mcp_gate_http_sessions 0\n');
});

it('a body in very many pieces is not kept in as many', () => {
  const pieces = new Pieces();
  for (let at = 0; at < 100_000; at += 1) pieces.add(Buffer.from([at % 256]));
  expect(pieces.count).toBeLessThan(2048);
  const whole = pieces.whole();
  expect(whole).toHaveLength(100_000);
  expect(whole.every((byte, at) => byte === at % 256)).toBe(true);
});

it('the end of a stream that nobody reads is given up, as a lone answer is', async () => {
  const face = await openFace({ limits: { stallMs: 50 } });
  const outlet = await unreadCall(face);
  outlet.notify(note('notifications/message'));
  outlet.reply(1, large);
  expect(outlet.pending).toBeGreaterThan(0);
  await until('the end', () => outlet.pending === 0);
});

it('the end of a stream of a session that nobody reads is given up', async () => {
  const face = await openFace({ limits: { stallMs: 50 } });
  const session = await openSession(face);
  const socket = connect(face);
  socket.pause();
  const body = call(1, 'hold');
  socket.write(textOf(face, { headers: session, body }));
  await until('the call', () => face.host.held.length > 0);
  const outlet = face.host.held[0]?.outlet;
  outlet?.notify(note('notifications/message'));
  outlet?.reply(1, large);
  expect(outlet?.pending).toBeGreaterThan(0);
  await until('the end', () => outlet?.pending === 0);
});

it('what all clients leave unread is bounded: who leaves most goes first', async () => {
  const face = await openFace({ limits: { unreadsBytes: 40 * 1024 * 1024 } });
  const first = await unreadCall(face);
  first.reply(1, large);
  const second = await unreadCall(face);
  second.reply(1, { kind: 'made', result: { text: large.result.text.repeat(2) } });
  await until('the cut', () => second.pending === 0);
  expect(first.pending).toBeGreaterThan(0);
});

it('a session is not for the same caller with other claims', async () => {
  const claims = { issuer: 'https://login.example', groups: [], tenant: null };
  const as = (...roles: string[]): Identity => ({
    ...identityOf('alice'),
    source: 'oidc',
    claims: { ...claims, roles, department: null, region: null },
  });
  const authenticate: Authenticate = (header) => ({
    kind: 'known',
    identity: header === 'Bearer lesser' ? as('reader') : as('reader', 'admin'),
  });
  const face = await openFace({ authenticate });
  const session = await openSession(face, { authorization: 'Bearer one' });
  const renewed = { ...session, authorization: 'Bearer two' };
  expect((await ask(face, { headers: renewed, body: call(1, 'echo') })).status).toBe(200);
  const lesser = { ...session, authorization: 'Bearer lesser' };
  expect((await ask(face, { headers: lesser, body: call(2, 'echo') })).status).toBe(404);
  expect((await ask(face, { method: 'GET', headers: lesser })).status).toBe(404);
  expect((await ask(face, { method: 'DELETE', headers: lesser })).status).toBe(404);
});

it('metrics are for who is known where others come by another name', async () => {
  const settings = { allowedHosts: ['gate.example'] };
  const face = await openFace({ authenticate: bearers, settings });
  const headers = { host: 'gate.example' };
  expect((await ask(face, { method: 'GET', path: '/metrics', headers })).status).toBe(401);
});

it('a connection that never begins TLS holds up no drain', async () => {
  const pem = readFileSync(path.join(import.meta.dirname, 'loopback.pem'), 'utf8');
  const face = await openFace({ settings: { tls: { cert: pem, key: pem } } });
  const socket = connect(face);
  await new Promise((resolve) => socket.once('connect', resolve));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await face.face.drain(0);
});
