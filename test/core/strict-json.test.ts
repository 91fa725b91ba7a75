import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GateError } from '../../src/core/errors.ts';
import { maxJsonDepth, parseStrict, readStrict } from '../../src/core/strict-json.ts';

function failure(text: string | Buffer): GateError {
  try {
    parseStrict(text);
  } catch (thrown) {
    if (thrown instanceof GateError) return thrown;
    throw thrown;
  }
  throw new Error('it was accepted');
}

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('parseStrict refuses', () => {
  const rows: readonly [name: string, text: string | Buffer, message: string | RegExp][] = [
    ['an empty text', '', 'not valid json at offset 0: expected a value'],
    ['a text that ends early', '{"a":', 'not valid json at offset 5: expected a value'],
    ['a missing comma', '{"a":1 "b":2}', 'not valid json at offset 7: expected "," or "}"'],
    ['a missing colon', '{"a" 1}', 'not valid json at offset 5: expected ":"'],
    ['a trailing comma in an object', '{"a":1,}', 'not valid json at offset 7: expected a key'],
    ['a trailing comma in an array', '[1,]', 'not valid json at offset 3: expected a value'],
    ['an unclosed array', '[1', 'not valid json at offset 2: expected "," or "]"'],
    ['an unclosed string', '"abc', 'not valid json at offset 4: expected a closing quote'],
    [
      'a raw control character',
      '"a\nb"',
      'not valid json at offset 2: expected no control character',
    ],
    ['an unknown escape', '"a\\x"', 'not valid json at offset 2: expected an escape'],
    ['a second document', '{} {}', 'not valid json at offset 3: expected the end'],
    [
      'a word that JSON lacks',
      '{"secret":hunter2}',
      'not valid json at offset 10: expected a value',
    ],
    ['a number with a leading zero', '{"a":01}', 'not valid json at offset 6: expected "," or "}"'],
    ['a single quote', "{'a':1}", 'not valid json at offset 1: expected a key'],
    ['a byte order mark', '\ufeff{}', 'not valid json at offset 0: expected a value'],
    ['offsets that count bytes', '["é" 1]', 'not valid json at offset 6: expected "," or "]"'],
    ['invalid utf-8', Buffer.from([0x22, 0xff, 0x22]), 'not valid utf-8'],
    ['an overlong utf-8 form', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 'not valid utf-8'],
    ['a surrogate in utf-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'not valid utf-8'],
    ['a key twice', '{"a":1,"a":2}', 'duplicate key "a" at offset 7'],
    [
      'a key twice, deep inside',
      '{"x":[{"y":{"k":1,"b":2,"k":3}}]}',
      'duplicate key "k" at offset 24',
    ],
    [
      'a key twice, once as an escape',
      '{"path":1,"p\\u0061th":2}',
      'duplicate key "path" at offset 10',
    ],
    ['the empty key twice', '{"":1,"":2}', 'duplicate key "" at offset 6'],
    ['a key twice beside braces in strings', '{"a":"}:{","a":1}', 'duplicate key "a" at offset 11'],
    [
      'a hostile duplicate key',
      '{"\\u001b[31m":1,"\\u001b[31m":2}',
      'duplicate key "\\u001b[31m" at offset 16',
    ],
    ['__proto__', '{"__proto__":{"admin":true}}', 'key "__proto__" is not accepted'],
    ['__proto__ as an escape', '{"a":{"__pr\\u006fto__":1}}', 'key "__proto__" is not accepted'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}', 'duplicate key "__proto__" at offset 15'],
    ['a lone high surrogate', '{"k":"\\ud800"}', 'lone surrogate in the string under "k"'],
    ['a lone low surrogate', '["\\uDC00"]', 'lone surrogate in a string'],
    [
      'surrogates in the wrong order',
      '{"k":["\\udc00\\ud800"]}',
      'lone surrogate in the string under "k"',
    ],
    ['a lone surrogate in a key', '{"\\ud800":1}', 'lone surrogate in a key'],
    ['a lone surrogate in the text', '"\ud800"', 'lone surrogate in the text'],
    [
      'an integer that changes',
      '{"n":9007199254740993}',
      'number at offset 5 does not survive parsing',
    ],
    [
      'a negative integer that changes',
      '[-12345678901234567890]',
      'number at offset 1 does not survive parsing',
    ],
    [
      'an integer whose double is written otherwise',
      '12345678901234567168',
      'number at offset 0 does not survive parsing',
    ],
    [
      'a changing integer with a point',
      '9007199254740993.0',
      'number at offset 0 does not survive parsing',
    ],
    [
      'a changing integer with an exponent',
      '90071992547409930e-1',
      'number at offset 0 does not survive parsing',
    ],
    [
      'a great number with a fraction that changes',
      '12345678901234567.89',
      'number at offset 0 does not survive parsing',
    ],
    ['an overflow', '[1,1e400]', 'number at offset 3 does not survive parsing'],
    ['a negative overflow', '-1E+309', 'number at offset 0 does not survive parsing'],
    ['an overflow of digits', '9'.repeat(400), 'number at offset 0 does not survive parsing'],
    ['an underflow to zero', '1e-400', 'number at offset 0 does not survive parsing'],
    ['one level too deep', nested(maxJsonDepth + 1), 'nests deeper than 128 levels at offset 128'],
    ['10,000 levels', nested(10_000), 'nests deeper than 128 levels at offset 128'],
    [
      '10,000 levels of objects',
      `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
      'nests deeper than 128 levels at offset 640',
    ],
    [
      '10,000 levels that are never closed',
      '['.repeat(10_000),
      'nests deeper than 128 levels at offset 128',
    ],
  ];
  it.each(rows)('%s', (_, text, message) => {
    const error = failure(text);
    expect(error.code).toBe('invalid_json');
    expect(error.message).toBe(message);
    const bytes = typeof text === 'string' && text.isWellFormed() ? Buffer.from(text) : text;
    expect(failure(bytes).message).toBe(message);
  });

  it('a long key by its first 64 characters only', () => {
    const key = 'k'.repeat(1000);
    expect(failure(`{"${key}":1,"${key}":2}`).message).toBe(
      `duplicate key "${'k'.repeat(64)}..." at offset 1006`,
    );
  });
});

describe('parseStrict accepts', () => {
  const rows: readonly [name: string, text: string][] = [
    ['the deepest nesting', nested(maxJsonDepth)],
    ['many brackets that are not nested', `[${'[],'.repeat(5000)}[]]`],
    ['brackets and colons inside strings', '{"a":"[[[{{{:::","b":"\\"[:"}'],
    ['an escaped backslash before a closing quote', '{"a\\\\":"\\\\","b":1}'],
    [
      'a long string that ends in backslashes',
      `{"a":"${'x'.repeat(100)}\\\\","b":"${'\\\\'.repeat(60)}"}`,
    ],
    ['equal keys of different objects', '{"a":{"a":[{"a":1},{"a":2}]}}'],
    ['keys that differ by case', '{"a":1,"A":2}'],
    [
      'names of Object.prototype',
      '{"constructor":1,"toString":2,"hasOwnProperty":3,"prototype":4}',
    ],
    ['__proto__ as a value', '["__proto__"]'],
    ['a surrogate pair as escapes', '{"\\ud83d\\ude00":"\\ud83d\\ude00"}'],
    ['the greatest safe integers', '[9007199254740991,-9007199254740991]'],
    [
      'a great integer that survives',
      '[9007199254740992,1e21,100000000000000000000000,123456789e40]',
    ],
    ['rounded fractions', '[3.14159265358979323846264338,0.1,1.10,1e-7,9007199254740991.25]'],
    ['zeros', '[0,-0,0.0,0e999999999999,0.000000000000000000000]'],
    ['digits in strings', '["12345678901234567890","1e999"]'],
    ['white space', ' \t\r\n{ "a" : [ 1 , 2 ] } \n'],
    ['scalars', 'true'],
    ['null', 'null'],
  ];
  it.each(rows)('%s', (_, text) => {
    expect(parseStrict(text)).toEqual(JSON.parse(text));
    expect(parseStrict(Buffer.from(text))).toEqual(JSON.parse(text));
  });

  it('what JSON.stringify wrote', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ stringUnit: 'binary', maxDepth: 6 }),
        fc.boolean(),
        (value, indented) => {
          const text = JSON.stringify(value, undefined, indented ? 2 : undefined);
          fc.pre(!text.includes('"__proto__":'));
          expect(parseStrict(Buffer.from(text))).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('16 MB in one string', () => {
    const text = JSON.stringify({ data: 'x'.repeat(16 * 1024 * 1024), n: 1 });
    expect(parseStrict(Buffer.from(text))).toEqual(JSON.parse(text));
  });
});

describe('readStrict', () => {
  it('finds a repeated key wherever it stands', () => {
    const key = fc.string({ minLength: 1 }).filter((each) => each !== '__proto__');
    fc.assert(
      fc.property(
        key,
        fc.jsonValue(),
        fc.jsonValue(),
        fc.integer({ min: 0, max: 20 }),
        (name, one, two, depth) => {
          const inner = `{${JSON.stringify(name)}:${JSON.stringify(one)},${escaped(name)}:${JSON.stringify(two)}}`;
          const text = `${'[{"a":'.repeat(depth)}${inner}${'}]'.repeat(depth)}`;
          fc.pre(!text.includes('"__proto__":'));
          expect(readStrict(text)).toMatchObject({ kind: 'refused', rule: 'duplicate_key' });
        },
      ),
    );
  });

  it('agrees with JSON.parse on what is JSON at all', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '"a"',
      '\\',
      '1',
      '-',
      'e5',
      '.',
      'true',
      'null',
      ' ',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const read = readStrict(text);
        if (read.kind !== 'broken') expect(() => JSON.parse(text)).not.toThrow();
        else {
          expect(() => JSON.parse(text)).toThrow();
          expect(read.reason).toMatch(/^not valid json at offset \d+: expected /);
        }
      }),
      { numRuns: 3000 },
    );
  });

  const rules: readonly [rule: string, text: string][] = [
    ['depth', nested(129)],
    ['duplicate_key', '{"a":1,"a":2}'],
    ['proto_key', '{"__proto__":1}'],
    ['lone_surrogate', '"\\ud800"'],
    ['number', '1e999'],
  ];
  it.each(rules)('names the rule %s', (rule, text) => {
    expect(readStrict(text)).toMatchObject({ kind: 'refused', rule });
  });
});

function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`;
}
