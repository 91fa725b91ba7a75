import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { adapt, adaptText } from '../../../src/enforcement/obligations/adapt.ts';
import { adaptResult, card, cards, delivered, pan, planOf, text } from './rig.ts';

const escaped = [...card].map((digit) => `\\u003${digit}`).join('');
const base64 = (value: string) => Buffer.from(value).toString('base64');

describe('what is redacted', () => {
  it.each<[claim: string, given: JsonObject, wanted: JsonObject]>([
    ['text', text(`pay ${card} now`), text(`pay ${pan} now`)],
    ['every text', text(card, 'a', card), text(pan, 'a', pan)],
    [
      'structured strings at any depth',
      { structuredContent: { a: [{ b: card }] } },
      { structuredContent: { a: [{ b: pan }] } },
    ],
    ['names of members', { structuredContent: { [card]: 1 } }, { structuredContent: { [pan]: 1 } }],
    [
      'a name that is the protocol’s, as data',
      { structuredContent: { text: card } },
      { structuredContent: { text: pan } },
    ],
    ['numbers', { structuredContent: { a: 4111111111111111 } }, { structuredContent: { a: pan } }],
    ['_meta', { _meta: { 'x/y': card } }, { _meta: { 'x/y': pan } }],
    [
      '__proto__',
      JSON.parse(`{"structuredContent":{"__proto__":"${card}"}}`),
      JSON.parse(`{"structuredContent":{"__proto__":"${pan}"}}`),
    ],
    [
      'embedded text',
      { content: [{ type: 'resource', resource: { uri: 'x:1', text: card } }] },
      { content: [{ type: 'resource', resource: { uri: 'x:1', text: pan } }] },
    ],
    [
      'embedded bytes',
      { content: [{ type: 'resource', resource: { uri: 'x:1', blob: base64(`a ${card}`) } }] },
      { content: [{ type: 'resource', resource: { uri: 'x:1', blob: base64(`a ${pan}`) } }] },
    ],
    [
      'bytes that are no text',
      { contents: [{ blob: Buffer.from(`\xff${card}`, 'latin1').toString('base64') }] },
      { contents: [{ blob: Buffer.from(`\xff${pan}`, 'latin1').toString('base64') }] },
    ],
    [
      'what calls itself an image',
      { content: [{ type: 'image', mimeType: 'image/png', data: base64(card) }] },
      { content: [{ type: 'image', mimeType: 'image/png', data: base64(pan) }] },
    ],
    [
      'links',
      { content: [{ type: 'resource_link', uri: `x:${card}`, name: card }] },
      { content: [{ type: 'resource_link', uri: `x:${pan}`, name: pan }] },
    ],
    [
      'prompts',
      { messages: [{ role: 'user', content: { type: 'text', text: card } }] },
      { messages: [{ role: 'user', content: { type: 'text', text: pan } }] },
    ],
    [
      'resources',
      { contents: [{ uri: 'x:1', text: card }] },
      { contents: [{ uri: 'x:1', text: pan }] },
    ],
    ['completions', { completion: { values: [card] } }, { completion: { values: [pan] } }],
    ['JSON in text', text(`{"n":"${escaped}"}`), text(`{"n":"${pan}"}`)],
    [
      'JSON in text with what else is there',
      text(`{ "a" : 1.0, "n":"x ${escaped}" }`),
      text(`{ "a" : 1.0, "n":"x ${pan}" }`),
    ],
    ['a number in JSON in text', text(`[${card}]`), text(`["${pan}"]`)],
    ['a number with an exponent', text('{"n":4.111111111111111e15}'), text(`{"n":"${pan}"}`)],
    [
      'a text that is a number with an exponent',
      text('4111111111111111e0', '4.111111111111111E15'),
      text(pan, pan),
    ],
    [
      'a member that a parser drops',
      text(`{"a":"${escaped}","a":"x"}`),
      text(`{"a":"${pan}","a":"x"}`),
    ],
    ['a name in JSON in text', text(`{"${escaped}":1}`), text(`{"${pan}":1}`)],
    [
      'JSON lines',
      text(`{"a":"${escaped}"}\n{"b":"${card}"}`),
      text(`{"a":"${pan}"}\n{"b":"${pan}"}`),
    ],
    ['escapes in prose', text(`it says ${escaped}!`), text(`it says ${pan}!`)],
    [
      'escapes of escapes',
      text(`it says ${escaped.replaceAll('\\', '\\u005c')}`),
      text(`it says ${pan}`),
    ],
    [
      'JSON in JSON in text',
      text(JSON.stringify({ a: `{"b":"${escaped}"}` })),
      text(JSON.stringify({ a: `{"b":"${pan}"}` })),
    ],
  ])('%s', (_claim, given, wanted) => {
    const answer = adaptResult(cards, given);
    expect(answer).toEqual({
      kind: 'changed',
      value: wanted,
      adapted: ['redact:pci.pan'],
      classes: ['pci.pan'],
    });
    expect(adaptResult(cards, wanted)).toEqual({ kind: 'unchanged' });
  });

  it('is nothing where nothing is marked', () => {
    const given = { ...text('4111 1111', '{"a": 1.50}'), isError: false, _meta: { n: 1e3 } };
    expect(adaptResult(cards, given)).toEqual({ kind: 'unchanged' });
    expect(adaptResult(planOf(), text(card))).toEqual({ kind: 'unchanged' });
  });

  it('leaves the words of the protocol', () => {
    const words = planOf({ type: 'redact', patterns: ['[a-z]{4,}'] });
    const tag = '[REDACTED:[a-z]{4,}]';
    expect(delivered(words, { ...text('ab secret'), structuredContent: { text: 'abc' } })).toEqual({
      ...text(`ab ${tag}`),
      structuredContent: { [tag]: 'abc' },
    });
  });

  it('is withheld when names become the same', () => {
    const other = '4012888888881881';
    expect(adaptResult(cards, { structuredContent: { [card]: 1, [other]: 2 } })).toMatchObject({
      kind: 'withheld',
      reason: 'the result was withheld: names of members are the same once redacted',
    });
  });

  it('is withheld when base64 may be read in two ways', () => {
    const blob = `${base64('a')}${base64(card)}`;
    expect(adaptResult(cards, { contents: [{ blob }] }).kind).toBe('withheld');
  });

  it('is everything that several marks find, each under its name', () => {
    const plan = planOf({ type: 'redact', classes: ['pci', 'pii'], patterns: ['PRJ-\\d+'] });
    expect(adaptResult(plan, text(`PRJ-12 bob@example.com ${card}`))).toMatchObject({
      value: text('[REDACTED:PRJ-d+] [REDACTED:pii.email] [REDACTED:pci.pan]'),
      adapted: ['redact:PRJ-\\d+', 'redact:pci.pan', 'redact:pii.email'],
      classes: ['pci.pan', 'pii.email'],
    });
  });

  it('keeps JSON in text valid, whatever a pattern is called', () => {
    const plan = planOf({ type: 'redact', patterns: ['\\bsecret "[^"]*"'] });
    const given = text(JSON.stringify({ a: 'a secret "word"', b: 'x' }));
    expect(delivered(plan, given)).toEqual(text('{"a":"a [REDACTED:bsecret [^]*]","b":"x"}'));
  });
});

