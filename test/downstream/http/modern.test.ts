import { describe, expect, it } from 'vitest';
import { isObject, type JsonObject } from '../../../src/core/json.ts';
import { decodeHeader } from '../../../src/downstream/http/header-value.ts';
import { readMessage } from '../../../src/wire/read-message.ts';
import { until } from '../../harness/until.ts';
import {
  ask,
  call,
  envelope,
  type Got,
  initialize,
  modern,
  note,
  openFace,
  openSession,
  openStream,
  send,
} from './rig.ts';

const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;

function codeOf({ json }: Got): unknown {
  return isObject(json['error']) ? json['error']['code'] : undefined;
}

it('a modern request is answered as one json object, without a session', async () => {
  const face = await openFace();
  const got = await ask(face, modern('tools/call', { name: 'echo' }, 'a'));
  expect(got).toMatchObject({ status: 200, json: { id: 'a', result: { method: 'tools/call' } } });
  expect(got.headers['content-type']).toBe('application/json');
  expect(got.headers['mcp-session-id']).toBeUndefined();
  expect(face.host.sessions).toEqual([]);
});

it('a session id on a modern request counts for nothing', async () => {
  const face = await openFace();
  const { headers, body } = modern('tools/list');
  const got = await ask(face, { headers: { ...headers, 'mcp-session-id': 'none' }, body });
  expect(got.status).toBe(200);
});

it('what is told before the answer makes it a stream, whose events cannot be resumed', async () => {
  const face = await openFace();
  const got = await ask(face, modern('tools/call', { name: 'tell' }));
  expect(got.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
  });
  expect(got.events).toMatchObject([
    { id: undefined, data: { method: 'notifications/message' } },
    { id: undefined, data: { id: 1, result: { method: 'tools/call' } } },
  ]);
});

it('closing the connection cancels the request', async () => {
  const face = await openFace();
  const req = send(face, modern('tools/call', { name: 'hold' }));
  req.on('error', () => {});
  await until('the call', () => face.host.held.length === 1);
  req.destroy();
  await until('the cancellation', () => face.host.gone.length === 1);
  expect(face.host.gone[0]).toBe(face.host.held[0]?.outlet);
});

it('so does closing the stream', async () => {
  const face = await openFace();
  const opening = openStream(face, modern('tools/call', { name: 'hold' }));
  await until('the call', () => face.host.held.length === 1);
  const held = face.host.held[0];
  held?.outlet.notify(note('notifications/progress'));
  (await opening).req.destroy();
  await until('the cancellation', () => face.host.gone.length === 1);
  held?.outlet.notify(note('notifications/progress'));
  held?.outlet.reply(1, { kind: 'made', result: {} });
});

it('an answered request is not cancelled', async () => {
  const face = await openFace();
  for (const name of ['echo', 'tell']) await ask(face, modern('tools/call', { name }));
  await ask(face, modern('tools/list'));
  expect(face.host.gone).toEqual([]);
});

it('clients of one caller may use the same id at once', async () => {
  const face = await openFace();
  const waiting = ask(face, modern('tools/call', { name: 'hold' }));
  await until('the call', () => face.host.held.length === 1);
  expect((await ask(face, modern('tools/call', { name: 'echo' }))).status).toBe(200);
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: { late: true } });
  expect((await waiting).json).toMatchObject({ id: 1, result: { late: true } });
});

it('nobody is asked on the stream of a request', async () => {
  const face = await openFace();
  const waiting = ask(face, modern('tools/call', { name: 'hold' }));
  await until('the call', () => face.host.held.length === 1);
  face.host.held[0]?.outlet.request('{"jsonrpc":"2.0","id":9,"method":"roots/list"}');
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: {} });
  expect((await waiting).headers['content-type']).toBe('application/json');
});

it('subscriptions/listen is a stream that stays, with comments while nothing happens', async () => {
  const face = await openFace({ limits: { pulseMs: 10 } });
  const stream = await openStream(face, modern('subscriptions/listen', { notifications: {} }));
  await until('a comment', () => stream.text.includes(': keep-alive\n\n'));
  face.host.held[0]?.outlet.notify(note('notifications/tools/list_changed'));
  await until('the news', () => stream.events.length === 2);
  stream.req.destroy();
  await until('the end', () => face.host.gone.length === 1);
});

