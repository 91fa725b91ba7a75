import type { Span } from '../../facts/detectors/detector.ts';
import { united } from '../../facts/detectors/united.ts';
import { unescaped } from './escapes.ts';
import { changeJsonText, isJsonText } from './json-text.ts';
import { type Mark, pointerTag } from './plan.ts';
import { truncationTag } from './truncate.ts';
import { Withheld } from './withheld.ts';

/** JSON in a string in JSON, and escapes of escapes: each level at least doubles what it takes to write the next. */
const levels = 12;
/** A text in which every change makes another find is no text worth showing. */
const rounds = 8;
const workMs = 5_000;

/** One redaction of one result: what was found, and what is left of its time. Not to be shared. */
export class Redaction {
  readonly found = new Set<Mark>();
  readonly #marks: readonly Mark[];
  readonly #tags: RegExp;
  readonly #deadline = performance.now() + workMs;

  constructor(marks: readonly Mark[]) {
    this.#marks = marks;
    const tags = [...new Set([pointerTag, truncationTag, ...marks.map(({ tag }) => tag)])];
    this.#tags = new RegExp(tags.map(literally).join('|'), 'g');
  }

  /** The text without anything that is marked, in whatever escapes of JSON it is written; the same text when that is all. */
  text(given: string): string {
    if (this.#marks.length === 0 || given === '') return given;
    let text = given;
    for (let round = 0; round < rounds; round += 1) {
      const next = this.#once(text, 0);
      if (next === text) return text;
      text = next;
    }
    return this.#marks[0]?.tag ?? pointerTag;
  }

  /** The tag of what is found in a number's digits; undefined when nothing is. */
  number(value: number | string): string | undefined {
    const [first] = this.#spans(String(value));
    return first?.tag;
  }

  #once(text: string, level: number): string {
    if (performance.now() > this.#deadline) throw new Withheld('it takes too long to look at');
    if (!isJsonText(text)) return this.#lone(text) ?? this.#plain(text, levels);
    if (level >= levels) throw new Withheld('it holds text in text in text without end');
    const inside = changeJsonText(text, {
      string: (value) => this.#once(value, level + 1),
      number: (digits) => this.#jsonNumber(digits),
    });
    return this.#plain(inside, 0);
  }

  /** A text that is nothing but a number with an exponent. */
  #lone(text: string): string | undefined {
    return text.length <= 40 && /^\s*-?[0-9.]+[eE][+-]?[0-9]+\s*$/.test(text)
      ? this.number(Number(text))
      : undefined;
  }

  /** A number may be written with an exponent, and then its digits are elsewhere. */
  #jsonNumber(text: string): string | undefined {
    const tag = this.number(text) ?? this.number(Number(text));
    return tag === undefined ? undefined : JSON.stringify(tag);
  }

  #plain(text: string, escapes: number): string {
    const spans = united(
      this.#pieces(text).flatMap((piece) => this.#escaped(text, piece, escapes)),
    );
    if (spans.length === 0) return text;
    const parts: string[] = [];
    let behind = 0;
    for (const { start, end, tag } of spans) {
      parts.push(text.slice(behind, start), tag);
      behind = end;
    }
    return parts.join('') + text.slice(behind);
  }

  /** What stands between tags: nothing is looked for in those, nor across them. */
  #pieces(text: string): readonly Span[] {
    const isTagged = text.includes('[REDACTED') || text.includes(truncationTag);
    if (!isTagged) return [{ start: 0, end: text.length }];
    const pieces: Span[] = [];
    let start = 0;
    for (const { 0: tag, index } of text.matchAll(this.#tags)) {
      pieces.push({ start, end: index });
      start = index + tag.length;
    }
    return [...pieces, { start, end: text.length }];
  }

  /** What is found in a piece as it is written, and with its escapes resolved as often as there are any. */
  #escaped(text: string, { start, end }: Span, escapes: number): readonly Found[] {
    let view = text.slice(start, end);
    let source = (at: number) => at + start;
    const places = this.#spans(view).map((span) => placed(span, source));
    for (let level = 0; escapes > 0; level += 1) {
      const next = unescaped(view);
      if (next === undefined) return places;
      if (level >= escapes) throw new Withheld('it holds escapes of escapes without end');
      const outer = source;
      source = (at) => outer(next.source(at));
      view = next.text;
      for (const span of this.#spans(view)) places.push(placed(span, source));
    }
    return places;
  }

  #spans(text: string): readonly Found[] {
    const found: Found[] = [];
    for (const mark of this.#marks) {
      const spans = mark.detector.find(text);
      if (spans.length === 0) continue;
      this.found.add(mark);
      for (const { start, end } of spans) found.push({ start, end, tag: mark.tag });
    }
    return found;
  }
}

interface Found extends Span {
  readonly tag: string;
}

function placed({ start, end, tag }: Found, source: (at: number) => number): Found {
  return { start: source(start), end: source(end), tag };
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
