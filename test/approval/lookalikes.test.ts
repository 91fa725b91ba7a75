import { expect, it } from 'vitest';
import { lookalikeLines } from '../../src/approval/view/lookalikes.ts';
import { approvalDetail } from '../../src/approval/view/present.ts';
import { canonical } from '../../src/core/canonical.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { deskScratch } from './desk-scratch.ts';

const wide = Number.POSITIVE_INFINITY;

async function bewareOf(given: JsonObject, tool = 'write_file', columns = wide) {
  const { ask, store, clock } = deskScratch();
  const row = await ask({ tool, canonicalArguments: canonical(given) });
  return lookalikeLines(approvalDetail(store, row, clock()), columns);
}

const rows: readonly (readonly [string, JsonObject, string | undefined])[] = [
  ['ASCII', { path: '/etc/hosts' }, undefined],
  ['words of another alphabet', { text: 'Привет, мир', name: 'Ελλάδα' }, undefined],
  ['accents, and signs of prose', { text: 'Größe naïve — “x”… m² 名前' }, undefined],
  [
    'a Cyrillic letter in a Latin word',
    { host: 'p\u0430ypal.com' },
    'beware  letters of several alphabets in one word: "p\u0430ypal" (U+0430)',
  ],
  [
    'a Greek letter in the name of an argument',
    { 'p\u03bfrt': 1 },
    'beware  letters of several alphabets in one word: "p\u03bfrt" (U+03BF)',
  ],
  ['a fullwidth slash', { path: 'a\uff0fb' }, 'beware  signs that look like ASCII: U+FF0F'],
  [
    'mathematical letters',
    { cmd: '\u{1d5ff}\u{1d5fa} -rf' },
    'beware  signs that look like ASCII: U+1D5FF, U+1D5FA',
  ],
];
it.each(rows)('%s', async (_, given, line) => {
  expect(await bewareOf(given)).toEqual(line === undefined ? [] : [line]);
});

it('in the name of a tool everything that is not ASCII counts', async () => {
  expect(await bewareOf({}, 'writ\u0435_f\u00efle')).toEqual([
    'beware  the name has what is not ASCII: "writ\u0435_f\u00efle" (U+0435, U+00EF)',
  ]);
});

it('a call full of them gets lines of a bounded length', async () => {
  const word = (n: number) => `p\u0430y${String.fromCharCode(97 + (n % 26)).repeat(99 + n)}`;
  const words = Array.from({ length: 5000 }, (_, n) => word(n)).join(' ');
  const lines = await bewareOf({ words, signs: '\uff01\uff02\uff03\uff04\uff05'.repeat(9999) });
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/ and more$/);
  expect(lines[1]).toBe('beware  signs that look like ASCII: U+FF01, U+FF02, U+FF03 and more');
  for (const line of lines) expect(line.length).toBeLessThan(500);
});
