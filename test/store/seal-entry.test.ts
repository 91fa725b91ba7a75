import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { leafHash } from '../../src/journal/merkle.ts';
import { sealEntry } from '../../src/store/seal-entry.ts';

const own = new Set(['decision_id', 'kind', 'time', 'trace_id', 'v', '__proto__']);
const names = fc
  .oneof(
    fc.constantFrom('', '10', '9', 'action', 'decision', 'decision_ie', 'kinds', 'u', 'va', 'w'),
    fc.string({ unit: 'binary' }),
  )
  .filter((name) => !own.has(name));
const values: fc.Arbitrary<Json> = fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' });
const fields = fc.dictionary(names, fc.option(values, { nil: undefined }), {
  noNullPrototype: true,
});
const ids = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });

test('the text of an entry is what the canonicalize package writes for all of its members', () => {
  fc.assert(
    fc.property(fields, ids, ids, (given, traceId, decisionId) => {
      const { body, leaf } = sealEntry({
        kind: 'outcome',
        timeMs: 0,
        fields: given,
        ...(traceId !== undefined && { traceId }),
        ...(decisionId !== undefined && { decisionId }),
      });
      const time = '1970-01-01T00:00:00.000Z';
      const members = { decision_id: decisionId, kind: 'outcome', time, trace_id: traceId, v: 1 };
      expect(body).toBe(canonicalize({ ...given, ...members }));
      expect(leaf).toEqual(leafHash(body));
    }),
    { numRuns: 1000 },
  );
});

test('a field that would be another prototype is refused', () => {
  const hostile: Record<string, Json> = JSON.parse('{"__proto__": {"kind": "decision"}}');
  expect(() => sealEntry({ kind: 'outcome', timeMs: 0, fields: hostile })).toThrow(
    expect.objectContaining({
      code: 'invalid_json',
      message: 'field "__proto__" of a journal entry is set by the journal',
    }),
  );
});
