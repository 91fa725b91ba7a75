import { canonical } from '../core/canonical.ts';
import { timestamp } from '../core/clock.ts';
import { GateError } from '../core/errors.ts';
import { isFrozen } from '../core/frozen.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { once } from '../core/once.ts';
import type { EntryDraft, EntryKind } from './contract.ts';

/**
 * The RFC 8785 text of an entry: the journal's own members among those of the draft. Nulls of the draft that `open` names
 * stay open: the text comes in pieces, and between one and the next goes the string that takes the place of the null.
 */
export interface EntryText {
  readonly pieces: readonly string[];
  /** The names of what goes between the pieces, in order. */
  readonly gaps: readonly string[];
}

/** What the journal itself says in every entry. */
const ownMembers: Readonly<Record<string, (draft: EntryDraft) => Json | undefined>> = {
  decision_id: ({ decisionId }) => decisionId,
  kind: ({ kind }) => kind,
  time: ({ timeMs }) => timestamp(timeMs),
  trace_id: ({ traceId }) => traceId,
  v: () => 1,
};

export function entryText(draft: EntryDraft, open: Readonly<Record<string, string>>): EntryText {
  const pieces: string[] = [];
  const gaps: string[] = [];
  let text = '';
  for (const member of membersOf(draft)) {
    const { name, own } = member;
    const value = own === undefined ? draft.fields[name] : own(draft);
    if (value === undefined) continue;
    if (value === null && Object.hasOwn(open, name)) {
      pieces.push(`${text}${member.head}"`);
      gaps.push(name);
      text = '"';
    } else {
      text += value === member.last ? member.lastText : memberText(member, value);
    }
  }
  for (const name in open) {
    if (!gaps.includes(name)) throw new Error(`field "${name}" has no room for a commitment`);
  }
  pieces.push(`${text}}`);
  pieces[0] = `{${pieces[0]?.slice(1)}`;
  return { pieces, gaps };
}

/** A member of the entries of one kind. */
interface Member {
  readonly name: string;
  /** What stands before its value: a comma, the name, a colon. */
  readonly head: string;
  readonly own: ((draft: EntryDraft) => Json | undefined) | undefined;
  /** Its last value, where that cannot change, and its text: mostly it says the same again. */
  last: Json | undefined;
  lastText: string;
}

function memberText(member: Member, value: Json): string {
  const text = member.head + valueText(value);
  if (text.length <= keptLength && isFrozen(value)) {
    member.last = value;
    member.lastText = text;
  }
  return text;
}

const keptLength = 1024;

interface Layout {
  /** The names of the fields, in the order in which the draft has them. */
  readonly given: readonly string[];
  /** All members, in the order of RFC 8785. */
  readonly members: readonly Member[];
}

// Entries of one kind mostly have the same fields.
const layouts = new Map<EntryKind, Layout>();

function membersOf({ kind, fields }: EntryDraft): readonly Member[] {
  const known = layouts.get(kind);
  if (known !== undefined && isLaidOut(fields, known.given)) return known.members;
  const layout = layOut(fields);
  layouts.set(kind, layout);
  return layout.members;
}

function isLaidOut(fields: JsonObject, given: readonly string[]): boolean {
  let at = 0;
  for (const name in fields) {
    if (name !== given[at]) return false;
    at += 1;
  }
  return at === given.length;
}

function layOut(fields: JsonObject): Layout {
  const given: string[] = [];
  for (const name in fields) {
    if (name === '__proto__' || Object.hasOwn(ownMembers, name)) throw reserved(name);
    given.push(name);
  }
  // The default order is that of UTF-16 code units, as RFC 8785 has it.
  const names = [...given, ...Object.keys(ownMembers)].sort();
  const members = names.map((name) => ({
    name,
    head: `,${canonical(name)}:`,
    own: Object.hasOwn(ownMembers, name) ? ownMembers[name] : undefined,
    last: undefined,
    lastText: '',
  }));
  return { given, members };
}

function reserved(name: string): GateError {
  return new GateError('invalid_json', `field "${name}" of a journal entry is set by the journal`);
}

/** The same text as `canonical`, sooner: parts that entries have in common are frozen, and are put into text once. */
function valueText(value: Json): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value !== 'object') return canonical(value);
  return (Object.isFrozen(value) ? frozenText(value) : undefined) ?? canonical(value);
}

/** Undefined where only the outermost is frozen: what is below may still change. */
const frozenText = once((value: JsonObject | readonly Json[]) =>
  isFrozen(value) ? canonical(value) : undefined,
);
