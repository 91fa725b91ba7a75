import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/core/parse-json.ts';

/** Engines remember the names of objects that they have just read. */
function parsedAfter(before: string, text: string): unknown {
  for (let times = 0; times < 10; times += 1) parseJson(before);
  return parseJson(text);
}

describe('a name with an escape is not taken for one that its text begins with', () => {
  it.each([
    [String.raw`{"b":0,"k\\":0}`, String.raw`{"b":0,"k\"":0}`, ['b', 'k"']],
    [String.raw`{"c":0,"k\\":0}`, String.raw`{"c":0,"k\u0022":0}`, ['c', 'k"']],
    [String.raw`{"d":0,"a\\nb":0}`, String.raw`{"d":0,"a\nbc":0}`, ['d', 'a\nbc']],
    [String.raw`{"e":0,"p\\u0":0}`, String.raw`{"e":0,"p\u0061th":0}`, ['e', 'path']],
    [String.raw`[[{"f":0,"k\\":0}]]`, String.raw`{"f":0,"k\"":{"f":0,"k\"":0}}`, ['f', 'k"']],
  ])('%s, then %s', (before, text, names) => {
    expect(Object.keys(Object(parsedAfter(before, text)))).toEqual(names);
  });
});

describe('whatever was parsed before', () => {
  // Few names, made of what confuses: they come again and again, beside each other and one as the beginning of another.
  const name = fc.string({ unit: fc.constantFrom('\\', '"', 'u', '0', 'v', '\n'), maxLength: 5 });
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, -1.5e-3, 0, '', '{"a\\":[}', ',:\\'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc
        .array(fc.tuple(name, tie('value')), { maxLength: 4 })
        .map((members) => Object.fromEntries([['z', 0], ...members])),
    ),
  }));
  const escaped = (text: string) => text.replaceAll('v', '\\u0076');

  it('a text is read as it was written', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (made, space) => {
        const text = JSON.stringify(made, undefined, space);
        expect(JSON.stringify(parseJson(text), undefined, space)).toBe(text);
        expect(JSON.stringify(parseJson(escaped(JSON.stringify(made))))).toBe(JSON.stringify(made));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('a text with a backslash in a name', () => {
  it('keeps the last of two equal names, in the place of the first', () => {
    const text = String.raw`{"a\\":1,"b":2,"a\\":3}`;
    expect(JSON.stringify(parseJson(text))).toBe(String.raw`{"a\\":3,"b":2}`);
  });
  it('has "__proto__" as a member of its own', () => {
    const read = parseJson(String.raw`{"\\":0,"__proto__":{"x":1}}`);
    expect(Object.getOwnPropertyNames(read)).toEqual(['\\', '__proto__']);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });
  it('may nest as deeply as any', () => {
    const levels = 100_000;
    const text = String.raw`${'['.repeat(levels)}{"\\":1}${']'.repeat(levels)}`;
    let depth = 0;
    for (let at: unknown = parseJson(text); Array.isArray(at); [at] = at) depth += 1;
    expect(depth).toBe(levels);
  });
  it('is refused as any other when it is no JSON', () => {
    expect(() => parseJson(String.raw`{"\\":1,}`)).toThrow(SyntaxError);
  });
});
