import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMessage } from '../../src/wire/read-message.ts';

const read = (text: string) => readMessage(Buffer.from(text));

describe('readMessage refuses a key that a parser without case takes for another', () => {
  const request = (members: string) => `{"jsonrpc":"2.0","id":3,"method":"tools/call",${members}}`;
  const params = (members: string) => request(`"params":{${members}}`);
  const args = (value: string) => params(`"name":"x","arguments":${value}`);
  const expected = (name: string, got: string) => `expected the key "${name}", got "${got}"`;
  const clash = (one: string, other: string) => `keys "${one}" and "${other}" differ by case only`;

  const requests: readonly [name: string, text: string, message: string][] = [
    ['a second method', request('"Method":"ping"'), expected('method', 'Method')],
    ['second params', request('"params":{},"PARAMS":{}'), expected('params', 'PARAMS')],
    ['params with a long s', request('"paramſ":{}'), expected('params', 'paramſ')],
    ['params with an escaped long s', request('"param\\u017f":{}'), expected('params', 'paramſ')],
    ['a second id', request('"ID":4'), expected('id', 'ID')],
    ['a second version', request('"JsonRpc":"2.0"'), expected('jsonrpc', 'JsonRpc')],
    ['a result', request('"Result":{}'), expected('result', 'Result')],
    ['an error', request('"eRROR":{}'), expected('error', 'eRROR')],
    ['a second name', params('"name":"x","Name":"y"'), expected('name', 'Name')],
    ['a name alone', params('"NAME":"y"'), expected('name', 'NAME')],
    ['arguments', params('"name":"x","argumentſ":{}'), expected('arguments', 'argumentſ')],
    ['a uri', params('"Uri":"file:///"'), expected('uri', 'Uri')],
    ['a reference', params('"REF":{}'), expected('ref', 'REF')],
    ['an argument', params('"Argument":{}'), expected('argument', 'Argument')],
    ['metadata', params('"_Meta":{}'), expected('_meta', '_Meta')],
    ['a task', params('"tasK":{}'), expected('task', 'tasK')],
    ['a cursor', params('"Cursor":""'), expected('cursor', 'Cursor')],
    ['a level', params('"Level":"debug"'), expected('level', 'Level')],
    ['the name in a reference', params('"ref":{"uri":"a:b","Name":"x"}'), expected('name', 'Name')],
    ['the value of an argument', params('"argument":{"Value":"x"}'), expected('value', 'Value')],
    [
      'a progress token',
      params('"_meta":{"progresstoken":1}'),
      expected('progressToken', 'progresstoken'),
    ],
    ['a request state', params('"RequestState":""'), expected('requestState', 'RequestState')],
    [
      'input responses',
      params('"inputreſponses":{}'),
      expected('inputResponses', 'inputreſponses'),
    ],
    [
      'a version',
      params('"_meta":{"io.modelcontextprotocol/protocolversion":""}'),
      expected(
        'io.modelcontextprotocol/protocolVersion',
        'io.modelcontextprotocol/protocolversion',
      ),
    ],
    ['two params that nobody knows', params('"novel":1,"Novel":2'), clash('novel', 'Novel')],
    ['two arguments', args('{"path":"/a","Path":"/b"}'), clash('path', 'Path')],
    ['two arguments with a long s', args('{"ſize":1,"size":2}'), clash('ſize', 'size')],
    ['two arguments with a Kelvin sign', args('{"key":1,"Key":2}'), clash('key', 'Key')],
    ['two arguments with a capital sharp s', args('{"ẞ":1,"ß":2}'), clash('ẞ', 'ß')],
    ['two arguments with other letters', args('{"д":1,"Д":2}'), clash('д', 'Д')],
    ['two sigmas', args('{"ς":1,"σ":2}'), clash('ς', 'σ')],
    ['two arguments deep inside', args('[1,{"a":[[{"id":1,"iD":2}]]}]'), clash('id', 'iD')],
    ['two of a hundred', args(hundredAnd('"k7","K7"')), clash('k7', 'K7')],
    [
      'two in the context of a completion',
      params('"context":{"arguments":{"a":"","A":""}}'),
      clash('a', 'A'),
    ],
    [
      'keys that a terminal would obey',
      args('{"a\\u202e":1,"A\\u202e":2}'),
      clash('a\\u202e', 'A\\u202e'),
    ],
  ];
  it.each(requests)('in a request: %s', (_, text, message) => {
    expect(read(text)).toEqual({
      kind: 'invalid',
      id: 3,
      answers: null,
      error: { code: -32600, message },
    });
  });

  const responses: readonly [name: string, members: string, message: string][] = [
    ['a second result', '"result":{},"Result":{}', expected('result', 'Result')],
    ['an error beside a result', '"result":{},"ERROR":{}', expected('error', 'ERROR')],
    ['a second error', '"error":{},"Error":{}', expected('error', 'Error')],
    ['a method', '"result":{},"METHOD":"ping"', expected('method', 'METHOD')],
    ['params with a long s', '"result":{},"paramſ":{}', expected('params', 'paramſ')],
    ['a second id', '"result":{},"Id":4', expected('id', 'Id')],
  ];
  it.each(responses)('in a response: %s', (_, members, message) => {
    expect(read(`{"jsonrpc":"2.0","id":3,${members}}`)).toEqual({
      kind: 'invalid',
      id: null,
      answers: 3,
      error: { code: -32600, message },
    });
  });

  it('in a notification', () => {
    expect(read('{"jsonrpc":"2.0","method":"notifications/x","Params":{}}')).toEqual({
      kind: 'invalid',
      id: null,
      answers: null,
      error: { code: -32600, message: expected('params', 'Params') },
    });
  });

  const fine: readonly [name: string, text: string][] = [
    ['one key in capitals', args('{"PATH":"/a","maxLines":1,"Ä":2}')],
    ['the same key in two objects', args('{"a":{"Path":1},"b":{"path":2}}')],
    ['a hundred keys', args(hundredAnd('"K101"'))],
    ['names of the gate among the arguments', args('{"Name":1,"Method":2,"_Meta":3}')],
    ['equal folds of values', args('{"a":"B","b":"A"}')],
  ];
  it.each(fine)('but not %s', (_, text) => {
    expect(read(text)).toMatchObject({ kind: 'request', params: JSON.parse(text).params });
  });

  it('whichever key it is, by the simple folding of Unicode', () => {
    const letter = fc.constantFrom(...letters());
    fc.assert(
      fc.property(letter, letter, fc.string(), (one, other, rest) => {
        fc.pre(one !== other && new RegExp(`^${one}$`, 'iu').test(other));
        const value = JSON.stringify({ [one + rest]: 1, [other + rest]: 2 });
        expect(read(args(value)).kind).toBe('invalid');
      }),
      { numRuns: 300 },
    );
  });
});

/** A hundred keys and those of the list, as the text of an object. */
function hundredAnd(keys: string): string {
  const own = Array.from({ length: 100 }, (_, at) => [`key${at}`, at]);
  const others = JSON.parse(`[${keys}]`).map((key: string) => [key, 0]);
  return JSON.stringify(Object.fromEntries([...own, ...others]));
}

/** Letters that some others equal but for case, so that random pairs of them often do. */
function letters(): readonly string[] {
  return [...'kKKsSſßẞςσΣåÅÅǄǅǆаАაᲐ'];
}
