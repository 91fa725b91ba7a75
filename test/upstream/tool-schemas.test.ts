import { expect, it } from 'vitest';
import { KnownSchemas } from '../../src/upstream/tool-schemas.ts';

const properties = { a: { type: 'string' } };
const definition = { inputSchema: { type: 'object', properties }, outputSchema: { properties } };

it('equal definitions share their schemas, others do not', () => {
  const known = new KnownSchemas();
  const schemas = known.of('one', definition);
  expect(known.of('one', definition)).toBe(schemas);
  expect(known.of('two', { inputSchema: { type: 'object' } })).not.toBe(schemas);
  expect(schemas.check({ a: 'text' })).toBeUndefined();
  expect(schemas.check({ a: 1 })).toMatch(/string/);
  expect(schemas.output?.fault({ a: 1 })).toMatch(/string/);
});

it('a tool without a digest has schemas of its own', () => {
  const known = new KnownSchemas();
  expect(known.of(undefined, definition)).not.toBe(known.of(undefined, definition));
});

it('a tool that says nothing of its results has no schema for them', () => {
  expect(new KnownSchemas().of('one', { inputSchema: {} }).output).toBeUndefined();
});
