import { describe, expect, it } from 'vitest';
import { modernReply } from '../../src/bridge/modern-reply.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { raw, rawResponse, shown } from './rig.ts';

const terms = { ttlMs: 1000, serverInfo: { name: 'mcp-gate', version: '1' } };
const hints = { ttlMs: 1000, cacheScope: 'private' };

describe('a result, however it was made', () => {
  const rows: readonly [name: string, method: string, given: JsonObject, becomes: JsonObject][] = [
    ['gets a type', 'tools/call', { content: [] }, { resultType: 'complete', content: [] }],
    ['gets a type when it is empty', 'tools/call', {}, { resultType: 'complete' }],
    ['keeps its type', 'tools/call', { resultType: 'task' }, { resultType: 'task' }],
    [
      'gets hints for caches in a list',
      'tools/list',
      { tools: [] },
      { resultType: 'complete', tools: [], ...hints },
    ],
    [
      'gets hints for caches in a read',
      'resources/read',
      { contents: [] },
      { resultType: 'complete', contents: [], ...hints },
    ],
    [
      'is never for everybody',
      'resources/read',
      { resultType: 'complete', ttlMs: 7, cacheScope: 'public' },
      { resultType: 'complete', ttlMs: 7, cacheScope: 'private' },
    ],
    [
      'is not kept longer than the gate allows',
      'resources/templates/list',
      { ttlMs: 3_600_000, cacheScope: 'private' },
      { resultType: 'complete', ...hints },
    ],
    [
      'is not kept when nobody can tell for how long',
      'prompts/list',
      { ttlMs: 'ever' },
      { resultType: 'complete', ttlMs: 0, cacheScope: 'private' },
    ],
    [
      'is not kept for less than no time',
      'resources/list',
      { ttlMs: -5 },
      { resultType: 'complete', ttlMs: 0, cacheScope: 'private' },
    ],
    [
      'has no hints while it asks',
      'resources/read',
      { resultType: 'input_required', requestState: 's' },
      { resultType: 'input_required', requestState: 's' },
    ],
  ];
  it.each(rows)('%s', (_, method, given, becomes) => {
    const text = JSON.stringify(given);
    const forms = [
      { kind: 'relayed', response: raw('result', given) },
      { kind: 'made', result: given },
      { kind: 'text', text },
    ] as const;
    for (const reply of forms) {
      const got = modernReply(method, reply, terms);
      expect(shown(got)).toEqual({ result: becomes });
      expect(shown(modernReply(method, got, terms))).toEqual({ result: becomes });
    }
  });

  it('says who serves it in discovery only', () => {
    const made = { kind: 'made', result: { supportedVersions: [], _meta: { own: 1 } } } as const;
    expect(shown(modernReply('server/discover', made, terms))).toEqual({
      result: {
        resultType: 'complete',
        supportedVersions: [],
        ...hints,
        _meta: { own: 1, 'io.modelcontextprotocol/serverInfo': terms.serverInfo },
      },
    });
  });
});

describe('the bytes of a relayed result', () => {
  const relay = (method: string, line: string) => {
    const reply = modernReply(method, { kind: 'relayed', response: rawResponse(line) }, terms);
    if (reply.kind !== 'relayed') throw new Error(reply.kind);
    const { response } = reply;
    return { line: response.line.toString(), id: response.line.toString('utf8', ...response.id) };
  };

  const full =
    '{"jsonrpc":"2.0","id":7,"result": {"contents":[],"ttlMs":5 ,"cacheScope":"private","resultType":"complete"}}';
  it('stay when it says everything', () => {
    expect(relay('resources/read', full).line).toBe(full);
  });

  it('stay but for what is missing', () => {
    const { line, id } = relay(
      'tools/call',
      '{"result": {"n":12345678901234567890, "é":1.0 }, "own":1,"jsonrpc":"2.0","id":"seven"}',
    );
    expect(line).toBe(
      '{"result": {"resultType":"complete","n":12345678901234567890, "é":1.0 }, "own":1,"jsonrpc":"2.0","id":"seven"}',
    );
    expect(id).toBe('"seven"');
  });

  it('of each value stay where hints are put in', () => {
    const { line, id } = relay(
      'resources/read',
      '{"id":7,"jsonrpc":"2.0","result":{"n":12345678901234567890,"ttlMs":1e9,"b":[ 1.0 ]}}',
    );
    expect(line).toBe(
      '{"id":7,"jsonrpc":"2.0","result":{"resultType":"complete","n":12345678901234567890,"b":[ 1.0 ],"ttlMs":1000,"cacheScope":"private"}}',
    );
    expect(id).toBe('7');
  });

  it('stay under keys with escapes', () => {
    const { line } = relay(
      'resources/read',
      '{"jsonrpc":"2.0","id":7,"result":{"a\\"b":1,"contents":[]}}',
    );
    expect(JSON.parse(line)).toEqual({
      jsonrpc: '2.0',
      id: 7,
      result: { resultType: 'complete', 'a"b': 1, contents: [], ...hints },
    });
  });

  it('are an error when the result is no object', () => {
    const line = '{"jsonrpc":"2.0","id":7,"result":[]}';
    expect(JSON.parse(relay('tools/call', line).line)).toMatchObject({
      error: { code: -32603, message: 'the server answered with a result that is no object' },
    });
  });
});

describe('an error', () => {
  const rows: readonly [name: string, code: number, becomes: number][] = [
    ['of a resource that is not there', -32002, -32602],
    ['that wants an elicitation by URL', -32042, -32603],
    ['of the modern era', -32021, -32021],
    ['of the gate', 4003, 4003],
  ];
  it.each(rows)('%s', (_, code, becomes) => {
    const error = { code, message: 'm', data: { uri: 'a:b' } };
    const wanted = { error: { ...error, code: becomes } };
    const relayed = { kind: 'relayed', response: raw('error', error) } as const;
    expect(shown(modernReply('tools/call', relayed, terms))).toEqual(wanted);
    expect(shown(modernReply('tools/call', { kind: 'refused', error }, terms))).toEqual(wanted);
  });
});
