import { parseJson } from './parse-json.ts';
import { printable } from './printable.ts';

/**
 * Where a JSON text breaks the grammar or repeats a key, in words that quote keys but no values; `undefined` when it
 * does neither. It is slow and recursive: only for texts that failed already and nest no deeper than `maxJsonDepth`.
 */
export function findJsonFault(text: string): string | undefined {
  const reader = new FaultReader(text);
  try {
    reader.document();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.message;
    throw thrown;
  }
}

/** A key as errors show it: at most 64 characters, in quotes, nothing in it that a terminal would obey. */
export function shownKey(key: string): string {
  return `"${printable(key.length > 64 ? `${key.slice(0, 64)}...` : key)}"`;
}

class Fault extends Error {}

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const word = /true|false|null/y;
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

class FaultReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('the end');
  }

  #value(): void {
    this.#space();
    const next = this.#text[this.#at];
    if (next === '{') this.#object();
    else if (next === '[') this.#array();
    else if (next === '"') this.#string();
    else if (!this.#match(number) && !this.#match(word)) this.#fail('a value');
  }

  #object(): void {
    const keys = new Set<string>();
    this.#at += 1;
    if (this.#take('}')) return;
    do {
      this.#space();
      const start = this.#at;
      const key = this.#key();
      if (keys.has(key))
        throw new Fault(`duplicate key ${shownKey(key)} at offset ${this.#bytesTo(start)}`);
      keys.add(key);
      if (!this.#take(':')) this.#fail('":"');
      this.#value();
    } while (this.#take(','));
    if (!this.#take('}')) this.#fail('"," or "}"');
  }

  #array(): void {
    this.#at += 1;
    if (this.#take(']')) return;
    do this.#value();
    while (this.#take(','));
    if (!this.#take(']')) this.#fail('"," or "]"');
  }

  #key(): string {
    if (this.#text[this.#at] !== '"') this.#fail('a key');
    const start = this.#at;
    this.#string();
    return String(parseJson(this.#text.slice(start, this.#at)));
  }

  #string(): void {
    this.#at += 1;
    for (;;) {
      const next = this.#text[this.#at];
      if (next === undefined) this.#fail('a closing quote');
      if (next === '\\') {
        if (!this.#match(escapeSequence)) this.#fail('an escape');
        continue;
      }
      if (next < ' ') this.#fail('no control character');
      this.#at += 1;
      if (next === '"') return;
    }
  }

  #take(expected: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== expected) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #space(): void {
    for (;;) {
      const next = this.#text[this.#at];
      if (next !== ' ' && next !== '\n' && next !== '\r' && next !== '\t') return;
      this.#at += 1;
    }
  }

  #fail(expected: string): never {
    throw new Fault(`not valid json at offset ${this.#bytesTo(this.#at)}: expected ${expected}`);
  }

  #bytesTo(at: number): number {
    return Buffer.byteLength(this.#text.slice(0, at));
  }
}
