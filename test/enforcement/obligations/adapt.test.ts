import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { adapt } from '../../../src/enforcement/obligations/adapt.ts';
import { adaptResult, card, cards, delivered, pan, planOf, text } from './rig.ts';

const withheldSentence =
  'The structured result was withheld by policy. The call ran: do not repeat it to get the rest.';
const said = (structuredContent: Json): JsonObject => ({
  ...text(JSON.stringify(structuredContent)),
  structuredContent,
});

describe('places that a pointer names', () => {
  const redact = (...pointers: string[]) => planOf({ type: 'redact', pointers });

  it('are many in a result of half a million members, and what was given stays as it was', () => {
    const names = Array.from({ length: 500_000 }, (_, at) => `k${at}`);
    const given = Object.fromEntries(names.map((name) => [name, name]));
    const hidden = names.slice(0, 50);
    const plan = redact(...hidden.map((name) => `/structuredContent/${name}`));
    const done = adapt(plan, { structuredContent: given }, 'result', undefined);
    const after = done.kind === 'changed' ? done.value['structuredContent'] : undefined;
    expect(after).toMatchObject(Object.fromEntries(hidden.map((name) => [name, '[REDACTED]'])));
    expect(JSON.stringify(after)).toContain('"k50":"k50"');
    expect(given['k0']).toBe('k0');
  });

  it.each<[claim: string, pointers: string[], given: JsonObject, wanted: JsonObject]>([
    [
      'a member, also in the text that says the same',
      ['/structuredContent/ssn'],
      said({ ssn: '123', a: 1 }),
      said({ ssn: '[REDACTED]', a: 1 }),
    ],
    [
      'the same in text that is written in another way',
      ['/structuredContent/ssn'],
      { ...text('{ "a": 1, "ssn": "123" }'), structuredContent: { ssn: '123', a: 1 } },
      said({ ssn: '[REDACTED]', a: 1 }),
    ],
    [
      'every element',
      ['/structuredContent/*/x', '/structuredContent/list/*/x'],
      said({ list: [{ x: 1 }, { y: 2 }, { x: [3] }] }),
      said({ list: [{ x: '[REDACTED]' }, { y: 2 }, { x: '[REDACTED]' }] }),
    ],
    [
      'one element',
      ['/structuredContent/list/1', '/structuredContent/list/01'],
      said({ list: ['a', 'b'] }),
      said({ list: ['a', '[REDACTED]'] }),
    ],
    [
      'a member called *',
      ['/structuredContent/*'],
      said({ '*': 1, b: 2 }),
      said({ '*': '[REDACTED]', b: 2 }),
    ],
    [
      'a name with a slash',
      ['/structuredContent/a~1b~0'],
      said({ 'a/b~': 'x' }),
      said({ 'a/b~': '[REDACTED]' }),
    ],
    ['a text part', ['/content/0/text'], text('a', 'b'), text('[REDACTED]', 'b')],
    ['a whole part', ['/content/0'], text('a', 'b'), text('[REDACTED]', 'b')],
    ['the whole content', ['/content'], text('a', 'b'), text('[REDACTED]')],
  ])('%s', (_claim, pointers, given, wanted) => {
    const plan = redact(...pointers);
    expect(delivered(plan, given)).toEqual(wanted);
    expect(adaptResult(plan, wanted)).toEqual({ kind: 'unchanged' });
  });

  it('that are not there change nothing', () => {
    const given = said({ a: [1], b: 'x' });
    const plan = redact(
      '/structuredContent/c',
      '/structuredContent/a/-',
      '/structuredContent/b/0',
      '/__proto__/x',
      '/structuredContent/toString',
      '/structuredContent/a/length',
    );
    expect(adaptResult(plan, given)).toEqual({ kind: 'unchanged' });
  });

  it('say what was done', () => {
    expect(adaptResult(redact('/structuredContent/a', '/x'), said({ a: card }))).toMatchObject({
      adapted: ['redact:/structuredContent/a'],
      classes: [],
    });
  });
});

describe('replacements', () => {
  it('put a value where another was, and only there', () => {
    const plan = planOf({ type: 'replace', pointer: '/structuredContent/rows', value: [] });
    expect(adaptResult(plan, said({ rows: [1, 2], n: 2 }))).toMatchObject({
      value: said({ rows: [], n: 2 }),
      adapted: ['replace:/structuredContent/rows'],
    });
    expect(adaptResult(plan, said({ rows: [] })).kind).toBe('unchanged');
    expect(adaptResult(plan, said({ n: 1 })).kind).toBe('unchanged');
  });
});

