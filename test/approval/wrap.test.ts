import { expect, it } from 'vitest';
import { cut, wrap } from '../../src/approval/view/wrap.ts';

const rows: [claim: string, text: string, columns: number, lines: string[]][] = [
  ['what fits stays whole', 'abcdef', 6, ['abcdef']],
  [
    'what does not is broken, and the rest stands behind a gutter',
    'abcdefgh',
    6,
    ['abcdef', '│ gh'],
  ],
  ['characters that may be wide take two cells', '字字字字', 5, ['字字', '│ 字', '│ 字']],
  ['wide spaces too', '　　　x', 6, ['　　　', '│ x']],
  [
    'marks count, so that nobody piles them up',
    `a${'\u0301'.repeat(3)}`,
    5,
    ['a\u0301\u0301', '│ \u0301'],
  ],
  ['a gutter that leaves no room does not go on for ever', 'abc', 2, ['ab', '│ c']],
  ['nothing is one line', '', 6, ['']],
];

it.each(rows)('%s', (_, text, columns, lines) => {
  expect(wrap(text, columns)).toEqual(lines);
});

it('with a margin the first line stands behind the gutter too', () => {
  expect(wrap('abcdef', 6, 'margin')).toEqual(['│ abc', '│ def']);
});

it('without a width nothing is broken', () => {
  expect(wrap('字'.repeat(999), Number.POSITIVE_INFINITY)).toEqual(['字'.repeat(999)]);
});

it.each([
  ['abcdef', 6, 'abcdef'],
  ['abcdefg', 6, 'abcdef'],
  ['a字字字', 6, 'a字字'],
  ['a字字字', 0, ''],
])('%s cut to %i cells is %s', (text, columns, kept) => {
  expect(cut(text, columns)).toBe(kept);
});
