import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { createArgumentCheck } from '../../src/upstream/input-schema.ts';
import { ask, eraRig, eraServer } from './era-rig.ts';
import { until } from './rig.ts';

const text = { type: 'string' };

/** Every keyword of JSON Schema 2020-12, in schemas that `{"a":"x"}` fits and `{"a":1}` does not. */
const schemas: Readonly<Record<string, JsonObject>> = {
  'an id': { $id: 'https://example.com/tool', properties: { a: text } },
  'an anchor': {
    $defs: { x: { $anchor: 'here', ...text } },
    properties: { a: { $ref: '#here' } },
  },
  'a dynamic anchor': {
    $dynamicAnchor: 'node',
    properties: { a: text, children: { items: { $dynamicRef: '#node' } } },
  },
  'a vocabulary and a comment': {
    $vocabulary: { 'https://json-schema.org/draft/2020-12/vocab/core': true },
    $comment: 'c',
    properties: { a: text },
  },
  conditions: JSON.parse(
    '{"if":{"required":["a"]},"then":{"properties":{"a":{"type":"string"}}},"else":false}',
  ),
  'a choice': { oneOf: [{ properties: { a: text } }, false], anyOf: [true], not: false },
  'dependent schemas': {
    dependentRequired: { b: ['a'] },
    dependentSchemas: { a: { properties: { a: text } } },
  },
  'unevaluated properties': {
    allOf: [{ properties: { a: text } }],
    unevaluatedProperties: false,
    propertyNames: { maxLength: 1 },
    minProperties: 0,
    maxProperties: 5,
  },
  'tuples of other tools': {
    properties: {
      a: text,
      list: { prefixItems: [text], items: false, contains: text, minContains: 0, maxContains: 1 },
      rest: { unevaluatedItems: false, minItems: 0, maxItems: 1, uniqueItems: true },
    },
  },
  contents: {
    properties: {
      a: { ...text, contentEncoding: 'base64', contentMediaType: 'x/y', contentSchema: {} },
    },
  },
  annotations: {
    title: 't',
    default: {},
    deprecated: true,
    examples: [{}],
    properties: { a: { ...text, readOnly: true, writeOnly: true, format: 'unheard-of' } },
  },
  'a header of the HTTP transport': { properties: { a: { ...text, 'x-mcp-header': 'Region' } } },
};

describe('the input schema of a modern tool', () => {
  it.each(Object.entries(schemas))('may have %s', (_, schema) => {
    const check = createArgumentCheck({ type: 'object', ...schema });
    expect(check({ a: 'x' })).toBeUndefined();
    expect(check({ a: 1 })).toEqual(expect.not.stringContaining('unusable'));
  });
});

describe('the output schema of a modern tool', () => {
  const schemas = [
    { type: 'array', items: text },
    true,
    { $dynamicRef: '#x', $vocabulary: {} },
    { type: ['string', 'null'] },
  ];
  it.each(schemas)('may be %j', async (outputSchema) => {
    const { pool, connection } = await eraRig(eraServer());
    const tool = { name: 'new', inputSchema: { type: 'object' }, outputSchema };
    await ask(connection('s'), 'set_tools', { list: [tool] });
    const found = await until('tool', () => pool.catalog.tool('s__new'));
    expect(found.definition).toEqual({ ...tool, name: 's__new' });
    expect(pool.status()[0]).toMatchObject({ reason: undefined, withheld: [] });
  });
});

it('a modern list that is no complete result is not taken', async () => {
  const { pool, connection } = await eraRig(eraServer());
  await ask(connection('s'), 'set_tools', { list: [], resultType: 'input_required' });
  const reason = await until('fault', () => pool.status()[0]?.reason);
  expect(reason).toBe('result of "tools/list" must be complete, got "input_required"');
  expect(pool.catalog.tool('s__seen')?.name).toBe('seen');
});
