import { sha256Hex } from '../core/digest.ts';
import { skeleton } from './skeleton.ts';

/** Clients add a prefix of their own and refuse more than 64 characters. */
const exposedCharacters = 50;
const keptCharacters = 41;
const ownCharacters = 128;

/** A name as a server gave it, and whether the server's key goes in front. */
export interface NamedItem {
  readonly server: string;
  readonly prefix: boolean;
  readonly name: unknown;
}

export interface WithheldName {
  readonly server: string;
  readonly name: string;
  readonly reason: string;
}

export interface NamedResult<T extends NamedItem> {
  readonly exposed: ReadonlyMap<string, T & { readonly name: string }>;
  readonly withheld: readonly WithheldName[];
}

/**
 * Gives every item the name that the client sees. Items whose names could be taken for each other are all withheld,
 * so that what a client reaches under a name never depends on which server was first.
 */
export function exposeNames<T extends NamedItem>(items: readonly T[]): NamedResult<T> {
  const withheld: WithheldName[] = [];
  const bySkeleton = new Map<string, Candidate<T>[]>();
  for (const item of items) {
    const fault = nameFault(item.name);
    if (fault !== undefined || typeof item.name !== 'string') {
      withheld.push({ server: item.server, name: shown(item.name), reason: fault ?? '' });
      continue;
    }
    const candidate = { item: { ...item, name: item.name }, exposed: exposedName(item, item.name) };
    const key = skeleton(candidate.exposed);
    const group = bySkeleton.get(key);
    if (group === undefined) bySkeleton.set(key, [candidate]);
    else group.push(candidate);
  }
  const exposed = new Map<string, T & { readonly name: string }>();
  for (const group of bySkeleton.values()) {
    const [first] = group;
    if (group.length === 1 && first !== undefined) exposed.set(first.exposed, first.item);
    else withheld.push(...group.map((each) => collision(each, group)));
  }
  return { exposed, withheld };
}

interface Candidate<T> {
  readonly item: T & { readonly server: string; readonly name: string };
  readonly exposed: string;
}

/** Why a server's own name cannot be used at all; undefined when it can. */
export function nameFault(name: unknown): string | undefined {
  if (typeof name !== 'string') return `name must be a string, got ${typeof name}`;
  if (name === '') return 'name is empty';
  if (name.length > ownCharacters) {
    return `name has ${name.length} characters, at most ${ownCharacters} are allowed`;
  }
  if (/\p{Cc}/u.test(name)) return 'name has control characters';
  return name.isWellFormed() ? undefined : 'name is not well-formed Unicode';
}

function exposedName(item: NamedItem, name: string): string {
  if (!item.prefix) return name;
  const full = `${item.server}__${name}`;
  if (full.length <= exposedCharacters) return full;
  const digest = sha256Hex(full).slice(0, 8);
  // A cut through a surrogate pair leaves half a character, which is no text.
  return `${full.slice(0, keptCharacters).replace(/[\uD800-\uDBFF]$/, '')}_${digest}`;
}

function collision<T>(candidate: Candidate<T>, group: readonly Candidate<T>[]): WithheldName {
  const { server, name } = candidate.item;
  const other = group.find((each) => each !== candidate) ?? candidate;
  const relation = other.exposed === candidate.exposed ? 'is the same as' : 'looks like';
  const reason = `"${shown(candidate.exposed)}" ${relation} "${shown(other.item.name)}" of server "${other.item.server}"`;
  return { server, name: shown(name), reason };
}

/** Server-controlled text for people: printable ASCII only, and short. */
export function shown(name: unknown): string {
  const text = typeof name === 'string' ? name : (JSON.stringify(name) ?? 'undefined');
  return [...text.slice(0, 80)]
    .map((each) => (/[\x20-\x7e]/.test(each) ? each : `\\u{${each.codePointAt(0)?.toString(16)}}`))
    .join('');
}
