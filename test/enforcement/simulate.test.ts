import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { simulated } from '../../src/enforcement/simulate.ts';
import { createOutputSchema } from '../../src/upstream/output-schema.ts';
import { callOf } from './rig.ts';

const call = callOf({});
const note = 'Simulated by policy: this did not run, and nothing here is real. (delete)';
const noted = (...texts: string[]) => [note, ...texts].map((text) => ({ type: 'text', text }));
const simulate = (wanted: Json, schema?: Json) =>
  simulated(call, wanted, createOutputSchema(schema));
const object = (properties: JsonObject, ...more: string[]): JsonObject => ({
  type: 'object',
  properties,
  required: [...Object.keys(properties), ...more],
});

describe('a tool’s result', () => {
  it('says that it is simulated, whatever policy wants it to be', () => {
    expect(simulate(null)).toEqual({ content: noted() });
    expect(simulate('42 rows deleted')).toEqual({ content: noted('42 rows deleted') });
    expect(simulate({ content: [{ type: 'text', text: 'x' }], isError: true })).toEqual({
      content: noted('x'),
      isError: true,
    });
    expect(simulate({ rows: 0 })).toEqual({
      content: noted('{"rows":0}'),
      structuredContent: { rows: 0 },
    });
  });

  it('has what the output schema asks for', () => {
    const schema = object({ rows: { type: 'integer' } });
    expect(simulate(null, schema)).toEqual({
      content: noted('{"rows":0}'),
      structuredContent: { rows: 0 },
    });
    expect(simulate('gone', schema)).toEqual({
      content: noted('gone'),
      structuredContent: { rows: 0 },
    });
    expect(simulate({ structuredContent: { rows: 7 } }, schema)).toMatchObject({
      structuredContent: { rows: 7 },
    });
  });

  it.each<[claim: string, wanted: Json, schema: Json | undefined]>([
    [
      'policy’s result does not fit the schema',
      { structuredContent: { rows: 'x' } },
      object({ rows: { type: 'integer' } }),
    ],
    ['policy’s result is no result', [1], undefined],
    ['policy’s content is no content', { content: ['x'] }, undefined],
    ['the schema cannot be used', null, { $schema: 'https://example.com/other' }],
    ['the schema is none', null, 7],
    ['nothing is known that fits', null, object({ a: { type: 'string', pattern: '^[0-9]{8}$' } })],
    ['nothing fits', null, object({ a: false })],
  ])('is not there when %s', (_claim, wanted, schema) => {
    expect(simulate(wanted, schema)).toBeUndefined();
  });

  it('that policy calls an error need not fit', () => {
    expect(simulate({ content: [], isError: true }, object({ a: false }))).toMatchObject({
      isError: true,
    });
  });
});

