import { describe, expect, it } from 'vitest';
import { exposeNames } from '../../src/upstream/names.ts';
import { skeleton } from '../../src/upstream/skeleton.ts';

describe('the name that a client sees', () => {
  const rows = [
    {
      name: 'has the key of the server in front',
      server: 'files',
      own: 'read',
      seen: 'files__read',
    },
    {
      name: 'is the own one without a prefix',
      server: 'files',
      own: 'read',
      prefix: false,
      seen: 'read',
    },
    {
      name: 'may have 50 characters',
      server: 'server',
      own: 'x'.repeat(42),
      seen: `server__${'x'.repeat(42)}`,
    },
    {
      name: 'is cut to 41 and a hash of the whole when it has more',
      server: 'server',
      own: 'x'.repeat(43),
      seen: `server__${'x'.repeat(33)}_ce6eebe4`,
    },
    {
      name: 'is never cut within a character',
      server: 'server',
      own: `${'x'.repeat(32)}🜁${'x'.repeat(20)}`,
      seen: expect.stringMatching(/^server__x{32}_[0-9a-f]{8}$/),
    },
    {
      name: 'stays as long as it is without a prefix',
      server: 's',
      own: 'x'.repeat(60),
      prefix: false,
      seen: 'x'.repeat(60),
    },
    {
      name: 'may be in any script',
      server: 's',
      own: 'lies_datei_日本',
      seen: 's__lies_datei_日本',
    },
  ];
  it.each(rows)('$name', ({ server, own, prefix = true, seen }) => {
    const { exposed, withheld } = exposeNames([{ server, prefix, name: own }]);
    expect([[...exposed.keys()], withheld]).toEqual([[seen], []]);
  });

  const unusable = [
    { name: 'a number', own: 7, reason: 'name must be a string, got number', shown: '7' },
    {
      name: 'nothing',
      own: undefined,
      reason: 'name must be a string, got undefined',
      shown: 'undefined',
    },
    { name: 'an empty one', own: '', reason: 'name is empty', shown: '' },
    {
      name: 'one with a line break',
      own: 'a\nb',
      reason: 'name has control characters',
      shown: 'a\\u{a}b',
    },
    {
      name: 'one with an escape',
      own: 'a\u001b[2J',
      reason: 'name has control characters',
      shown: 'a\\u{1b}[2J',
    },
    {
      name: 'one of 129 characters',
      own: 'x'.repeat(129),
      reason: 'name has 129 characters, at most 128 are allowed',
      shown: 'x'.repeat(80),
    },
    {
      name: 'half a character',
      own: 'a\ud800',
      reason: 'name is not well-formed Unicode',
      shown: 'a\\u{d800}',
    },
  ];
  it.each(unusable)('is not made of $name', ({ own, reason, shown }) => {
    const { exposed, withheld } = exposeNames([{ server: 's', prefix: true, name: own }]);
    expect([exposed.size, withheld]).toEqual([0, [{ server: 's', name: shown, reason }]]);
  });
});

describe('names that could be taken for each other', () => {
  const rows = [
    { name: 'are the same', first: 'read', second: 'read', relation: 'is the same as' },
    { name: 'differ by case', first: 'read', second: 'Read' },
    { name: 'differ by a space', first: 'read_file', second: 'read_ file' },
    { name: 'differ by what cannot be seen', first: 'read', second: 're\u200bad' },
    { name: 'differ by a soft hyphen', first: 'read', second: 're\u00adad' },
    { name: 'differ by a variation selector', first: 'read', second: 'read\ufe0f' },
    { name: 'differ by a tag character', first: 'read', second: 'read\u{e0061}' },
    { name: 'differ by a letter of Cyrillic', first: 'read', second: 'rеаd' },
    { name: 'differ by a letter of Greek', first: 'tool', second: 'tοοl' },
    { name: 'differ by the width of letters', first: 'read', second: 'ｒｅａｄ' },
    { name: 'differ by a mathematical letter', first: 'read', second: '𝐫𝐞𝐚𝐝' },
    { name: 'differ by 0 and o', first: 'to', second: 't0' },
    { name: 'differ by 1, l and i', first: 'file', second: 'fi1e' },
    { name: 'differ by a dash', first: 'a-b', second: 'a\u2010b' },
  ];
  it.each(rows)('are all withheld: they $name', ({ first, second, relation = 'looks like' }) => {
    const items = [first, second].map((name) => ({ server: 's', prefix: true, name }));
    const { exposed, withheld } = exposeNames(items);
    expect([...exposed.keys()]).toEqual([]);
    expect(withheld).toHaveLength(2);
    expect(withheld[0]?.reason).toContain(`"s__${first}" ${relation} "`);
    expect(withheld[0]?.reason).toContain('of server "s"');
  });

  it('are withheld whatever server was first, and others are not', () => {
    const items = [
      { server: 'a', prefix: false, name: 'b__read' },
      { server: 'b', prefix: true, name: 'read' },
      { server: 'b', prefix: true, name: 'write' },
    ];
    for (const order of [items, items.toReversed()]) {
      const { exposed, withheld } = exposeNames(order);
      expect([...exposed.keys()]).toEqual(['b__write']);
      expect(withheld.map(({ server, name }) => `${server} ${name}`).sort()).toEqual([
        'a b__read',
        'b read',
      ]);
    }
  });

  it('are not: the same name of two servers with a prefix', () => {
    const items = ['a', 'b'].map((server) => ({ server, prefix: true, name: 'read' }));
    expect([...exposeNames(items).exposed.keys()]).toEqual(['a__read', 'b__read']);
  });
});

describe('a skeleton', () => {
  const different = [
    ['read', 'write'],
    ['read_file', 'read_files'],
    ['cafe', 'café'],
    ['a-b', 'a_b'],
    ['日本', '日木'],
  ] as const;
  it.each(different)('is another for %s and %s', (first, second) => {
    expect(skeleton(first)).not.toBe(skeleton(second));
  });
});