describe('errors and progress', () => {
  it('are redacted like results', () => {
    const error = { code: -32000, message: `no ${card}`, data: { [card]: [card] } };
    expect(adapt(cards, error, 'error', undefined)).toMatchObject({
      value: { code: -32000, message: `no ${pan}`, data: { [pan]: [pan] } },
    });
    const odd = { code: 4111111111111111, message: 'x' };
    expect(adapt(cards, odd, 'error', undefined)).toMatchObject({
      value: { code: -32603, message: 'x' },
    });
  });

  it('say nothing that the result may not', () => {
    expect(adaptText(cards, 'half way')).toBe('half way');
    expect(adaptText(cards, `at ${card}`)).toBe(`at ${pan}`);
    expect(adaptText(planOf({ type: 'withhold', classes: ['pci'] }), `at ${card}`)).toBeUndefined();
    expect(adaptText(planOf({ type: 'truncate', max_bytes: 4 }), 'half way')).toBe('half');
  });
});

describe('whatever a server makes of a marked value', () => {
  const secret = fc.constantFrom(
    card,
    '4111 1111 1111 1111',
    '3782-822463-10005',
    'bob.o@mail.example.com',
    `ghp_${'a1'.repeat(18)}`,
    'AKIAIOSFODNN7EXAMPLE',
    `sk-ant-${'Z9'.repeat(20)}`,
  );
  const plan = planOf({ type: 'redact', classes: ['pci', 'pii', 'secret'] });
  // Around a value stands what leaves it one: no letter or digit that would make it another.
  const around = fc.constantFrom(
    '',
    ' ',
    '\n',
    '"',
    '\\',
    '\\\\',
    'ü ',
    '(',
    '\t',
    '{"',
    '/',
    ': ',
    '\u2028',
    '😀',
  );
  const marked = fc.tuple(around, secret, around).map(([before, value, behind]) => ({
    value,
    text: `${before}${value}${behind}`,
  }));

  /** JSON strings with any of their characters escaped. */
  const literal = (value: string, isEscaped: (at: number) => boolean) =>
    `"${[...value.split('')]
      .map((unit, at) =>
        isEscaped(at) || unit < ' '
          ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
          : JSON.stringify(unit).slice(1, -1),
      )
      .join('')}"`;
  const asJson = (value: string, seed: number): string =>
    literal(value, (at) => ((seed >> (at % 16)) & 1) === 1);

  const wrap = fc.array(
    fc.record({
      how: fc.constantFrom('array', 'object', 'key', 'bare', 'prose'),
      seed: fc.nat(0xffff),
    }),
    { maxLength: 4 },
  );
  const wrapped = (value: string, steps: readonly { how: string; seed: number }[]): string =>
    steps.reduce((inner, { how, seed }) => {
      const quoted = asJson(inner, seed);
      switch (how) {
        case 'array':
          return `[ ${quoted},1]`;
        case 'object':
          return `{"a":null,"b":${quoted}}`;
        case 'key':
          return `{${quoted}:true}`;
        case 'prose':
          return `result: ${quoted} (end)`;
        default:
          return quoted;
      }
    }, value);

  const place = fc.constantFrom<(said: string) => JsonObject>(
    (said) => text('x', said),
    (said) => ({ content: [{ type: 'resource', resource: { uri: 'x:', text: said } }] }),
    (said) => ({ content: [{ type: 'resource', resource: { uri: 'x:', blob: base64(said) } }] }),
    (said) => ({ content: [], structuredContent: { list: [[{ said }]] } }),
    (said) => ({ content: [], structuredContent: { [said]: { x: 1 } } }),
    (said) => ({ content: [], _meta: { 'a/b': [said] } }),
    (said) => ({ messages: [{ role: 'user', content: { type: 'text', text: said } }] }),
    (said) => ({ contents: [{ uri: said, text: 'x' }] }),
  );

  /** Every text that a reader may come to: parsed and decoded as often as that is possible. */
  function* readings(value: Json | undefined): Generator<string> {
    if (typeof value === 'number') yield String(value);
    if (typeof value === 'string') {
      yield value;
      yield* inside(value);
    } else if (Array.isArray(value)) {
      for (const each of value) yield* readings(each);
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, each] of Object.entries(value)) {
        yield* readings(name);
        yield* readings(each);
        if (name === 'blob' && typeof each === 'string') {
          yield* readings(Buffer.from(each, 'base64').toString());
        }
      }
    }
  }
  function* inside(value: string): Generator<string> {
    for (const quoted of [value, ...(value.match(/"(?:[^"\\]|\\.)*"/g) ?? [])]) {
      try {
        const parsed: Json = JSON.parse(quoted);
        if (parsed !== value) yield* readings(parsed);
      } catch {
        // It is no JSON, so nobody reads it as such.
      }
    }
  }

  it('never comes through, and a second time changes nothing', () => {
    void fc.assert(
      fc.property(marked, wrap, place, ({ value, text: said }, steps, put) => {
        const given = put(wrapped(said, steps));
        const all = [...readings(given)];
        expect(all.some((each) => each.includes(value))).toBe(true);
        const answer = delivered(plan, given);
        if (answer === undefined) throw new Error('withheld');
        for (const each of readings(JSON.parse(JSON.stringify(answer)))) {
          if (each.includes(value)) throw new Error(`came through: ${each}`);
        }
        expect(adaptResult(plan, answer)).toEqual({ kind: 'unchanged' });
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);

  it('changes nothing where there is none', () => {
    const harmless = fc.string({ unit: fc.constantFrom(...'ab "\\{}[]:,u0é\n') });
    void fc.assert(
      fc.property(fc.array(harmless), fc.jsonValue(), (texts, value) => {
        const given = { ...text(...texts), structuredContent: { value: JSON.stringify(value) } };
        const said = JSON.stringify(given);
        const answer = adaptResult(cards, given);
        expect(answer.kind === 'unchanged' || /[0-9]{13}/.test(said)).toBe(true);
        expect(JSON.stringify(given)).toBe(said);
      }),
    );
  });
});
