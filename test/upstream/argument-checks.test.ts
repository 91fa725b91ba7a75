import { expect, it } from 'vitest';
import { ArgumentChecks } from '../../src/upstream/argument-checks.ts';

const schema = { type: 'object', properties: { a: { type: 'string' } } };

it('equal definitions share one check, others do not', () => {
  const checks = new ArgumentChecks();
  const check = checks.of('one', schema);
  expect(checks.of('one', schema)).toBe(check);
  expect(checks.of('two', { type: 'object', required: ['b'] })).not.toBe(check);
  expect(check({ a: 'text' })).toBeUndefined();
  expect(check({ a: 1 })).toMatch(/string/);
});

it('a tool without a digest has a check of its own', () => {
  const checks = new ArgumentChecks();
  expect(checks.of(undefined, schema)).not.toBe(checks.of(undefined, schema));
});
