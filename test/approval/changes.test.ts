import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Change, changeLines, changesOf } from '../../src/approval/view/changes.ts';
import { canonical } from '../../src/core/canonical.ts';
import { isObject, type Json } from '../../src/core/json.ts';

const rows: [
  what: string,
  before: Json,
  after: Json,
  changes: readonly (readonly (Json | undefined)[])[],
][] = [
  ['nothing', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
  [
    'a member that is new, and one that is gone',
    { a: 1 },
    { b: 2 },
    [
      ['/b', undefined, 2],
      ['/a', 1, undefined],
    ],
  ],
  ['what stands deep', { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, [['/a/0/b', 1, 2]]],
  ['a list that is longer', [1], [1, 2], [['/1', undefined, 2]]],
  ['another kind', { a: [1] }, { a: { 0: 1 } }, [['/a', [1], { 0: 1 }]]],
  ['null for nothing', { a: null }, {}, [['/a', null, undefined]]],
  ['a name that is no path', { 'a/~': 1 }, { 'a/~': 2 }, [['/a~1~0', 1, 2]]],
  ['a name that objects have anyway', {}, { toString: 1 }, [['/toString', undefined, 1]]],
];
it.each(rows)('%s', (_, before, after, changes) => {
  const found = changesOf(before, after).map((each) => [each.pointer, each.before, each.after]);
  expect(found).toEqual(changes);
});

it('says nothing of values that are the same, and something of all others', () => {
  const json = fc.jsonValue().map((value): Json => JSON.parse(JSON.stringify(value)));
  fc.assert(
    fc.property(json, json, (before, after) => {
      expect(changesOf(before, before)).toEqual([]);
      expect(changesOf(before, after).length > 0).toBe(canonical(before) !== canonical(after));
    }),
  );
});

it('all that differs can be put back from the changes', () => {
  const record = fc.dictionary(
    fc.stringMatching(/^[a-z]{1,3}$/),
    fc.oneof(fc.integer(), fc.string()),
  );
  fc.assert(
    fc.property(record, record, (before, after) => {
      const rebuilt = new Map<string, Json>(Object.entries(before));
      for (const change of changesOf(before, after)) apply(rebuilt, change);
      expect(Object.fromEntries(rebuilt)).toEqual(after);
    }),
  );
});

function apply(members: Map<string, Json>, { pointer, after }: Change): void {
  if (after === undefined) members.delete(pointer.slice(1));
  else members.set(pointer.slice(1), after);
}

it('every line fits, stands behind a gutter, and is nothing that a terminal obeys', () => {
  const text = fc.string({ unit: 'binary', maxLength: 400 });
  const values = fc.dictionary(text, fc.oneof(text, fc.array(text)));
  fc.assert(
    fc.property(values, values, fc.integer({ min: 20, max: 120 }), (before, after, columns) => {
      const wellFormed = (value: unknown): Json => JSON.parse(JSON.stringify(value).toWellFormed());
      const lines = changeLines(changesOf(wellFormed(before), wellFormed(after)), columns);
      expect(lines.length).toBeLessThanOrEqual(70);
      for (const line of lines) {
        expect(line).toMatch(
          /^(?:(?:at | {3}|- {2}|\+ {2})(?:│ |\(\d+ lines long\))|\(and \d+ more places\)$)/,
        );
        expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }
    }),
  );
});

it('a long value is cut, and so is a long list of places', () => {
  const long = changeLines(changesOf({ a: 'x'.repeat(1_000_000) }, { a: 1 }), 80);
  expect(long).toHaveLength(1 + 4 + 1);
  expect(long[4]).toMatch(/^ {3}\(\d+ lines long\)$/);
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`m${at}`, at]));
  const lines = changeLines(changesOf({}, many), 80);
  expect(lines).toHaveLength(65);
  expect(lines.at(-1)).toBe('(and 468 more places)');
  expect(isObject(many)).toBe(true);
});
