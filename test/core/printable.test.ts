import { describe, expect, it } from 'vitest';
import { printable } from '../../src/core/printable.ts';

const table: readonly (readonly [string, string, string])[] = [
  ['plain text', 'write /etc/hosts', 'write /etc/hosts'],
  ['other scripts', 'Größe 名前 مرحبا ✓', 'Größe 名前 مرحبا ✓'],
  ['an emoji', 'ok 👍', 'ok 👍'],
  ['an escape sequence', '\u001b[31mred\u001b[0m', '\\u001b[31mred\\u001b[0m'],
  ['a window title', '\u001b]0;title\u0007', '\\u001b]0;title\\u0007'],
  ['line breaks and tabs', 'a\r\n\tb', 'a\\u000d\\u000a\\u0009b'],
  ['a backspace', 'evil\b\b\b\bgood', 'evil\\u0008\\u0008\\u0008\\u0008good'],
  ['delete', 'a\u007f', 'a\\u007f'],
  ['the eight-bit control sequence introducer', '\u009b2J', '\\u009b2J'],
  ['a right-to-left override', 'a\u202egpj.exe', 'a\\u202egpj.exe'],
  ['an isolate', '\u2066a\u2069', '\\u2066a\\u2069'],
  ['zero-width characters', 'pay\u200bpal\ufeff', 'pay\\u200bpal\\ufeff'],
  ['line and paragraph separators', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
  ['invisible tags', 'a\u{e0041}', 'a\\udb40\\udc41'],
  ['a variation selector', 'a\ufe0f', 'a\\ufe0f'],
  ['a Hangul filler', 'a\u3164b', 'a\\u3164b'],
  ['a lone surrogate', 'a\ud800', 'a\\ud800'],
  ['the marks of a language', 'Vie\u0323\u0302t हिन्दी', 'Vie\u0323\u0302t हिन्दी'],
  ['marks piled upon a letter', `a${'\u0301'.repeat(6)}b`, `a${'\u0301'.repeat(4)}\\u0301\\u0301b`],
  ['private use', 'a\ue000', 'a\\ue000'],
];

describe('printable text', () => {
  it.each(table)('shows %s', (_, text, shown) => expect(printable(text)).toBe(shown));

  it.each(table)('leaves a JSON text the same JSON with %s in it', (_, text) => {
    expect(JSON.parse(printable(JSON.stringify({ text })))).toEqual({ text });
  });
});
