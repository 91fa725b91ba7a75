import { parseJson } from '../../core/parse-json.ts';
/** The strings and numbers of a JSON text, to be changed without touching anything else of it. */
export interface JsonTextChange {
  /** What a string should say instead, or the same. */
  string(value: string): string;
  /** What stands instead of a number, or undefined. */
  number(text: string): string | undefined;
}

const container = /^\s*[[{"]/;
const numberText = /-?[0-9][0-9.eE+-]*/y;

/** Whether the text is JSON that has strings or numbers inside. */
export function isJsonText(text: string): boolean {
  if (!container.test(text)) return false;
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * A valid JSON text with its strings, names of members included, and numbers changed. Token by token, so that members
 * that a parser would drop are seen too, and without recursion.
 */
export function changeJsonText(text: string, change: JsonTextChange): string {
  const pieces: string[] = [];
  let kept = 0;
  let at = 0;
  const put = (end: number, instead: string | undefined) => {
    if (instead !== undefined) {
      pieces.push(text.slice(kept, at), instead);
      kept = end;
    }
    at = end;
  };
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = stringEnd(text, at);
      put(end, changedString(text.slice(at, end), change));
    } else if (code === minus || (code >= zero && code <= nine)) {
      numberText.lastIndex = at;
      numberText.test(text);
      const end = Math.max(numberText.lastIndex, at + 1);
      put(end, change.number(text.slice(at, end)));
    } else at += 1;
  }
  return pieces.length === 0 ? text : pieces.join('') + text.slice(kept);
}

const quote = 0x22;
const backslash = 0x5c;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    at += code === backslash ? 2 : 1;
  }
  return text.length;
}

function changedString(literal: string, change: JsonTextChange): string | undefined {
  const value: unknown = literal.includes('\\') ? parseJson(literal) : literal.slice(1, -1);
  if (typeof value !== 'string') return undefined;
  const next = change.string(value);
  return next === value ? undefined : JSON.stringify(next);
}
