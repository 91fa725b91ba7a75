import type { InflightRow } from './contract.ts';
import type { KeptText, PostingText } from './posting-text.ts';

/**
 * Postings as one list of texts and numbers. What crosses threads is copied value by value, and the names of members cost
 * as much as what they hold.
 */
export type Packed = readonly Value[];

type Value = string | number | undefined;

export function pack(postings: readonly PostingText[]): Packed {
  const values: Value[] = [];
  for (const {
    kind,
    timeMs,
    traceId,
    decisionId,
    pieces,
    texts,
    keeps,
    begins,
    ends,
  } of postings) {
    values.push(kind, timeMs, traceId, decisionId, ends ? 1 : 0);
    values.push(pieces.length, ...pieces, texts.length, ...texts);
    values.push(keeps === undefined ? 0 : 1);
    if (keeps !== undefined) values.push(keeps.text, keeps.id, keeps.kind, keeps.expiresMs);
    values.push(begins === undefined ? 0 : 1);
    if (begins !== undefined) {
      const { decisionId: id, traceId: trace, instance, server, tool, startedMs } = begins;
      values.push(id, trace, instance, server, tool, startedMs);
    }
  }
  return values;
}

export function unpack(packed: Packed): readonly PostingText[] {
  const values = new Values(packed);
  const postings: PostingText[] = [];
  while (values.hasMore) postings.push(readPosting(values));
  return postings;
}

function readPosting(values: Values): PostingText {
  return {
    kind: values.oneOf('decision', 'outcome'),
    timeMs: values.number(),
    traceId: values.optionalText(),
    decisionId: values.text(),
    ends: values.number() === 1,
    pieces: values.texts(),
    texts: values.texts(),
    keeps: values.number() === 1 ? readKept(values) : undefined,
    begins: values.number() === 1 ? readInflight(values) : undefined,
  };
}

function readKept(values: Values): KeptText {
  return {
    text: values.number(),
    id: values.text(),
    kind: values.oneOf('input', 'approval', 'result'),
    expiresMs: values.number(),
  };
}

function readInflight(values: Values): InflightRow {
  return {
    decisionId: values.text(),
    traceId: values.text(),
    instance: values.text(),
    server: values.text(),
    tool: values.text(),
    startedMs: values.number(),
  };
}

/** Values one after another, each of the type that is due. */
class Values {
  readonly #values: Packed;
  #at = 0;

  constructor(values: Packed) {
    this.#values = values;
  }

  get hasMore(): boolean {
    return this.#at < this.#values.length;
  }

  text(): string {
    const value = this.#next();
    return typeof value === 'string' ? value : unexpected('a text', value);
  }

  optionalText(): string | undefined {
    const value = this.#next();
    return typeof value === 'number' ? unexpected('a text', value) : value;
  }

  number(): number {
    const value = this.#next();
    return typeof value === 'number' ? value : unexpected('a number', value);
  }

  texts(): readonly string[] {
    const count = this.number();
    const texts: string[] = [];
    while (texts.length < count) texts.push(this.text());
    return texts;
  }

  oneOf<T extends string>(...allowed: readonly T[]): T {
    const value = this.#next();
    return allowed.find((each) => each === value) ?? unexpected(allowed.join(' or '), value);
  }

  #next(): Value {
    this.#at += 1;
    return this.#values[this.#at - 1];
  }
}

function unexpected(expected: string, value: Value): never {
  throw new Error(`packed posting: expected ${expected}, got ${typeof value}`);
}