it('a call that takes long becomes a stream', async () => {
  const face = await openFace({ limits: { pulseMs: 10 } });
  const stream = await openStream(face, modern('tools/call', { name: 'hold' }));
  expect(stream.res.headers['content-type']).toBe('text/event-stream');
  face.host.held[0]?.outlet.reply(1, { kind: 'made', result: {} });
  await until('the answer', () => stream.isOver);
  expect(stream.events).toMatchObject([{ data: { id: 1, result: {} } }]);
});

describe('the status says of what kind an error is', () => {
  it.each([
    [-32601, 404],
    [-32020, 400],
    [-32021, 400],
    [-32022, 400],
    [-32602, 200],
    [-32603, 200],
    [4003, 200],
  ])('%d comes with %d', async (code, status) => {
    const face = await openFace();
    const got = await ask(face, modern('tools/call', { name: 'fail', code }));
    expect(got).toMatchObject({ status, json: { id: 1, error: { code } } });
  });

  it.each([
    ['{"code":-32601,"message":"no"}', 404],
    ['{"code":-32602,"message":"no"}', 200],
    ['"no object"', 200],
  ])('also where a server wrote it: %s', async (error, status) => {
    const face = await openFace();
    const waiting = ask(face, modern('tools/call', { name: 'hold' }));
    await until('the call', () => face.host.held.length === 1);
    const response = responseOf(`{"jsonrpc":"2.0","id":77,"error":${error}}`);
    face.host.held[0]?.outlet.reply(1, { kind: 'relayed', response });
    const got = await waiting;
    expect(got.status).toBe(status);
    expect(got.text).toBe(`{"jsonrpc":"2.0","id":1,"error":${error}}`);
  });
});

function responseOf(text: string) {
  const message = readMessage(Buffer.from(text));
  if (message.kind !== 'response') throw new Error('no response');
  return message.response;
}

it('a large answer of a server goes through as it is, under the id of the client', async () => {
  const face = await openFace();
  for (const way of ['as json', 'as a stream']) {
    const waiting = ask(face, modern('tools/call', { name: 'hold' }, way));
    await until('the call', () => face.host.held.length === 1);
    const { outlet } = face.host.held.splice(0)[0] ?? {};
    const value = JSON.stringify({ text: 'ä'.repeat(100_000) });
    const response = responseOf(`{"jsonrpc":"2.0","id":77,"result":${value}}`);
    if (way === 'as a stream') outlet?.notify(note('notifications/progress'));
    outlet?.reply(way, { kind: 'relayed', response });
    const { json, events } = await waiting;
    const expected = { id: way, result: { text: 'ä'.repeat(100_000) } };
    expect(way === 'as json' ? json : events.at(-1)?.data).toMatchObject(expected);
  }
});

const bad: readonly (readonly [claim: string, meta: JsonObject | undefined, code: number])[] = [
  ['no _meta', undefined, -32602],
  ['no protocol version', { ...envelope, [versionOf()]: undefined }, -32602],
  ['no capabilities', { [versionOf()]: '2026-07-28' }, -32602],
  ['a version that is no text', { ...envelope, [versionOf()]: 7 }, -32602],
];
it.each(bad)('an envelope with %s gets 400', async (_claim, meta, code) => {
  const face = await openFace();
  const { headers } = modern('server/discover');
  const params = meta === undefined ? {} : { _meta: meta };
  const body = { jsonrpc: '2.0', id: 5, method: 'server/discover', params };
  const got = await ask(face, { headers, body });
  expect([got.status, codeOf(got), got.json['id']]).toEqual([400, code, 5]);
});

function versionOf(): string {
  return 'io.modelcontextprotocol/protocolVersion';
}

it('a revision that nobody speaks gets 400 and is told which ones are spoken', async () => {
  const face = await openFace();
  const { headers } = modern('server/discover');
  const _meta = { ...envelope, [versionOf()]: 'v999' };
  const got = await ask(face, {
    headers: { ...headers, 'mcp-protocol-version': 'v999' },
    body: { jsonrpc: '2.0', id: 5, method: 'server/discover', params: { _meta } },
  });
  expect(got).toMatchObject({ status: 400, json: { error: { code: -32022 } } });
  expect(got.json).toMatchObject({ error: { data: { requested: 'v999' } } });
});

