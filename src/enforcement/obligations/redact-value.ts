import { isUtf8 } from 'node:buffer';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { isData, isProtocolName, isProtocolValue } from './protocol-words.ts';
import type { Redaction } from './redact-text.ts';
import { Withheld } from './withheld.ts';

/** What a number becomes whose digits are marked, and what a pointer names: the tag, or nothing where a schema wants no text. */
export type NumberSubstitute = 'tag' | 'null';

/**
 * A result without anything that is marked: in every string at every depth, names of members included, in numbers and in
 * what is encoded as base64. The same object when there is nothing. Recursive: only for what nests no deeper than
 * `maxJsonDepth`.
 */
export function redacted(
  result: JsonObject,
  redaction: Redaction,
  substitute: NumberSubstitute,
): JsonObject {
  return new Walk(redaction, substitute).members(result, false);
}

class Walk {
  readonly #redaction: Redaction;
  readonly #substitute: NumberSubstitute;

  constructor(redaction: Redaction, substitute: NumberSubstitute) {
    this.#redaction = redaction;
    this.#substitute = substitute;
  }

  /** `inData`: no name in here is the protocol's. */
  members(value: JsonObject, inData: boolean): JsonObject {
    const before = Object.entries(value);
    const after = before.map(([name, member]): [string, Json | undefined] => {
      const isKept = !inData && isProtocolName(name);
      return [
        isKept ? name : this.#redaction.text(name),
        member === undefined ? undefined : this.#member(name, member, value, inData),
      ];
    });
    const isSame = after.every(
      ([name, member], at) => name === before[at]?.[0] && member === before[at][1],
    );
    if (isSame) return value;
    const next = Object.fromEntries(after);
    if (Object.keys(next).length !== before.length) {
      throw new Withheld('names of members are the same once redacted');
    }
    return next;
  }

  #member(name: string, member: Json, owner: JsonObject, inData: boolean): Json {
    if (!inData && isProtocolValue(name, member)) return member;
    if (typeof member === 'string' && isBase64(name, owner, inData)) return this.#bytes(member);
    return this.#value(member, inData || isData(name));
  }

  #value(value: Json, inData: boolean): Json {
    if (typeof value === 'string') return this.#redaction.text(value);
    if (typeof value === 'number') return this.#number(value);
    if (Array.isArray(value)) {
      const next = value.map((each: Json) => this.#value(each, inData));
      return next.some((each, at) => each !== value[at]) ? next : value;
    }
    return isObject(value) ? this.members(value, inData) : value;
  }

  #number(value: number): Json {
    const tag = this.#redaction.number(value);
    if (tag === undefined) return value;
    return this.#substitute === 'tag' ? tag : null;
  }

  /** What is no UTF-8 is looked at byte by byte, so that one odd byte hides nothing. */
  #bytes(encoded: string): string {
    const digits = encoded.replaceAll(/[^A-Za-z0-9+/_=-]/g, '').replace(/={1,2}$/, '');
    if (digits.includes('='))
      throw new Withheld('it holds base64 that readers take for different bytes');
    const bytes = Buffer.from(digits, 'base64');
    const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
    const text = bytes.toString(encoding);
    const next = this.#redaction.text(text);
    return next === text
      ? this.#redaction.text(encoded)
      : Buffer.from(next, encoding).toString('base64');
  }
}

function isBase64(name: string, owner: JsonObject, inData: boolean): boolean {
  if (inData) return false;
  return name === 'blob' || (name === 'data' && typeof owner['mimeType'] === 'string');
}
