import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isObject } from '../../src/core/json.ts';
import type { Incoming } from '../../src/wire/contract.ts';
import { readMessage } from '../../src/wire/read-message.ts';

const read = (text: string) => readMessage(Buffer.from(text));
const fold = (key: string) => key.toLowerCase().toUpperCase().toLowerCase();

function responseOf(message: Incoming) {
  if (message.kind !== 'response') throw new Error(`expected a response, got ${message.kind}`);
  const { line, id, value } = message.response;
  return {
    ...message.response,
    text: line.toString(),
    idText: line.toString('utf8', ...id),
    value: JSON.parse(line.toString('utf8', ...value)),
  };
}

describe('readMessage reads requests and notifications', () => {
  const rows: readonly [name: string, text: string, message: Incoming][] = [
    [
      'a request',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}',
      { kind: 'request', id: 1, method: 'tools/call', params: { name: 'x' }, extras: undefined },
    ],
    [
      'a request with the id 0',
      '{"jsonrpc":"2.0","id":0,"method":"ping"}',
      { kind: 'request', id: 0, method: 'ping', params: undefined, extras: undefined },
    ],
    [
      'a request with an empty id',
      '{"jsonrpc":"2.0","id":"","method":"ping","params":{}}',
      { kind: 'request', id: '', method: 'ping', params: {}, extras: undefined },
    ],
    [
      'params that are null as none',
      '{"jsonrpc":"2.0","id":"a","method":"ping","params":null}',
      { kind: 'request', id: 'a', method: 'ping', params: undefined, extras: undefined },
    ],
    [
      'members that it does not know',
      '{"x":[1],"jsonrpc":"2.0","id":1,"method":"ping","y":null}',
      { kind: 'request', id: 1, method: 'ping', params: undefined, extras: { x: [1], y: null } },
    ],
    [
      'escaped keys',
      '{"jsonrpc":"2.0","\\u0069d":1,"m\\u0065thod":"ping"}',
      { kind: 'request', id: 1, method: 'ping', params: undefined, extras: undefined },
    ],
    [
      'a notification',
      ' {"method":"notifications/initialized","jsonrpc":"2.0"} ',
      {
        kind: 'notification',
        method: 'notifications/initialized',
        params: undefined,
        extras: undefined,
      },
    ],
  ];
  it.each(rows)('%s', (_, text, message) => {
    expect(read(text)).toEqual(message);
  });

  it('params of any content, unchanged', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ stringUnit: 'binary' })), (params) => {
        const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'm', params });
        fc.pre(!text.includes('"__proto__":'));
        fc.pre(new Set(Object.keys(params).map(fold)).size === Object.keys(params).length);
        expect(read(text)).toMatchObject({ kind: 'request', params: JSON.parse(text).params });
      }),
    );
  });

  it('16 MB of arguments', () => {
    const data = 'x'.repeat(16 * 1024 * 1024);
    const message = read(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'm', params: { data } }));
    expect(message.kind === 'request' && message.params?.['data']).toBe(data);
  });
});