it('initialize opens a session by the revision that it asks for; an envelope alone makes it modern', async () => {
  const face = await openFace();
  const handshake = initialize();
  const params = isObject(handshake['params']) ? handshake['params'] : {};
  const body = { ...handshake, params: { ...params, _meta: envelope } };
  expect((await ask(face, { body })).headers['mcp-session-id']).toBeDefined();
  const { headers, body: bare } = modern('initialize');
  const got = await ask(face, { headers, body: bare });
  expect(got.headers['mcp-session-id']).toBeUndefined();
  expect(face.host.sessions).toHaveLength(1);
});

it('a notification of the modern era is taken, and reaches nobody', async () => {
  const face = await openFace();
  const session = await openSession(face);
  const params = { requestId: 1, _meta: envelope };
  const body = { jsonrpc: '2.0', method: 'notifications/cancelled', params };
  for (const headers of [{}, session]) {
    expect((await ask(face, { headers, body })).status).toBe(202);
  }
  expect(face.host.sessions[0]?.told).toEqual([]);
});

it('there is nothing to GET or DELETE without a session', async () => {
  const face = await openFace();
  for (const method of ['GET', 'DELETE']) {
    const got = await ask(face, { method });
    expect([got.status, got.headers.allow]).toEqual([405, 'POST']);
  }
});

it.each([
  ['echo', 'echo'],
  [' a b\t', ' a b\t'],
  ['=?base64?w6k=?=', 'é'],
  ['=?base64??=', ''],
  ['=?BASE64?w6k=?=', '=?BASE64?w6k=?='],
  ['é', undefined],
  ['a\u007f', undefined],
  ['=?base64?w6k?=', undefined],
  ['=?base64?w6k=\n?=', undefined],
  ['=?base64?w6l=?=', undefined],
  ['=?base64?/w==?=', undefined],
])('the header %j says %j', (header, said) => {
  expect(decodeHeader(header)).toBe(said);
});