describe('the output schema', () => {
  const schema = (n: JsonObject): JsonObject => ({
    type: 'object',
    properties: { n },
    required: ['n'],
  });
  it.each<[claim: string, n: JsonObject, given: Json, wanted: Json]>([
    [
      'takes the tag where it may be a string',
      { type: ['string', 'number'] },
      4111111111111111,
      pan,
    ],
    ['gets null where only that fits', { type: ['number', 'null'] }, 4111111111111111, null],
    ['has nothing to say to strings of any form', { type: 'string' }, card, pan],
  ])('%s', (_claim, n, given, wanted) => {
    const answer = delivered(cards, { content: [], structuredContent: { n: given } }, schema(n));
    expect(answer).toEqual({ content: [], structuredContent: { n: wanted } });
  });

  it('that nothing satisfies costs the structured part, and the text that says the same', () => {
    const given = {
      ...text('Total: 1', `{"n":${card}}`),
      structuredContent: { n: 4111111111111111 },
    };
    const answer = adaptResult(cards, given, schema({ type: 'integer' }));
    expect(answer).toEqual({
      kind: 'changed',
      value: { ...text('Total: 1', withheldSentence), isError: true },
      adapted: ['redact:pci.pan', 'withhold:structuredContent'],
      classes: ['pci.pan'],
    });
    const bare = { content: [], structuredContent: { n: card } };
    const enumerated = schema({ enum: [card] });
    expect(delivered(cards, bare, enumerated)).toEqual({
      ...text(withheldSentence),
      isError: true,
    });
  });

  it('that cannot be used is satisfied by nothing that was changed', () => {
    const answer = delivered(cards, said({ n: card }), { $schema: 'https://example.com/other' });
    expect(answer).toEqual({ ...text(withheldSentence), isError: true });
  });

  it('is not asked about what was not changed, nor about errors', () => {
    const wrong = { content: [], structuredContent: { n: 'x' } };
    expect(adaptResult(cards, wrong, schema({ type: 'integer' })).kind).toBe('unchanged');
    const failed = { ...text(card), isError: true, structuredContent: { n: card } };
    expect(delivered(cards, failed, schema({ type: 'integer' }))).toEqual({
      ...text(pan),
      isError: true,
      structuredContent: { n: pan },
    });
  });
});

describe('withholding', () => {
  const secrets = planOf({ type: 'withhold', classes: ['secret', 'pci'] });
  it.each<[claim: string, given: JsonObject]>([
    ['in text', text(`a ${card}`)],
    ['in a name', { content: [], structuredContent: { [card]: 1 } }],
    ['in JSON in text', text('{"a":"\\u00341111111111\\u00311111"}')],
    ['in bytes', { contents: [{ blob: Buffer.from(card).toString('base64') }] }],
    ['in a number', { structuredContent: { n: 4111111111111111 } }],
  ])('the whole result for what is %s', (_claim, given) => {
    expect(adaptResult(secrets, given)).toEqual({
      kind: 'withheld',
      reason: 'the result was withheld: it holds pci.pan',
      classes: ['pci.pan'],
    });
  });

  it('nothing where there is nothing', () => {
    expect(adaptResult(secrets, text('a')).kind).toBe('unchanged');
  });

  it('comes before any redaction', () => {
    const both = planOf(
      { type: 'withhold', classes: ['pci'] },
      { type: 'redact', classes: ['pci'] },
    );
    expect(adaptResult(both, text(card)).kind).toBe('withheld');
  });

  it('names no value and no part of one', () => {
    const plan = planOf({ type: 'withhold', classes: ['secret'] });
    const answer = adaptResult(plan, text('AKIAIOSFODNN7EXAMPLE'));
    expect(JSON.stringify(answer)).not.toContain('AKIA');
  });
});

describe('truncation', () => {
  const upTo = (bytes: number) => planOf({ type: 'truncate', max_bytes: bytes });
  it.each<[claim: string, bytes: number, given: JsonObject, wanted: JsonObject]>([
    [
      'the first text too long',
      20,
      text('x'.repeat(30), 'y'),
      text(`${'x'.repeat(9)}[TRUNCATED]`, ''),
    ],
    [
      'the second',
      20,
      text('x'.repeat(6), 'y'.repeat(30), 'z'),
      text('x'.repeat(6), 'yyy[TRUNCATED]', ''),
    ],
    ['no room for the mark', 3, text('abcdef'), text('abc')],
    ['no room at all', 0, text('abc', ''), text('', '')],
    ['half a character', 13, text('é€€€€€€€€'), text('é[TRUNCATED]')],
    ['half of another', 5, text('a€€€'), text('a€')],
    ['half a pair', 3, text('a😀😀'), text('a')],
    [
      'embedded text',
      3,
      { content: [{ type: 'resource', resource: { uri: 'a:b', text: 'abcd' } }] },
      { content: [{ type: 'resource', resource: { uri: 'a:b', text: 'abc' } }] },
    ],
    [
      'messages of a prompt',
      3,
      { messages: [{ role: 'user', content: { type: 'text', text: 'abcd' } }] },
      { messages: [{ role: 'user', content: { type: 'text', text: 'abc' } }] },
    ],
  ])('%s', (_claim, bytes, given, wanted) => {
    expect(adaptResult(upTo(bytes), given)).toEqual({
      kind: 'changed',
      value: wanted,
      adapted: ['truncate'],
      classes: [],
    });
    expect(adaptResult(upTo(bytes), wanted)).toEqual({ kind: 'unchanged' });
  });

  it('leaves what is short enough', () => {
    expect(adaptResult(upTo(6), text('abc', 'é€')).kind).toBe('changed');
    expect(adaptResult(upTo(8), text('abc', 'é€')).kind).toBe('unchanged');
  });

  it('takes no piece of a structured part: a longer one is withheld', () => {
    expect(delivered(upTo(10), { content: [], structuredContent: { a: 'x'.repeat(10) } })).toEqual(
      text(withheldSentence),
    );
    expect(adaptResult(upTo(100), said({ a: 'x' })).kind).toBe('unchanged');
  });

  it('comes after redaction, so that it cuts no value in two', () => {
    const plan = planOf({ type: 'truncate', max_bytes: 16 }, { type: 'redact', classes: ['pci'] });
    expect(delivered(plan, text(card))).toEqual(text('[REDA[TRUNCATED]'));
  });
});