describe('readMessage leaves responses raw', () => {
  const rows: readonly [name: string, text: string, id: string | number, isError: boolean][] = [
    ['a result', '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}', 1, false],
    [
      'a result whose id comes last',
      '{"result":{"a":{"isError":true}},"jsonrpc":"2.0","id":"x"}',
      'x',
      false,
    ],
    ['an error', '{"jsonrpc":"2.0","id":0,"error":{"code":-1,"message":"isError"}}', 0, false],
    [
      'a result that is an error',
      '{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}',
      1,
      true,
    ],
    [
      'a result that is no error',
      '{"jsonrpc":"2.0","id":1,"result":{"isError":false,"content":["isError\\":true"]}}',
      1,
      false,
    ],
    ['isError as a string', '{"jsonrpc":"2.0","id":1,"result":{"isError":"true"}}', 1, false],
    [
      'isError only deep inside',
      '{"jsonrpc":"2.0","id":1,"result":{"content":[{"isError":true}]}}',
      1,
      false,
    ],
    [
      'isError inside an error',
      '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","isError":true}}',
      1,
      false,
    ],
    [
      'members that it does not know',
      '{"x":[1,{}],"jsonrpc":"2.0","id":1,"result":{},"y":null}',
      1,
      false,
    ],
    [
      'white space',
      ' { "jsonrpc" : "2.0" , "id" : 1 , "result" : { "isError" : true } } ',
      1,
      true,
    ],
    [
      'numbers that no double holds',
      '{"jsonrpc":"2.0","id":1,"result":{"n":12345678901234567890}}',
      1,
      false,
    ],
    ['an id with escapes', '{"jsonrpc":"2.0","id":"\\u0061","result":{}}', 'a', false],
    ['a result that is no object', '{"jsonrpc":"2.0","id":1,"result":"text"}', 1, false],
  ];
  it.each(rows)('%s', (_, text, id, isError) => {
    const line = Buffer.from(text);
    const message = readMessage(line);
    expect(message).toMatchObject({ kind: 'response', id, response: { isError } });
    const response = responseOf(message);
    const parsed = JSON.parse(text);
    expect(response.line).toBe(line);
    expect(JSON.parse(response.idText)).toBe(id);
    expect(response.kind).toBe('result' in parsed ? 'result' : 'error');
    expect(response.value).toEqual(parsed[response.kind]);
  });

  it('with spans that let any id be put in', () => {
    const id = fc.oneof(
      fc.string({ unit: 'binary' }).filter((each) => each.isWellFormed()),
      fc.integer(),
    );
    const result = fc.dictionary(fc.string(), fc.jsonValue({ stringUnit: 'binary' }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(id, result, fc.boolean(), fc.boolean(), (theirs, value, first, failed) => {
        const body = failed ? { error: value } : { result: value };
        const text = JSON.stringify(
          first ? { id: theirs, jsonrpc: '2.0', ...body } : { ...body, jsonrpc: '2.0', id: theirs },
        );
        fc.pre(!text.includes('"__proto__":'));
        const response = responseOf(read(text));
        const [start, end] = response.id;
        const spliced = Buffer.concat([
          response.line.subarray(0, start),
          Buffer.from('"new"'),
          response.line.subarray(end),
        ]);
        expect(JSON.parse(spliced.toString())).toEqual({ ...JSON.parse(text), id: 'new' });
        expect(response.isError).toBe(!failed && isObject(value) && value['isError'] === true);
      }),
      { numRuns: 500 },
    );
  });

  it('on one line, when it came on several', () => {
    const pretty = JSON.stringify(
      { jsonrpc: '2.0', id: 1, result: { text: 'a\nb', n: [1] } },
      undefined,
      2,
    );
    const windows = pretty.replaceAll('\n', '\r\n').replace('[', '[12345678901234567890,');
    const response = responseOf(read(windows));
    expect(response.text).not.toMatch(/[\r\n]/);
    expect(response.text).toBe(windows.replaceAll(/[\r\n]/g, ' '));
    expect(response.value).toEqual(JSON.parse(windows).result);
  });

  it('16 MB of result', () => {
    const line = Buffer.from(
      JSON.stringify({ result: { data: 'x'.repeat(16 * 1024 * 1024) }, jsonrpc: '2.0', id: 9 }),
    );
    const message = readMessage(line);
    expect(message).toMatchObject({ kind: 'response', id: 9 });
    expect(responseOf(message).line).toBe(line);
  });

  it('10,000 levels of result', () => {
    const line = Buffer.from(
      `{"jsonrpc":"2.0","id":1,"result":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    );
    const message = readMessage(line);
    expect(message).toMatchObject({
      kind: 'response',
      id: 1,
      response: { value: [33, 20_033], isError: false },
    });
  });
});

describe('readMessage writes a response anew where its scan is not sure', () => {
  const rows: readonly [name: string, text: string, line: string, isError: boolean][] = [
    [
      'escaped members',
      '{"\\u006asonrpc":"2.0","i\\u0064":7,"resul\\u0074":{"a":1}}',
      '{"jsonrpc":"2.0","id":7,"result":{"a":1}}',
      false,
    ],
    [
      'an escaped version',
      '{"jsonrpc":"2\\u002e0","id":"é","result":{"a":"日"},"x":1}',
      '{"jsonrpc":"2.0","id":"é","result":{"a":"日"},"x":1}',
      false,
    ],
    [
      'an escaped isError',
      '{"jsonrpc":"2.0","id":7,"result":{"is\\u0045rror":true}}',
      '{"jsonrpc":"2.0","id":7,"result":{"isError":true}}',
      true,
    ],
    [
      'an escaped error',
      '{"jsonrpc":"2.0","id":7,"err\\u006fr":{"code":1,"message":""}}',
      '{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":""}}',
      false,
    ],
  ];
  it.each(rows)('%s', (_, text, line, isError) => {
    const response = responseOf(read(text));
    const parsed = JSON.parse(line);
    expect(response.text).toBe(line);
    expect(JSON.parse(response.idText)).toBe(parsed.id);
    expect(response.value).toEqual(parsed[response.kind]);
    expect(response.isError).toBe(isError);
  });
});

describe('readMessage refuses', () => {
  const batch = 'batches are not accepted: MCP removed them in 2025-06-18';
  const nobody = { id: null, answers: null };
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  const rows: readonly [
    name: string,
    text: string,
    code: number,
    message: string,
    parties: { id: string | number | null; answers: string | number | null },
  ][] = [
    [
      'broken JSON',
      '{"jsonrpc":"2.0","id":1,',
      -32700,
      'not valid json at offset 24: expected a key',
      nobody,
    ],
    [
      'a line that is no JSON',
      'Server started',
      -32700,
      'not valid json at offset 0: expected a value',
      nobody,
    ],
    [
      'broken params of a request that can be told',
      '{"jsonrpc":"2.0","id":5,"method":"m","params":{"a":tru}}',
      -32700,
      'not valid json at offset 51: expected a value',
      { id: 5, answers: null },
    ],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"tools/call"}]', -32600, batch, nobody],
    ['a batch behind white space', ' \t[]', -32600, batch, nobody],
    ['a broken batch', '[', -32600, batch, nobody],
    ['a scalar', '42', -32600, 'a message must be a json object', nobody],
    ['an empty object', '{}', -32600, '"jsonrpc" must be "2.0"', nobody],
    [
      'no version',
      '{"id":3,"method":"m"}',
      -32600,
      '"jsonrpc" must be "2.0"',
      { id: 3, answers: null },
    ],
    [
      'another version',
      '{"jsonrpc":"1.0","id":3,"method":"m"}',
      -32600,
      '"jsonrpc" must be "2.0"',
      { id: 3, answers: null },
    ],
    [
      'a version as a number',
      '{"jsonrpc":2.0,"id":3,"method":"m"}',
      -32600,
      '"jsonrpc" must be "2.0"',
      { id: 3, answers: null },
    ],
    [
      'a response without a version',
      '{"id":3,"result":{}}',
      -32600,
      '"jsonrpc" must be "2.0"',
      { id: null, answers: 3 },
    ],
    [
      'nothing to do',
      '{"jsonrpc":"2.0","id":3}',
      -32600,
      'expected "method", "result" or "error"',
      nobody,
    ],
    [
      'a request with the id null',
      '{"jsonrpc":"2.0","id":null,"method":"m"}',
      -32600,
      '"id" must be a string or a number',
      nobody,
    ],
    [
      'a request with an object as id',
      '{"jsonrpc":"2.0","id":{},"method":"m"}',
      -32600,
      '"id" must be a string or a number',
      nobody,
    ],
    [
      'a request with true as id',
      '{"jsonrpc":"2.0","id":true,"method":"m"}',
      -32600,
      '"id" must be a string or a number',
      nobody,
    ],
    [
      'a method that is no string',
      '{"jsonrpc":"2.0","id":3,"method":1}',
      -32600,
      '"method" must be a string',
      { id: 3, answers: null },
    ],
    [
      'method and result',
      '{"jsonrpc":"2.0","id":3,"method":"m","result":{}}',
      -32600,
      'expected either "method" or a result, got both',
      nobody,
    ],
    [
      'method and error',
      '{"jsonrpc":"2.0","id":3,"method":"m","error":{}}',
      -32600,
      'expected either "method" or a result, got both',
      nobody,
    ],
    [
      'result and error',
      '{"jsonrpc":"2.0","id":3,"result":{},"error":{}}',
      -32600,
      'expected "result" or "error", got both',
      { id: null, answers: 3 },
    ],
    [
      'a response without an id',
      '{"jsonrpc":"2.0","result":{}}',
      -32600,
      'a response must have an "id"',
      nobody,
    ],
    [
      'a response to nobody',
      '{"jsonrpc":"2.0","id":null,"error":{}}',
      -32600,
      '"id" must be a string or a number',
      nobody,
    ],
    [
      'params that are an array',
      '{"jsonrpc":"2.0","id":3,"method":"m","params":[1]}',
      -32600,
      '"params" must be an object',
      { id: 3, answers: null },
    ],
    [
      'params that are a string',
      '{"jsonrpc":"2.0","method":"m","params":"x"}',
      -32600,
      '"params" must be an object',
      nobody,
    ],
    [
      'a repeated argument',
      '{"jsonrpc":"2.0","id":3,"method":"m","params":{"a":1,"a":2}}',
      -32600,
      'duplicate key "a" at offset 53',
      { id: 3, answers: null },
    ],
    [
      'a repeated method',
      '{"jsonrpc":"2.0","id":3,"method":"m","method":"n"}',
      -32600,
      'duplicate key "method" at offset 37',
      { id: 3, answers: null },
    ],
    [
      'a repeated result',
      '{"jsonrpc":"2.0","id":3,"result":{},"result":{}}',
      -32600,
      'duplicate key "result" at offset 36',
      { id: null, answers: 3 },
    ],
    [
      'a repeated isError',
      '{"jsonrpc":"2.0","id":3,"result":{"isError":true,"isError":false}}',
      -32600,
      'duplicate key "isError" at offset 49',
      { id: null, answers: 3 },
    ],
    [
      '__proto__',
      '{"jsonrpc":"2.0","id":3,"method":"m","params":{"__proto__":{}}}',
      -32600,
      'key "__proto__" is not accepted',
      { id: 3, answers: null },
    ],
    [
      'a lone surrogate',
      '{"jsonrpc":"2.0","id":3,"method":"m","params":{"a":"\\ud800"}}',
      -32600,
      'lone surrogate in the string under "a"',
      { id: 3, answers: null },
    ],
    [
      'a number that changes',
      '{"jsonrpc":"2.0","id":"q","method":"m","params":{"a":9007199254740993}}',
      -32600,
      'number at offset 53 does not survive parsing',
      { id: 'q', answers: null },
    ],
    [
      '10,000 levels of params',
      `{"jsonrpc":"2.0","id":3,"method":"m","params":{"a":${deep}}}`,
      -32600,
      'nests deeper than 128 levels at offset 177',
      { id: 3, answers: null },
    ],
    [
      '10,000 levels and a repeated id',
      `{"jsonrpc":"2.0","id":3,"id":4,"method":"m","params":{"a":${deep}}}`,
      -32600,
      'nests deeper than 128 levels at offset 184',
      { id: 4, answers: null },
    ],
  ];
  it.each(rows)('%s', (_, text, code, message, parties) => {
    expect(read(text)).toEqual({ kind: 'invalid', error: { code, message }, ...parties });
  });

  it('a response with invalid utf-8, and says whose answer it was', () => {
    const line = Buffer.concat([
      Buffer.from('{"jsonrpc":"2.0","id":3,"result":{"a":"'),
      Buffer.from([0xff]),
      Buffer.from('"}}'),
    ]);
    expect(readMessage(line)).toEqual({
      kind: 'invalid',
      id: null,
      answers: 3,
      error: { code: -32700, message: 'not valid utf-8' },
    });
  });

  it('any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(readMessage(Buffer.concat([Buffer.from('{"'), bytes])).kind).toBe('invalid');
      }),
    );
  });
});
