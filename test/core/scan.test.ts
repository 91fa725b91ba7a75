import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanObject } from '../../src/core/scan.ts';

const plainKey = fc
  .string({ unit: 'grapheme' })
  .filter((key) => key !== '__proto__' && JSON.stringify(key) === `"${key}"`);
const members = fc.dictionary(plainKey, fc.jsonValue({ stringUnit: 'binary' }), {
  noNullPrototype: true,
});

function texts(bytes: Buffer, spans: ReadonlyMap<string, readonly [number, number]>) {
  return Object.fromEntries(
    [...spans].map(([key, [start, end]]) => [key, JSON.parse(bytes.toString('utf8', start, end))]),
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('scanObject', () => {
  it('finds the members that JSON.parse finds', () => {
    fc.assert(
      fc.property(members, fc.constantFrom(undefined, 1, '\t', ' \r\n'), (value, space) => {
        const bytes = Buffer.from(` ${JSON.stringify(value, undefined, space)}\n`);
        const scan = scanObject(bytes);
        expect(scan && texts(bytes, scan.members)).toEqual(JSON.parse(bytes.toString()));
        expect(scan?.inner).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it('finds the members of the member that was asked for', () => {
    fc.assert(
      fc.property(members, members, (before, result) => {
        const bytes = Buffer.from(JSON.stringify({ ...before, result, id: 1 }));
        const scan = scanObject(bytes, 'result');
        expect(scan?.inner && texts(bytes, scan.inner)).toEqual(JSON.parse(JSON.stringify(result)));
      }),
      { numRuns: 500 },
    );
  });

  it('never takes for an object what JSON.parse reads otherwise', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '"a"',
      '"b":',
      '"a":',
      ':',
      ',',
      '1',
      '"\\\\"',
      '"\\""',
      'null',
      ' ',
      '[1]',
      '{}',
      '-',
      'x',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 10 }), (parts) => {
        const bytes = Buffer.from(`{${parts.join('')}`);
        const scan = scanObject(bytes);
        if (scan === null) return;
        // What is deeper is only skipped, so nothing but that may be broken.
        const nested = [...scan.members.values()].map((span) => bytes.toString('utf8', ...span));
        if (nested.some((text) => /^[[{]/.test(text) && !isJson(text))) return;
        expect(texts(bytes, scan.members)).toEqual(JSON.parse(bytes.toString()));
      }),
      { numRuns: 5000, examples: [[['"a":', '{', '[1]', '}', '}']]] },
    );
  });

  const unsure: readonly [name: string, text: string][] = [
    ['an empty line', ''],
    ['white space', '  '],
    ['an array', '[{"a":1}]'],
    ['a scalar', '1'],
    ['a key twice', '{"id":1,"id":2}'],
    ['an escaped key', '{"\\u0069d":1}'],
    ['a control character in a key', '{"a\u0001":1}'],
    ['a second document', '{"id":1}{"id":2}'],
    ['bytes behind the end', '{"id":1} x'],
    ['an open object', '{"id":1'],
    ['an open string', '{"id":"1}'],
    ['a string that ends in an escaped quote', '{"id":"1\\"}'],
    ['an open array', '{"a":[1,[2]}'],
    ['an open string inside', '{"a":["x]}'],
    ['a missing value', '{"a":}'],
    ['a missing comma', '{"a":1 "b":2}'],
    ['a trailing comma', '{"a":1,}'],
    ['a missing colon', '{"a" 1}'],
    ['an unknown word', '{"a":undefined}'],
    ['a number that JSON lacks', '{"id":01}'],
    ['a comment', '{"a":1/*,"b":2*/}'],
    [
      'a repeated key inside the member that was asked for',
      '{"result":{"isError":true,"isError":false}}',
    ],
    ['an escaped key inside the member that was asked for', '{"result":{"is\\u0045rror":true}}'],
  ];
  it.each(unsure)('is not sure about %s', (_, text) => {
    expect(scanObject(Buffer.from(text), 'result')).toBeNull();
  });

  it('skips 10,000 levels without recursion', () => {
    const bytes = Buffer.from(`{"a":${'['.repeat(10_000)}${']'.repeat(10_000)},"id":7}`);
    expect(scanObject(bytes)?.members.get('id')).toEqual([20_011, 20_012]);
  });

  it('skips long strings with quotes and backslashes in them', () => {
    const text = `${'x'.repeat(60)}\\"${'"y"\\'.repeat(100)}`;
    const bytes = Buffer.from(JSON.stringify({ text, id: 3 }));
    const scan = scanObject(bytes);
    expect(scan && texts(bytes, scan.members)).toEqual({ text, id: 3 });
  });
});
