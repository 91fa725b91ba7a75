import { printable } from '../../core/printable.ts';
import type { Detail } from './present.ts';
import { cut, wrap } from './wrap.ts';

const word = /[\p{L}\p{M}\p{N}_]+/gu;
const latin = /\p{Script=Latin}/u;
/** Alphabets with letters that no eye tells from Latin ones. */
const others =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}]/gu;
/** Letters and signs that are another way to write an ASCII one: fullwidth, mathematical, small forms. */
const compatible = /[\u2024\u2044\u2215\u{fe50}-\u{fe6b}\u{ff01}-\u{ff5e}\u{1d400}-\u{1d7ff}]/gu;
const notAscii = /[^ -~]/gu;

const mostWords = 5;
const mostCharacters = 3;
const wordColumns = 40;

/**
 * What could be read as something else: words that mix Latin with an alphabet that looks like it, and characters that only
 * look like ASCII. In the names of server and tool everything that is not ASCII counts. A word that is wholly of another
 * alphabet is not marked: it may be a word of that language.
 */
export function lookalikeLines(detail: Detail, columns: number): readonly string[] {
  const names = [detail.server, detail.tool].flatMap((name) => marked(name, name.match(notAscii)));
  const words = new Set<string>();
  const text = JSON.stringify(detail.arguments ?? {});
  for (const [each] of text.matchAll(word)) {
    if (words.size > mostWords) break;
    for (const found of marked(each, suspectsIn(each))) words.add(found);
  }
  const signs = [...new Set(text.match(compatible) ?? [])];
  const found = [
    ...(names.length === 0 ? [] : [`the name has what is not ASCII: ${names.join(', ')}`]),
    ...(words.size === 0 ? [] : [`letters of several alphabets in one word: ${some([...words])}`]),
    ...(signs.length === 0 ? [] : [`signs that look like ASCII: ${points(signs)}`]),
  ];
  return found.flatMap((each) => wrap(printable(`beware  ${each}`), columns));
}

function suspectsIn(text: string): readonly string[] | null {
  return latin.test(text) ? text.match(others) : null;
}

function marked(text: string, suspects: readonly string[] | null): readonly string[] {
  if (suspects === null) return [];
  return [`${JSON.stringify(cut(text, wordColumns))} (${points([...new Set(suspects)])})`];
}

function some(words: readonly string[]): string {
  const shown = words.slice(0, mostWords).join(', ');
  return words.length > mostWords ? `${shown} and more` : shown;
}

function points(characters: readonly string[]): string {
  const shown = characters
    .slice(0, mostCharacters)
    .map((each) => `U+${(each.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`);
  return characters.length > mostCharacters ? `${shown.join(', ')} and more` : shown.join(', ');
}
