import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { createArgumentCheck } from '../../src/upstream/input-schema.ts';

const path = { type: 'string' };
const file = {
  type: 'object',
  properties: { path, tags: { type: 'array', items: { type: 'string' } } },
  required: ['path'],
};
const draft7 = 'http://json-schema.org/draft-07/schema#';

describe('arguments that do not fit', () => {
  const rows: readonly { name: string; schema: JsonObject; args: JsonObject; fault: string }[] = [
    {
      name: 'a member of another type',
      schema: file,
      args: { path: 7 },
      fault: '"/path" must be string, got number',
    },
    {
      name: 'null where a string should be',
      schema: file,
      args: { path: null },
      fault: '"/path" must be string, got null',
    },
    {
      name: 'an array where a string should be, deep inside',
      schema: file,
      args: { path: 'a', tags: ['x', []] },
      fault: '"/tags/1" must be string, got array',
    },
    {
      name: 'a member that some servers would take for a declared one',
      schema: { type: 'object', properties: { path } },
      args: { Path: '/etc/passwd' },
      fault: '"Path" must be written "path"',
    },
    {
      name: 'a missing member',
      schema: file,
      args: {},
      fault: '"arguments" must have required property \'path\'',
    },
    {
      name: 'a member too many',
      schema: { ...file, additionalProperties: false },
      args: { path: 'a', 'sec\nret': 'value' },
      fault: '"arguments" must not have a member "sec\\u{a}ret"',
    },
    {
      name: 'another value than those listed, which is not repeated',
      schema: { properties: { mode: { enum: ['r', 'w'] } } },
      args: { mode: 'hunter2' },
      fault: '"/mode" must be one of the allowed values',
    },
    {
      name: 'a number that is too big',
      schema: { properties: { n: { maximum: 3 } } },
      args: { n: 4 },
      fault: '"/n" must be <= 3',
    },
    {
      name: 'a text that is not of the format',
      schema: { properties: { at: { type: 'string', format: 'date-time' } } },
      args: { at: 'hunter2' },
      fault: '"/at" must match format "date-time"',
    },
    {
      name: 'neither of two shapes',
      schema: { properties: { x: { anyOf: [{ type: 'string' }, { type: 'null' }] } } },
      args: { x: 1 },
      fault: '"/x" must match a schema in anyOf',
    },
    {
      name: 'a tuple of 2020-12',
      schema: { properties: { x: { prefixItems: [{ type: 'string' }] } } },
      args: { x: [1] },
      fault: '"/x/0" must be string, got number',
    },
    {
      name: 'a tuple of draft 7',
      schema: { $schema: draft7, properties: { x: { items: [{ type: 'string' }] } } },
      args: { x: [1] },
      fault: '"/x/0" must be string, got number',
    },
    {
      name: 'a definition that is referred to',
      schema: { $defs: { p: path }, properties: { x: { $ref: '#/$defs/p' } } },
      args: { x: 1 },
      fault: '"/x" must be string, got number',
    },
    {
      name: 'a definition that refers to itself',
      schema: {
        $defs: { node: { properties: { next: { $ref: '#/$defs/node' }, v: path } } },
        $ref: '#/$defs/node',
      },
      args: { next: { next: { v: 1 } } },
      fault: '"/next/next/v" must be string, got number',
    },
    {
      name: 'a pattern that only holds without the unicode flag',
      schema: { properties: { x: { pattern: '^[\\w\\-]+\\@x$' } } },
      args: { x: 'a b' },
      fault: '"/x" must match pattern "^[\\w\\-]+\\@x$"',
    },
  ];
  it.each(rows)('$name', ({ schema, args, fault }) => {
    expect(createArgumentCheck(schema)(args)).toBe(fault);
  });
});

describe('arguments that fit', () => {
  const rows: readonly { name: string; schema: JsonObject; args: JsonObject }[] = [
    { name: 'exactly', schema: file, args: { path: 'a', tags: ['b'] } },
    { name: 'with members that nobody named', schema: file, args: { path: 'a', more: 1 } },
    { name: 'anything', schema: {}, args: { x: null } },
    {
      name: 'whatever a keyword says that nobody knows',
      schema: { 'x-ui': {}, type: 'object' },
      args: {},
    },
    {
      name: 'a format that nobody knows',
      schema: { properties: { x: { format: 'color' } } },
      args: { x: '1' },
    },
    {
      name: 'a property with the name of a keyword',
      schema: { properties: { pattern: { type: 'string' }, $ref: { type: 'string' } } },
      args: { pattern: '(a+)+$', $ref: '#' },
    },
  ];
  it.each(rows)('$name', ({ schema, args }) => {
    expect(createArgumentCheck(schema)(args)).toBeUndefined();
  });
});

