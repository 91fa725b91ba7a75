import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical } from '../../src/core/canonical.ts';
import { GateError } from '../../src/core/errors.ts';
import type { Json } from '../../src/core/json.ts';

/** Keys where orders differ: integer-like ones, which engines move to the front, and pairs, which sort by code unit. */
const keys = fc.oneof(
  fc.integer({ min: 0, max: 20 }).map(String),
  fc.constantFrom(
    '01',
    '-1',
    '4294967295',
    'a',
    'A',
    '',
    'é',
    '\ufb33',
    '\u{1f600}',
    '\u{10000}',
    '\uffff',
    'toJSON',
  ),
  fc.string({ unit: 'binary' }),
);

const { value: json } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.string({ unit: 'binary' }), fc.boolean(), fc.constant(null), fc.integer()),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value')),
    fc.dictionary(keys, tie('value'), { noNullPrototype: true }),
  ),
}));

describe('canonical', () => {
  it('is what the canonicalize package writes, for any JSON', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonical(value)).toBe(canonicalize(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.dictionary(keys, json, { noNullPrototype: true }), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonical(reversed)).toBe(canonical(value));
      }),
    );
  });

  it('reads back as the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonical(value);
        expect(canonical(JSON.parse(text))).toBe(text);
      }),
    );
  });

  const pinned: readonly [name: string, value: Json, text: string][] = [
    ['integer-like keys by their text', { '10': 1, '9': 2, '1': 3 }, '{"1":3,"10":1,"9":2}'],
    ['keys by utf-16 code units', { '\ufb33': 1, '\u{1f600}': 2 }, '{"\u{1f600}":2,"\ufb33":1}'],
    [
      'numbers as ECMAScript does',
      [1e21, 1e-7, -0, 4.5, 333333333.3333333],
      '[1e+21,1e-7,0,4.5,333333333.3333333]',
    ],
    ['control characters in short form', '\b\t\n\u000f"\\', '"\\b\\t\\n\\u000f\\"\\\\"'],
    ['absent members left out', { b: undefined, a: 1 }, '{"a":1}'],
  ];
  it.each(pinned)('writes %s', (_, value, text) => {
    expect(canonical(value)).toBe(text);
  });

  const refused: readonly [name: string, value: Json][] = [
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate deep inside', { a: [{ b: 'x\udc00' }] }],
    ['a lone surrogate in a key', { '\ud800': 1 }],
    ['a lone surrogate beside members out of order', { b: 1, a: '\ud800' }],
    ['a lone surrogate in a key out of order', { b: 1, a: { '\udfff': 1 } }],
    ['NaN', Number.NaN],
    ['an infinity', { a: Number.POSITIVE_INFINITY }],
    ['an infinity beside members out of order', { b: 1, a: Number.NEGATIVE_INFINITY }],
  ];
  it.each(refused)('refuses %s', (_, value) => {
    expect(() => canonical(value)).toThrow(
      expect.objectContaining({
        name: 'GateError',
        code: 'invalid_json',
        message: 'value has no canonical form',
      }),
    );
    expect(() => canonical(value)).toThrow(GateError);
  });
});
