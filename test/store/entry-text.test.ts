import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical } from '../../src/core/canonical.ts';
import { frozen } from '../../src/core/frozen.ts';
import type { Json } from '../../src/core/json.ts';
import { parseJson } from '../../src/core/parse-json.ts';
import { entryText } from '../../src/store/entry-text.ts';
import { pack, unpack } from '../../src/store/packed.ts';
import { postingText } from '../../src/store/posting-text.ts';

/** Names and values that are written in more than one way by those who get it wrong. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\u2028',
    '\u2029',
    '\u0000',
    '\u001f',
    '\u007f',
    '"',
    '\\',
    '</script>',
    '\ufeff',
  ),
  fc.constantFrom('constructor', 'toString', 'toJSON', '10', '9', '\ufb33', '\u{1f600}'),
);
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(hostile, fc.boolean(), fc.constant(null), fc.integer(), fc.constant(-0)),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(hostile, fc.constant('__proto__')), tie('value')),
  ),
}));
const own = new Set(['decision_id', 'kind', 'time', 'trace_id', 'v', 'open', 'unveiled']);
const names = hostile.filter((name) => !own.has(name) && name !== '__proto__');
const fields = fc.dictionary(names, value, { noNullPrototype: true });
const gaps = { open: 'a', unveiled: 'b' };

test('an entry is in its canonical form, whoever chose its strings and whatever came before it', () => {
  fc.assert(
    fc.property(fields, hostile, fc.boolean(), (given, id, isShared) => {
      const body = { ...given, open: null, unveiled: null };
      const draft = { kind: 'outcome', timeMs: 0, decisionId: id } as const;
      for (const shared of [isShared ? frozen(body) : body, body]) {
        const text = entryText({ ...draft, fields: shared }, gaps);
        expect(text.gaps).toEqual(['open', 'unveiled']);
        const whole = text.pieces.join('00');
        expect(whole).toBe(canonical(parseJson(whole)));
        const members = {
          decision_id: id,
          kind: 'outcome',
          time: '1970-01-01T00:00:00.000Z',
          v: 1,
        };
        expect(whole).toBe(canonicalize({ ...given, ...members, open: '00', unveiled: '00' }));
      }
    }),
    { numRuns: 1000 },
  );
});

test.each<[where: string, fields: Record<string, Json>]>([
  ['a value', { text: '\ud800' }],
  ['a value within', { object: { text: '\udc00' } }],
  ['a list', { list: ['\ud800'] }],
  ['a part that entries share', { shared: frozen({ text: '\ud800' }) }],
  ['a name', { '\ud800': 1 }],
  ['a name within', { object: { '\ud800': 1 } }],
])('half a character is refused in %s', (_where, given) => {
  const draft = { kind: 'outcome', timeMs: 0, fields: given } as const;
  const refused = expect.objectContaining({ code: 'invalid_json' });
  expect(() => entryText(draft, {})).toThrow(refused);
  expect(() => entryText(draft, {})).toThrow(refused);
});

test('what may still change is put into text every time', () => {
  const within = { count: 1 };
  const [part, list] = [Object.freeze({ within }), [1]];
  const draft = { kind: 'outcome', timeMs: 0, fields: { list, part } } as const;
  const before = entryText(draft, {}).pieces.join('');
  within.count = 2;
  list.push(2);
  expect(entryText(draft, {}).pieces.join('')).not.toBe(before);
  expect(parseJson(entryText(draft, {}).pieces.join(''))).toMatchObject(draft.fields);
});

test('a commitment takes the place of a null of that name, and of nothing else', () => {
  const draft = { kind: 'outcome', timeMs: 0, fields: { full: 1, empty: null } } as const;
  for (const name of ['full', 'absent', 'kind']) {
    const message = `field "${name}" has no room for a commitment`;
    expect(() => entryText(draft, { [name]: 'text' })).toThrow(message);
  }
  expect(entryText(draft, { empty: 'text' }).gaps).toEqual(['empty']);
});

test('postings come out of the package as they went in', () => {
  const rows = fc.record({
    decisionId: hostile,
    traceId: hostile,
    instance: hostile,
    server: hostile,
    tool: hostile,
    startedMs: fc.nat(),
  });
  const postings = fc.record({
    id: hostile,
    traceId: fc.option(hostile, { nil: undefined }),
    text: hostile,
    begins: fc.option(rows, { nil: undefined }),
    keeps: fc.boolean(),
    ends: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(postings), (given) => {
      const texts = given.map(({ id, traceId, text, begins, keeps, ends }) =>
        postingText({
          entry: {
            kind: ends ? 'outcome' : 'decision',
            timeMs: 5,
            decisionId: id,
            fields: { hash: null },
            ...(traceId !== undefined && { traceId }),
          },
          commitments: { hash: text },
          payload: keeps ? { id, kind: 'input', commitment: 'hash', expiresMs: 7 } : undefined,
          begins,
          ends,
        }),
      );
      expect(unpack(structuredClone(pack(texts)))).toEqual(texts);
    }),
  );
});