describe('an instance', () => {
  it.each<[claim: string, schema: Json, instance: Json]>([
    ['of a constant', object({ a: { const: [1] } }), { a: [1] }],
    ['of a default', object({ a: { type: 'string', default: 'd' } }), { a: 'd' }],
    [
      'of an example',
      object({ a: { type: 'string', pattern: '^x', examples: ['xy'] } }),
      { a: 'xy' },
    ],
    ['of an enumeration', object({ a: { enum: ['x', 'y'] } }), { a: 'x' }],
    [
      'of every type',
      object({
        a: { type: 'boolean' },
        b: { type: 'null' },
        c: { type: 'array' },
        d: { type: ['number', 'null'] },
        e: true,
        f: {},
      }),
      { a: false, b: null, c: [], d: 0, e: null, f: null },
    ],
    ['of what is required only', { type: 'object', properties: { a: { type: 'string' } } }, {}],
    [
      'of what is required and not described',
      { type: 'object', required: ['x'], additionalProperties: { type: 'integer' } },
      { x: 0 },
    ],
    [
      'of long and short texts',
      object({ a: { type: 'string', minLength: 12 }, b: { type: 'string', maxLength: 3 } }),
      { a: 'simulated...', b: 'sim' },
    ],
    [
      'of formats',
      object({
        a: { type: 'string', format: 'date-time' },
        b: { type: 'string', format: 'uuid' },
        c: { type: 'string', format: 'uri' },
        d: { type: 'string', format: 'email' },
        e: { type: 'string', format: 'date' },
        f: { type: 'string', format: 'ipv6' },
      }),
      {
        a: '1970-01-01T00:00:00Z',
        b: '00000000-0000-4000-8000-000000000000',
        c: 'https://example.invalid/',
        d: 'simulated@example.invalid',
        e: '1970-01-01',
        f: '2001:db8::',
      },
    ],
    [
      'of bounds',
      object({
        a: { type: 'integer', minimum: 3 },
        b: { type: 'integer', exclusiveMinimum: 3 },
        c: { type: 'number', maximum: -2.5 },
        d: { type: 'integer', exclusiveMaximum: 0 },
        e: { type: 'integer', minimum: 7, multipleOf: 5 },
        f: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
      }),
      { a: 3, b: 4, c: -3, d: -1, e: 10, f: 0.5 },
    ],
    [
      'of lists with items',
      object({ a: { type: 'array', minItems: 2, items: object({ b: { type: 'string' } }) } }),
      { a: [{ b: 'simulated' }, { b: 'simulated' }] },
    ],
    [
      'of tuples',
      object({
        a: {
          type: 'array',
          minItems: 2,
          prefixItems: [{ type: 'string' }],
          items: { type: 'integer' },
        },
      }),
      { a: ['simulated', 0] },
    ],
    [
      'of definitions',
      {
        ...object({ a: { $ref: '#/$defs/x' } }),
        $defs: { x: { $ref: '#/$defs/y~1z' }, 'y/z': { type: 'boolean' } },
      },
      { a: false },
    ],
    [
      'of all of several',
      {
        type: 'object',
        allOf: [object({ a: { type: 'integer' } }), object({ b: { type: 'string' } })],
      },
      { a: 0, b: 'simulated' },
    ],
    [
      'of one of several',
      {
        type: 'object',
        oneOf: [object({ kind: { const: 'x' } }), object({ kind: { const: 'y' } })],
      },
      { kind: 'x' },
    ],
    [
      'of an alternative that there is',
      object({
        a: { anyOf: [false, { type: 'array', minItems: 1, items: false }, { type: 'integer' }] },
      }),
      { a: 0 },
    ],
    [
      'of a nullable one',
      object({ a: { anyOf: [{ type: 'string' }, { type: 'null' }] } }),
      { a: 'simulated' },
    ],
    [
      'of another revision',
      {
        $schema: 'http://json-schema.org/draft-07/schema#',
        ...object({ a: { $ref: '#/definitions/x' } }),
        definitions: { x: { type: 'integer', minimum: 1 } },
      },
      { a: 1 },
    ],
    ['of nothing in particular', {}, {}],
    ['of a list as a whole', { type: 'array' }, []],
    [
      'of names that objects have',
      JSON.parse(
        '{"type":"object","required":["__proto__","toString"],"properties":{"toString":{"type":"integer"}}}',
      ),
      JSON.parse('{"__proto__":null,"toString":0}'),
    ],
  ])('%s', (_claim, schema, instance) => {
    expect(simulate(null, schema)?.['structuredContent']).toEqual(instance);
  });

  it.each<[claim: string, schema: JsonObject]>([
    ['comes back to itself', object({ a: { $ref: '#' } })],
    ['leads nowhere but to itself', { $ref: '#' }],
    [
      'doubles',
      {
        ...object({ a: { $ref: '#/$defs/d0' } }),
        $defs: Object.fromEntries(
          Array.from({ length: 15 }, (_, n) => [
            `d${n}`,
            object({ a: { $ref: `#/$defs/d${n + 1}` }, b: { $ref: `#/$defs/d${n + 1}` } }),
          ]),
        ),
      },
    ],
    ['wants a million items', object({ a: { type: 'array', minItems: 1_000_000 } })],
    ['wants a text without end', object({ a: { type: 'string', minLength: 1e9 } })],
    ['contradicts itself', object({ a: { type: 'integer', minimum: 3, maximum: 2 } })],
  ])('of a schema that %s is not there', (_claim, schema) => {
    expect(simulate(null, schema)).toBeUndefined();
  });
});

describe('results of other requests', () => {
  const sentence = 'Simulated by policy: this did not run, and nothing here is real.';
  it.each<[action: typeof call.action, usual: JsonObject]>([
    ['resources/read', { contents: [{ uri: 'delete', mimeType: 'text/plain', text: sentence }] }],
    ['prompts/get', { messages: [{ role: 'user', content: { type: 'text', text: sentence } }] }],
    ['completion/complete', { completion: { values: [], total: 0, hasMore: false } }],
    [
      'sampling/createMessage',
      {
        role: 'assistant',
        content: { type: 'text', text: sentence },
        model: 'simulated',
        stopReason: 'endTurn',
      },
    ],
    ['elicitation/create', { action: 'cancel' }],
    ['roots/list', { roots: [] }],
  ])('%s', (action, usual) => {
    const other = callOf({}, { action });
    expect(simulated(other, null, undefined)).toEqual(usual);
    expect(simulated(other, { ...usual, more: 1 }, undefined)).toEqual({ ...usual, more: 1 });
    expect(simulated(other, { more: 1 }, undefined)).toBeUndefined();
    expect(simulated(other, 7, undefined)).toBeUndefined();
    const said = JSON.stringify(simulated(other, 'my words', undefined));
    expect(said.includes('my words')).toBe(JSON.stringify(usual).includes(sentence));
  });
});
