import { expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { isCheap } from '../../src/upstream/schema-cost.ts';

const rows: [claim: string, schema: JsonObject, cheap: boolean][] = [
  ['an "$id" of the whole schema is cheap', { $id: 'x:y', properties: { a: {} } }, true],
  ['a property that is called id is cheap', { properties: { id: { type: 'string' } } }, true],
  ['an "$id" below the root is costly', { properties: { a: { $id: 'x:y' } } }, false],
  ['an "id" below the root is costly', { items: { id: 'x:y' } }, false],
  ['an "$anchor" below the root is costly', { $defs: { a: { $anchor: 'a' } } }, false],
  ['a "$dynamicAnchor" below the root is costly', { $defs: { a: { $dynamicAnchor: 'a' } } }, false],
  ['a "$recursiveAnchor" below the root is costly', { allOf: [{ $recursiveAnchor: true }] }, false],
  ['a "$dynamicRef" is costly', { $dynamicRef: '#a' }, false],
  ['a "$recursiveRef" is costly', { properties: { a: { $recursiveRef: '#' } } }, false],
];

it.each(rows)('%s', (_, schema, cheap) => {
  expect(isCheap(schema)).toBe(cheap);
});