describe('a schema that cannot be used finds fault with everything', () => {
  const rows: readonly { name: string; schema: Json | undefined; reason: string }[] = [
    { name: 'none', schema: undefined, reason: 'expected an object' },
    { name: 'a boolean', schema: true, reason: 'expected an object' },
    { name: 'an unknown type', schema: { type: 'strin' }, reason: 'schema/type must be equal' },
    {
      name: 'a broken pattern',
      schema: { properties: { x: { pattern: '(' } } },
      reason: 'Invalid regular expression',
    },
    {
      name: 'a reference to the network',
      schema: { $ref: 'https://example.com/s.json' },
      reason: "can't resolve reference",
    },
    {
      name: 'a reference to nothing',
      schema: { $ref: '#/$defs/none' },
      reason: "can't resolve reference",
    },
    {
      name: 'an unknown dialect',
      schema: { $schema: 'https://example.com/d' },
      reason: 'unknown "$schema"',
    },
    {
      name: 'a promise',
      schema: { $async: true, type: 'object' },
      reason: '"$async" is not supported',
    },
    {
      name: 'more than 256 KiB',
      schema: { description: 'x'.repeat(256 * 1024) },
      reason: 'it is longer than 262144 bytes',
    },
  ];
  it.each(rows)('$name', ({ schema, reason }) => {
    expect(createArgumentCheck(schema)({})).toContain(`input schema is unusable: ${reason}`);
  });
});

describe('a schema that was made to take for ever', () => {
  const node = { properties: { a: { $ref: '#/$defs/n' } } };
  const fork = { $defs: { n: { allOf: [node, node] } }, $ref: '#/$defs/n' };
  const laughs = Object.fromEntries(
    Array.from({ length: 40 }, (_, n) => [
      `d${n}`,
      { allOf: [{ $ref: `#/$defs/d${n + 1}` }, { $ref: `#/$defs/d${n + 1}` }] },
    ]),
  );
  const rows: readonly { name: string; schema: JsonObject; args: JsonObject }[] = [
    {
      name: 'by a pattern that backtracks',
      schema: { properties: { x: { pattern: '^(a+)+$' } } },
      args: { x: `${'a'.repeat(40)}!` },
    },
    {
      name: 'by a pattern on names',
      schema: { patternProperties: { '^(a+)+$': {} } },
      args: { [`${'a'.repeat(40)}!`]: 1 },
    },
    {
      name: 'by a pattern of a property that is called pattern',
      schema: { properties: { pattern: { pattern: '^(a|a)*$' } } },
      args: { pattern: `${'a'.repeat(40)}!` },
    },
    { name: 'by definitions that fork', schema: fork, args: nested(60) },
    {
      name: 'by definitions that double',
      schema: { $defs: { ...laughs, d40: { type: 'object' } }, $ref: '#/$defs/d0' },
      args: {},
    },
    {
      name: 'by items that must differ',
      schema: { properties: { x: { uniqueItems: true } } },
      args: { x: Array.from({ length: 20_000 }, (_, n) => ({ a: { b: { c: n } } })) },
    },
    { name: 'by a reference to itself', schema: { $ref: '#' }, args: {} },
    {
      name: 'by definitions that double behind an "$id", where those of the root do not',
      schema: {
        $defs: Object.fromEntries([...Object.keys(laughs), 'd40'].map((name) => [name, {}])),
        properties: {
          x: { $id: 'x:y', $defs: { ...laughs, d40: {} }, allOf: [{ $ref: '#/$defs/d13' }] },
        },
      },
      args: { x: {} },
    },
  ];
  it.each(rows)('is stopped: $name', ({ schema, args }) => {
    expect(createArgumentCheck(schema)(args)).toBe(
      'arguments cannot be checked against the input schema in reasonable time',
    );
  });

  it('does not reach into the schema of another tool', () => {
    const first = createArgumentCheck({
      $id: 'shared',
      properties: { x: { $id: 'x', type: 'string' } },
    });
    const second = createArgumentCheck({
      $id: 'shared',
      properties: { x: { $id: 'x', type: 'number' } },
    });
    expect(first({ x: 1 })).toBe('"/x" must be string, got number');
    expect(second({ x: 1 })).toBeUndefined();
    const thief = createArgumentCheck({ properties: { y: { $ref: 'shared' } } });
    expect(thief({ y: {} })).toContain("can't resolve reference");
  });
});

function nested(depth: number): JsonObject {
  return depth === 0 ? {} : { a: nested(depth - 1) };
}
