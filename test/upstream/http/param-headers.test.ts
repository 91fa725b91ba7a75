import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { headerValue } from '../../../src/upstream/http/header-value.ts';
import { mirrored, paramHeaders } from '../../../src/upstream/http/param-headers.ts';

describe('the value of a mirrored header', () => {
  // The first five are the examples of the specification.
  it.each([
    ['plain text', 'us-west1', 'us-west1'],
    ['other characters', 'Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
    ['spaces at the ends', ' padded ', '=?base64?IHBhZGRlZCA=?='],
    ['a line feed', 'line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
    ['what looks encoded', '=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
    ['spaces inside', 'us west 1', 'us west 1'],
    ['nothing', '', ''],
    ['a carriage return', 'a\r\nX: y', '=?base64?YQ0KWDogeQ==?='],
    ['a tab', 'a\tb', '=?base64?YQli?='],
    ['a delete', 'a\u007f', '=?base64?YX8=?='],
    ['half of what looks encoded', '=?base64?literal', '=?base64?literal'],
    ['another encoding', '=?BASE64?YQ==?=', '=?BASE64?YQ==?='],
  ])('%s', (_name, text, expected) => expect(headerValue(text)).toBe(expected));
});

describe('a schema with "x-mcp-header"', () => {
  const string = (name: unknown): JsonObject => ({ type: 'string', 'x-mcp-header': String(name) });

  const valid: readonly [claim: string, schema: unknown, headers: readonly string[]][] = [
    ['names none', { type: 'object', properties: { a: { type: 'string' } } }, []],
    ['is no schema', true, []],
    ['names one', { properties: { a: string('Region') } }, ['mcp-param-Region']],
    [
      'names one in an object within',
      { properties: { a: { type: 'object', properties: { b: string("!#$%&'*+-.^_`|~9") } } } },
      ["mcp-param-!#$%&'*+-.^_`|~9"],
    ],
    [
      'names an integer and a boolean',
      {
        properties: {
          a: { type: 'integer', 'x-mcp-header': 'A' },
          b: { type: 'boolean', 'x-mcp-header': 'B' },
        },
      },
      ['mcp-param-A', 'mcp-param-B'],
    ],
    ['has a parameter of that name', { properties: { 'x-mcp-header': { type: 'string' } } }, []],
    [
      'has data that looks so',
      { properties: { a: { default: string('A'), enum: [string('B')], const: string('C') } } },
      [],
    ],
  ];
  it.each(valid)('is fine when it %s', (_claim, schema, headers) => {
    const found = paramHeaders(schema);
    expect(found.kind === 'valid' && found.params.map(({ header }) => header)).toEqual(headers);
  });

  const at = (schema: JsonObject): JsonObject => ({ type: 'object', properties: { a: schema } });
  const invalid: readonly [claim: string, schema: JsonObject][] = [
    ['is empty', at(string(''))],
    ['has a space', at(string('My Region'))],
    ['has a colon', at(string('Region:Primary'))],
    ['has other letters', at(string('Région'))],
    ['has a control character', at(string('Region\t1'))],
    ['has a line break', at(string('Region\r\nX: y'))],
    ['is no text', at({ type: 'string', 'x-mcp-header': 7 })],
    ['is null', at({ type: 'string', 'x-mcp-header': null })],
    ['is on a number', at({ type: 'number', 'x-mcp-header': 'A' })],
    ['is on an object', at({ type: 'object', 'x-mcp-header': 'A' })],
    ['is on an array', at({ type: 'array', 'x-mcp-header': 'A' })],
    ['is on null', at({ type: 'null', 'x-mcp-header': 'A' })],
    ['is on several types', at({ type: ['string', 'null'], 'x-mcp-header': 'A' })],
    ['is on no type', at({ 'x-mcp-header': 'A' })],
    ['is on the root', { type: 'string', 'x-mcp-header': 'A' }],
    ['is there twice', { properties: { a: string('A'), b: string('A') } }],
    ['is there twice but for case', { properties: { a: string('Region'), b: string('REGION') } }],
    ['is in items', at({ type: 'array', items: string('A') })],
    ['is in items of objects', at({ items: { properties: { b: string('A') } } })],
    ['is in prefixItems', at({ prefixItems: [string('A')] })],
    ['is in oneOf', at({ oneOf: [string('A')] })],
    ['is in anyOf of the root', { anyOf: [{ properties: { b: string('A') } }] }],
    ['is in allOf', { allOf: [{ properties: { b: string('A') } }] }],
    ['is in not', at({ not: string('A') })],
    ['is in else', { if: {}, else: { properties: { b: string('A') } } }],
    ['is in $defs', { $defs: { b: string('A') }, properties: { a: { $ref: '#/$defs/b' } } }],
    ['is in patternProperties', { patternProperties: { '^b': string('A') } }],
    ['is in additionalProperties', { additionalProperties: string('A') }],
    ['is in a keyword that nobody knows', { other: { deep: [string('A')] } }],
  ];
  it.each(invalid)('is not when one %s', (_claim, schema) => {
    expect(paramHeaders(schema).kind).toBe('invalid');
  });
});

describe('the headers of a call', () => {
  const params = [
    { header: 'mcp-param-A', path: ['a'] },
    { header: 'mcp-param-B', path: ['b', 'c'] },
  ];
  it.each([
    ['a text', { a: 'x' }, ['mcp-param-A', 'x']],
    ['an empty text', { a: '' }, ['mcp-param-A', '']],
    ['an integer', { a: -7 }, ['mcp-param-A', '-7']],
    ['true', { a: true }, ['mcp-param-A', 'true']],
    ['false', { a: false }, ['mcp-param-A', 'false']],
    ['a value within', { b: { c: 'y' } }, ['mcp-param-B', 'y']],
    ['null', { a: null }, []],
    ['nothing', {}, []],
    ['an object', { a: {} }, []],
    ['a list', { a: ['x'], b: ['c'] }, []],
    ['a number that is no integer', { a: 1.5 }, []],
    ['an integer beyond the safe ones', { a: 2 ** 53 }, []],
    ['what every object inherits', { b: 'text' }, []],
  ])('for %s', (_name, args, expected) => expect(mirrored(params, args)).toEqual(expected));

  it('take nothing from prototypes', () => {
    expect(mirrored([{ header: 'mcp-param-A', path: ['constructor', 'name'] }], {})).toEqual([]);
  });
});