describe('the size of a result', () => {
  it('over the limit withholds it, also one that nothing changed', () => {
    const limit = planOf({ type: 'limit', max_result_bytes: 60 });
    expect(adaptResult(limit, text('é'.repeat(20))).kind).toBe('withheld');
    expect(adaptResult(limit, text('e'.repeat(10))).kind).toBe('unchanged');
  });
});

describe('hostile results', () => {
  const nested = (depth: number, leaf: Json): Json => {
    let value = leaf;
    for (let level = 0; level < depth; level += 1) value = [value];
    return value;
  };
  const everything = planOf(
    { type: 'redact', classes: ['pci', 'pii', 'secret'], pointers: ['/structuredContent/*/*'] },
    { type: 'withhold', classes: ['secret.jwt'] },
    { type: 'truncate', max_bytes: 1_000_000_000 },
  );

  it('that nest without end are withheld', () => {
    for (const depth of [200, 10_000, 1_000_000]) {
      expect(adaptResult(everything, { structuredContent: nested(depth, card) })).toEqual({
        kind: 'withheld',
        reason: 'the result was withheld: it nests deeper than 128 levels',
        classes: [],
      });
    }
    expect(delivered(everything, { structuredContent: { a: nested(120, card) } })).toEqual({
      structuredContent: { a: nested(120, pan) },
    });
  });

  it('whose text nests without end are looked at, token by token', () => {
    const deep = `${'['.repeat(100_000)}"${card}"${']'.repeat(100_000)}`;
    expect(delivered(everything, text(deep))).toEqual(text(deep.replace(card, pan)));
  });

  it('with text in text in text are withheld once it is too much', () => {
    let inner = card;
    for (let level = 0; level < 14; level += 1) inner = JSON.stringify([inner]);
    expect(adaptResult(everything, text(inner))).toMatchObject({
      reason: 'the result was withheld: it holds text in text in text without end',
    });
    const slashes = `${'\\u005c'.replaceAll('\\', '\\u005c')}${'u005c'.repeat(30)}u0034`;
    expect(adaptResult(everything, text(slashes))).toMatchObject({
      reason: 'the result was withheld: it holds escapes of escapes without end',
    });
  });

  it.each([
    '1',
    '4111 ',
    'a@b.',
    '\\',
    '\\u005c',
    '{"a":',
    '["',
    '[REDACTED:pci.pan]',
    '-----BEGIN A PRIVATE KEY-----',
    `${card} `,
  ])('of a million characters of %j end', { timeout: 60_000 }, (unit) => {
    const answer = adaptResult(everything, text(unit.repeat(1_000_000 / unit.length)));
    expect(['unchanged', 'changed', 'withheld']).toContain(answer.kind);
  });

  it('of ten million characters are redacted to the last one', { timeout: 60_000 }, () => {
    const line = 'The quick brown fox jumps over the lazy dog, as it is used to. ';
    const long = line.repeat(10_000_000 / line.length);
    expect(delivered(everything, text(`${long}${card}`))).toEqual(text(`${long}${pan}`));
  });

  it('are never thrown at the caller', () => {
    const odd: readonly JsonObject[] = [
      { content: null },
      { content: 'x', structuredContent: 7, isError: 'no' },
      { content: [null, [], 7, { type: 7, text: 7 }], _meta: null },
      { content: [{ type: 'text', text: '\ud800' }], structuredContent: { a: '\ud800' } },
      {},
    ];
    for (const given of odd) expect(adaptResult(everything, given).kind).not.toBe('changed');
  });
});
