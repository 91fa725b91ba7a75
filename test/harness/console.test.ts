import { expect, it } from 'vitest';
import { isAsShown, namesIn, readConsole, writeConsole } from './console.ts';

const block = '> files__read {"path": "a"}\none\n\ntwo\n> two\n$ mcp-gate status\nall well\n';

it('takes a block apart and puts it together again', () => {
  const steps = readConsole(block);
  expect(steps).toEqual([
    { kind: 'call', said: 'files__read {"path": "a"}', shown: 'one\n\ntwo' },
    { kind: 'call', said: 'two', shown: '' },
    { kind: 'command', said: 'mcp-gate status', shown: 'all well' },
  ]);
  expect(writeConsole(steps)).toBe(block);
  expect(() => readConsole('one\n> two\n')).toThrow('before the first prompt');
});

it.each([
  ['the same', 'a (b)', 'a (b)', true],
  [
    'another id',
    'ap_aaaaaaaaaa 2026-01-01T00:00:00.000Z',
    'ap_bbbbbbbbbb 2027-01-01T00:00:00Z',
    true,
  ],
  ['another word', 'a', 'b', false],
  ['more than is shown', 'a', 'a\nb', false],
  ['less than is shown', 'a\nb', 'a', false],
  ['what is left out', 'a\n…\nd', 'a\nb\nc\nd', true],
  ['nothing where lines may be left out', 'a\n…\nd', 'a\nd', true],
  ['a part of a line that is left out', 'a […] c', 'a [b] c', true],
  ['more than a part of a line', 'a […] c', 'a b\nc', false],
  ['another end', 'a\n…\nd', 'a\nb\nc', false],
])('%s', (_claim, shown, came, wanted) => expect(isAsShown(shown, came)).toBe(wanted));

it('finds names that later steps may use', () => {
  expect(namesIn('ap_aaaaaaaaaa by 01a1fcf4-c88e-76f4-8c43-4e2a81ffcd8e')).toHaveLength(2);
});
