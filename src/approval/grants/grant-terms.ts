import { canonical } from '../../core/canonical.ts';
import { digestOf } from '../../core/digest.ts';
import { GateError } from '../../core/errors.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';

/** Which calls a standing grant covers, for how long, and how many of them; undefined for any number. */
export interface GrantTerms {
  readonly arguments: ArgumentTerms;
  readonly lifeMs: number;
  readonly uses: number | undefined;
}

export type ArgumentTerms =
  /** The canonical text of all arguments has this digest. */
  | { readonly kind: 'exact'; readonly digest: string }
  /** These members have these values; the others are free. */
  | { readonly kind: 'some'; readonly values: JsonObject }
  | { readonly kind: 'any' };

/** What an approver asks for: `arguments` as typed, `exact`, `any` or one or more `KEY=VALUE`. */
export interface GrantWish {
  readonly lifeMs: number;
  readonly uses: number | undefined;
  readonly arguments: readonly string[];
}

const longestMs = 31 * 86_400_000;
const mostUses = 1_000_000;

/** The terms for the calls like this one; `usage` where a wish has no bounds or names what the call does not have. */
export function termsForGrant(reader: Reader, row: ApprovalRow, wish: GrantWish): GrantTerms {
  const { lifeMs, uses } = wish;
  if (!(lifeMs > 0 && lifeMs <= longestMs)) {
    throw new GateError('usage', '"--grant": expected more than nothing and at most 31d');
  }
  if (uses !== undefined && !(Number.isInteger(uses) && uses > 0 && uses <= mostUses)) {
    throw new GateError('usage', `"--uses": expected a whole number from 1 to ${mostUses}`);
  }
  const bytes = reader.payload(row.argumentsPayload);
  if (bytes === undefined) {
    throw new GateError('approval_refused', `approval "${row.id}" has no arguments any more`);
  }
  return { lifeMs, uses, arguments: argumentTerms(wish.arguments, bytes) };
}

function argumentTerms(typed: readonly string[], bytes: Buffer): ArgumentTerms {
  const [only] = typed;
  if (typed.length <= 1 && (only === undefined || only === 'exact')) {
    return { kind: 'exact', digest: digestOf(bytes) };
  }
  if (typed.length === 1 && only === 'any') return { kind: 'any' };
  const asked = objectIn(bytes) ?? {};
  return { kind: 'some', values: Object.fromEntries(typed.map((each) => member(each, asked))) };
}

// Nobody says yes to a value that they have not seen: it must be that of the call that is approved.
function member(typed: string, asked: JsonObject): readonly [key: string, value: Json] {
  const at = typed.indexOf('=');
  const [key, text] = [typed.slice(0, at), typed.slice(at + 1)];
  const shown = (at > 0 ? key : typed).slice(0, 64);
  if (at <= 0) {
    throw new GateError('usage', `"--arguments": expected exact, any or KEY=VALUE, got "${shown}"`);
  }
  const value = Object.hasOwn(asked, key) ? asked[key] : undefined;
  if (value !== undefined && (value === text || canonical(value) === canonicalText(text))) {
    return [key, value];
  }
  const found = value === undefined ? 'has no such argument' : 'has another value there';
  throw new GateError('usage', `"--arguments": "${shown}": the call that is approved ${found}`);
}

function canonicalText(text: string): string | undefined {
  try {
    return canonical(parseJson(text));
  } catch {
    // Not JSON, so it can only be meant as the text that it is.
    return undefined;
  }
}

/** As it is kept, compared and committed to. */
export function termsText({ arguments: given, lifeMs, uses }: GrantTerms): string {
  const { kind } = given;
  return canonical({
    arguments: {
      kind,
      ...(kind === 'exact' && { digest: given.digest }),
      ...(kind === 'some' && { values: given.values }),
    },
    life_ms: lifeMs,
    uses: uses ?? null,
  });
}

/** Kept terms; undefined when they were erased or say nothing that is known: then they cover nothing. */
export function readTerms(reader: Reader, payload: string): GrantTerms | undefined {
  const kept = objectIn(reader.payload(payload));
  const { arguments: given, life_ms: lifeMs, uses } = kept ?? {};
  const terms = isObject(given) ? argumentTermsIn(given) : undefined;
  if (terms === undefined || typeof lifeMs !== 'number') return undefined;
  if (uses !== null && typeof uses !== 'number') return undefined;
  return { arguments: terms, lifeMs, uses: uses ?? undefined };
}

function argumentTermsIn({ kind, digest, values }: JsonObject): ArgumentTerms | undefined {
  if (kind === 'any') return { kind };
  if (kind === 'exact' && typeof digest === 'string') return { kind, digest };
  return kind === 'some' && isObject(values) ? { kind, values } : undefined;
}

/** Whether a call with these arguments, as RFC 8785 text, is one of those that the terms mean. */
export function covers({ arguments: terms }: GrantTerms, canonicalArguments: string): boolean {
  switch (terms.kind) {
    case 'any':
      return true;
    case 'exact':
      return digestOf(canonicalArguments) === terms.digest;
    case 'some': {
      const given = objectIn(canonicalArguments) ?? {};
      return Object.entries(terms.values).every(([key, wanted]) => {
        const value = Object.hasOwn(given, key) ? given[key] : undefined;
        return (
          value !== undefined && wanted !== undefined && canonical(value) === canonical(wanted)
        );
      });
    }
  }
}

function objectIn(text: Buffer | string | undefined): JsonObject | undefined {
  const value: unknown = text === undefined ? undefined : parseJson(text.toString());
  return isObject(value) ? value : undefined;
}
