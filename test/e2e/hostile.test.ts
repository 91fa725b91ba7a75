import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LineClient } from '../harness/line-client.ts';
import { type Message, pick, textAt } from '../harness/message.ts';
import type { Arrival } from '../harness/raw-client.ts';
import { allowAll, Scratch, scratch } from '../harness/scratch.ts';

const read = { name: 'raw__read', arguments: {} };

/** A call of the tool that leaves a trace at the server, with this text in place of its arguments. */
const count = (args: string, id = '900'): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"raw__count","arguments":${args}}}`;

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

// One gate takes everything below, one thing after another, and must be none the worse for it.
let house: Scratch;
let client: LineClient;

beforeAll(async () => {
  house = new Scratch({ rules: allowAll });
  client = await house.open();
  await expectServing();
});

afterAll(async () => {
  expect(await client.close()).toEqual({ code: 0, signal: null });
  await house.dispose();
});

async function expectServing(): Promise<void> {
  const next = await client.request('tools/call', read);
  expect(textAt(next, 'result.content.0.text')).toBe('read');
  expect(house.recorded()).toEqual([]);
}

/** The first error that comes from now on. */
function nextRefusal(): Promise<Message> {
  const seen = client.arrivals.length;
  const isNew = ({ message }: Arrival): boolean => message.error !== undefined;
  return client.waitUntil('the refusal', () => client.arrivals.slice(seen).find(isNew)?.message);
}

interface Bad {
  readonly line: string | Buffer;
  /** The id under which the refusal comes. */
  readonly id: unknown;
  readonly code: number;
  readonly says: RegExp;
}

describe('a message that nobody can be sure of is refused with a clear error, and nothing of it reaches a server', () => {
  const table: readonly (readonly [claim: string, bad: Bad])[] = [
    ['broken JSON', { line: count('{').slice(0, -3), id: null, code: -32700, says: /json/i }],
    [
      'text that is not JSON',
      { line: 'Content-Length: 52', id: null, code: -32700, says: /json/i },
    ],
    [
      'bytes that are not UTF-8',
      {
        line: Buffer.concat([
          Buffer.from(count('{"a":"')).subarray(0, -3),
          Buffer.from([0xff, 0xfe]),
          Buffer.from('"}}}\n'),
        ]),
        id: null,
        code: -32700,
        says: /json|utf/i,
      },
    ],
    [
      'a batch with a call in it',
      { line: `[${count('{}')}]`, id: null, code: -32600, says: /batch/ },
    ],
    ['an empty batch', { line: '[]', id: null, code: -32600, says: /batch/ }],
    ['a scalar', { line: '42', id: null, code: -32600, says: /object/ }],
    [
      'a second name in params',
      {
        line: '{"jsonrpc":"2.0","id":900,"method":"tools/call","params":{"name":"raw__read","name":"raw__count","arguments":{}}}',
        id: 900,
        code: -32600,
        says: /"name".*(twice|duplicate)|(twice|duplicate).*"name"/,
      },
    ],
    [
      'a second method',
      {
        line: '{"jsonrpc":"2.0","id":900,"method":"ping","method":"tools/call","params":{"name":"raw__count"}}',
        id: 900,
        code: -32600,
        says: /twice|duplicate/,
      },
    ],
    [
      'a duplicate key deep in the arguments',
      { line: count('{"a":[{"b":1,"b":2}]}'), id: 900, code: -32600, says: /twice|duplicate/ },
    ],
    [
      'a duplicate key written with an escape',
      {
        line: count('{"path":"a","p\\u0061th":"b"}'),
        id: 900,
        code: -32600,
        says: /twice|duplicate/,
      },
    ],
    [
      '"__proto__" in the arguments',
      { line: count('{"__proto__":{"isAdmin":true}}'), id: 900, code: -32600, says: /__proto__/ },
    ],
    [
      'a lone surrogate in the arguments',
      { line: count('{"a":"\\ud800"}'), id: 900, code: -32600, says: /surrogate/ },
    ],
    [
      'a lone surrogate in a key',
      { line: count('{"\\udfff":1}'), id: 900, code: -32600, says: /surrogate/ },
    ],
    [
      'nesting 10,000 deep',
      { line: count(deep(10_000)), id: 900, code: -32600, says: /deep|nest/ },
    ],
    [
      'a number that does not survive parsing',
      { line: count('{"amount":12345678901234567890}'), id: 900, code: -32600, says: /number/ },
    ],
    [
      'a number beyond all numbers',
      { line: count('{"amount":1e999}'), id: 900, code: -32600, says: /number/ },
    ],
    [
      'an unknown method',
      {
        line: '{"jsonrpc":"2.0","id":900,"method":"tools/execute","params":{"name":"raw__count"}}',
        id: 900,
        code: -32601,
        says: /tools\/execute/,
      },
    ],
    [
      'a method that only differs by case',
      {
        line: count('{}').replace('tools/call', 'Tools/Call'),
        id: 900,
        code: -32601,
        says: /Tools\/Call/,
      },
    ],
    [
      'an id that is an object',
      { line: count('{}', '{"a":1}'), id: null, code: -32600, says: /id/ },
    ],
    ['an id that is null', { line: count('{}', 'null'), id: null, code: -32600, says: /id/ }],
    [
      'another JSON-RPC version',
      { line: count('{}').replace('2.0', '1.0'), id: 900, code: -32600, says: /jsonrpc/ },
    ],
    [
      'params that are a list',
      {
        line: '{"jsonrpc":"2.0","id":900,"method":"tools/call","params":["raw__count",{}]}',
        id: 900,
        code: -32600,
        says: /params/,
      },
    ],
    [
      'arguments that are a list',
      { line: count('[]'), id: 900, code: -32602, says: /arguments" must be an object/ },
    ],
    [
      'arguments that are text',
      { line: count('"{}"'), id: 900, code: -32602, says: /arguments" must be an object/ },
    ],
    [
      'a tool name that is a number',
      {
        line: '{"jsonrpc":"2.0","id":900,"method":"tools/call","params":{"name":5,"arguments":{}}}',
        id: 900,
        code: -32602,
        says: /name" must be a string/,
      },
    ],
    [
      'a tool that nobody offers',
      {
        line: count('{}').replace('raw__count', 'raw__nothing'),
        id: 900,
        code: -32602,
        says: /raw__nothing/,
      },
    ],
    [
      'a tool under its own name, without the prefix',
      { line: count('{}').replace('raw__count', 'count'), id: 900, code: -32602, says: /count/ },
    ],
    [
      'a call without a name',
      {
        line: '{"jsonrpc":"2.0","id":900,"method":"tools/call"}',
        id: 900,
        code: -32602,
        says: /name|params/,
      },
    ],
  ];

  it.each(table)('%s', async (_claim, { line, id, code, says }) => {
    const refused = nextRefusal();
    client.sendLine(line);
    const refusal = await refused;
    expect(pick(refusal, 'error.code')).toBe(code);
    expect(refusal.id).toBe(id);
    expect(textAt(refusal, 'error.message')).toMatch(says);
    await expectServing();
  });

  it.each([
    [
      'a call as a notification',
      { jsonrpc: '2.0', method: 'tools/call', params: { name: 'raw__count', arguments: {} } },
    ],
    ['an unknown notification', { jsonrpc: '2.0', method: 'notifications/unheard', params: {} }],
    ['an answer to nothing', { jsonrpc: '2.0', id: 77, result: {} }],
    [
      'a cancellation of nothing',
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 77 } },
    ],
    [
      'progress for nothing',
      {
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: 0, progress: 1 },
      },
    ],
  ])('%s: no answer, nothing forwarded', async (_claim, message) => {
    const before = client.arrivals.length;
    client.send(message);
    client.sendLine('');
    await expectServing();
    expect(client.arrivals.length).toBe(before + 1);
  });

  it('a torn last line: nothing forwarded, the gate leaves with 0', async () => {
    const own = await scratch({ rules: allowAll });
    const leaving = await own.open();
    await leaving.request('tools/call', read);
    leaving.sendLine(Buffer.from(count('{}').slice(0, -1)));
    expect(await leaving.close()).toEqual({ code: 0, signal: null });
    expect(own.recorded()).toEqual([]);
  });

  it('a line that is longer than the limit is refused, and the next one is served', async () => {
    const refused = nextRefusal();
    const block = Buffer.alloc(8 * 1024 * 1024, 'x');
    client.sendLine(Buffer.from(count('{"a":"').slice(0, -2)));
    for (let sent = 0; sent < 9; sent += 1) client.sendLine(block);
    client.sendLine(Buffer.from('"}}}\n'));
    const refusal = await refused;
    expect(textAt(refusal, 'error.message')).toMatch(/large|long|size/);
    await expectServing();
  });
});

describe("arguments that do not fit the tool's schema are denied before policy", () => {
  it.each([
    ['a number where text is expected', { path: 5 }, /path/],
    ['a missing member', {}, /path/],
    ['a member too many', { path: 'a', more: 1 }, /more|additional/],
    ['a number over its bound', { path: 'a', times: 4 }, /times/],
  ])('%s', async (_claim, args, says) => {
    const answer = await client.request('tools/call', { name: 'raw__strict', arguments: args });
    expect(pick(answer, 'result.isError')).toBe(true);
    const text = textAt(answer, 'result.content.0.text');
    expect(text).toMatch(/schema/);
    expect(text).toMatch(says);
    expect(house.recorded()).toEqual([]);
    const entry = (await house.journal('decision')).at(-1)?.body;
    expect(entry).toMatchObject({ outcome: 'deny', forwarded: false });
  });
});

describe('a server that talks nonsense', () => {
  it('gets its one answer through, the rest goes nowhere', async () => {
    const own = await scratch({ rules: allowAll });
    const caller = await own.open();
    const answer = await caller.request('tools/call', { name: 'raw__garbage', arguments: {} });
    expect(textAt(answer, 'result.content.0.text')).toBe('first');
    const next = await caller.request('tools/call', read);
    expect(textAt(next, 'result.content.0.text')).toBe('read');
    expect(caller.arrivals.filter(({ message }) => message.id === answer.id).length).toBe(1);
    const strangers = caller.arrivals.filter(
      ({ message }) =>
        message.method !== undefined && !String(message.method).startsWith('notifications/'),
    );
    expect(strangers).toEqual([]);
  });

  it('or never starts at all leaves the others in service', async () => {
    const own = await scratch({ rules: allowAll });
    const gone = { command: process.execPath, args: ['-e', 'process.exit(3)', own.dir] };
    const mute = { command: process.execPath, args: ['-e', 'process.stdin.resume()', own.dir] };
    const missing = { command: 'mcp-gate-no-such-command' };
    own.configure({ mcpServers: { raw: own.raw(), gone, mute, missing } });
    const caller = await own.open();
    expect(pick(await caller.request('ping'), 'result')).toEqual({});
    const answer = await caller.request('tools/call', read);
    expect(textAt(answer, 'result.content.0.text')).toBe('read');
    const status = await own.untilStatus('states', (each) => /failed/.test(JSON.stringify(each)));
    const text = JSON.stringify(status);
    for (const name of ['raw', 'gone', 'mute', 'missing']) expect(text).toContain(name);
  });
});