describe('headers repeat what the body says', () => {
  const tool = { name: 'écho' };
  const rows: readonly (readonly [
    claim: string,
    method: string,
    params: JsonObject,
    headers: Record<string, string | undefined>,
    status: number,
  ])[] = [
    ['all of them are right', 'tools/call', { name: 'echo' }, {}, 200],
    ['no version', 'tools/list', {}, { 'mcp-protocol-version': undefined }, 400],
    ['another version', 'tools/list', {}, { 'mcp-protocol-version': '2025-11-25' }, 400],
    ['no method', 'tools/list', {}, { 'mcp-method': undefined }, 400],
    ['another method', 'tools/list', {}, { 'mcp-method': 'prompts/list' }, 400],
    ['the method in capitals', 'tools/list', {}, { 'mcp-method': 'TOOLS/LIST' }, 400],
    ['the method in base64', 'tools/list', {}, { 'mcp-method': base64('tools/list') }, 400],
    ['spaces around the method', 'tools/list', {}, { 'mcp-method': '  tools/list  ' }, 200],
    ['no name', 'tools/call', { name: 'echo' }, { 'mcp-name': undefined }, 400],
    ['another name', 'tools/call', { name: 'echo' }, { 'mcp-name': 'other' }, 400],
    ['the name in capitals', 'tools/call', { name: 'echo' }, { 'mcp-name': 'ECHO' }, 400],
    ['the name in base64', 'tools/call', { name: 'echo' }, { 'mcp-name': base64('echo') }, 200],
    ['another name in base64', 'tools/call', { name: 'echo' }, { 'mcp-name': base64('no') }, 400],
    ['a name that needs base64', 'tools/call', tool, { 'mcp-name': base64('écho') }, 200],
    ['the same without it', 'tools/call', tool, { 'mcp-name': 'écho' }, 400],
    [
      'base64 without its end',
      'tools/call',
      { name: 'Hello' },
      { 'mcp-name': '=?base64?SGVsbG8?=' },
      400,
    ],
    [
      'base64 with other letters',
      'tools/call',
      { name: 'Hello' },
      { 'mcp-name': '=?base64?SGVs!!!bG8=?=' },
      400,
    ],
    ['base64 of no utf-8', 'tools/call', { name: 'x' }, { 'mcp-name': '=?base64?/w==?=' }, 400],
    [
      'a sentinel without its end',
      'tools/call',
      { name: '=?base64?SGVsbG8=' },
      { 'mcp-name': '=?base64?SGVsbG8=' },
      200,
    ],
    ['a name where the body has none', 'tools/call', {}, { 'mcp-name': 'echo' }, 400],
    ['a name where none is asked for', 'tools/list', {}, { 'mcp-name': 'echo' }, 200],
    ['no uri', 'resources/read', { uri: 'a:b' }, { 'mcp-name': undefined }, 400],
    ['the uri', 'resources/read', { uri: 'a:b' }, {}, 200],
    ['no prompt', 'prompts/get', { name: 'p' }, { 'mcp-name': undefined }, 400],
    ['no task', 'tasks/get', { taskId: 't' }, { 'mcp-name': undefined }, 400],
    ['the task', 'tasks/cancel', { taskId: 't' }, {}, 200],
  ];
  it.each(rows)('%s: %s', async (_claim, method, params, headers, status) => {
    const face = await openFace();
    const right = modern(method, params);
    const all = Object.entries({ ...right.headers, ...headers });
    const given = all.flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value] as const],
    );
    const got = await ask(face, { headers: Object.fromEntries(given), body: right.body });
    expect(got.status, got.text).toBe(status);
    expect(codeOf(got)).toBe(status === 400 ? -32020 : undefined);
  });

  const params = [
    { header: 'mcp-param-region', path: ['region'] },
    { header: 'mcp-param-size', path: ['where', 'size'] },
  ];
  const args: readonly (readonly [
    claim: string,
    args: JsonObject,
    headers: Record<string, string>,
    status: number,
  ])[] = [
    ['the value', { region: 'eu' }, { 'Mcp-Param-Region': 'eu' }, 200],
    ['no header', { region: 'eu' }, {}, 400],
    ['another value', { region: 'eu' }, { 'mcp-param-region': 'us' }, 400],
    ['a value that needs base64', { region: 'é' }, { 'mcp-param-region': base64('é') }, 200],
    ['no value, no header', {}, {}, 200],
    ['null, no header', { region: null }, {}, 200],
    ['null, a header', { region: null }, { 'mcp-param-region': 'eu' }, 400],
    ['no value, a header', {}, { 'mcp-param-region': 'eu' }, 400],
    ['a number, written otherwise', { where: { size: 42 } }, { 'mcp-param-size': '42.0' }, 200],
    ['another number', { where: { size: 42 } }, { 'mcp-param-size': '43' }, 400],
    ['no number', { where: { size: 42 } }, { 'mcp-param-size': '0x2a' }, 400],
    ['true', { region: true }, { 'mcp-param-region': 'true' }, 200],
    ['True', { region: true }, { 'mcp-param-region': 'True' }, 400],
    ['a header that no parameter wants', {}, { 'mcp-param-other': 'x' }, 200],
    ['a header twice', { region: 'eu' }, { 'mcp-param-region': 'eu, eu' }, 400],
  ];
  it.each(args)('of the arguments, %s', async (_claim, given, headers, status) => {
    const face = await openFace({ headerParams: params });
    const right = modern('tools/call', { name: 'echo', arguments: given });
    const got = await ask(face, { headers: { ...right.headers, ...headers }, body: right.body });
    expect(got.status, got.text).toBe(status);
    expect(codeOf(got)).toBe(status === 400 ? -32020 : undefined);
  });

  it('a legacy request has none of them', async () => {
    const face = await openFace({ headerParams: params });
    const session = await openSession(face);
    const headers = { ...session, 'mcp-method': 'other', 'mcp-name': 'other' };
    const body = call(1, 'echo', { arguments: { region: 'eu' } });
    expect((await ask(face, { headers, body })).status).toBe(200);
  });
});

it('no room is HTTP 503 and a time to come again', async () => {
  const face = await openFace();
  const got = await ask(face, modern('tools/call', { name: 'full' }));
  expect([got.status, got.headers['retry-after'], codeOf(got)]).toEqual([503, '7', 4503]);
  const told = await ask(face, modern('tools/call', { name: 'full', told: true }));
  expect([told.status, told.headers['retry-after']]).toEqual([200, undefined]);
  expect(told.events.at(-1)?.data).toMatchObject({ error: { code: 4503 } });
  const failed = await ask(face, modern('tools/call', { name: 'fail', code: 4503 }));
  expect([failed.status, failed.headers['retry-after']]).toEqual([200, undefined]);
});
