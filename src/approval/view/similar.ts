import { canonical } from '../../core/canonical.ts';
import { timestamp } from '../../core/clock.ts';
import { digestOf } from '../../core/digest.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { printable } from '../../core/printable.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import { cut } from './wrap.ts';

/** Questions that differ in nothing but their arguments, oldest first. */
export interface Similar {
  readonly key: string;
  readonly rows: readonly ApprovalRow[];
}

/** The same for all questions of one caller about one tool for the same rules. */
export function similarKey(row: ApprovalRow): string {
  const { gate, requester, server, tool, environment } = row;
  const rules = row.rules.toSorted();
  const text = canonical({ gate, requester, server, tool, environment, rules });
  return `like_${digestOf(text).slice('sha256:'.length, 'sha256:'.length + 10)}`;
}

/** In the order of their oldest; what has no like is a group of one. */
export function similarAmong(rows: readonly ApprovalRow[]): readonly Similar[] {
  const keys = new Map<string, string>();
  const groups = new Map<string, ApprovalRow[]>();
  for (const row of rows) {
    const { gate, requester, server, tool, environment, rules } = row;
    const parts = JSON.stringify([gate, requester, server, tool, environment, rules.toSorted()]);
    // One digest for each group: an agent may ask for a lot at once.
    const key = keys.get(parts) ?? similarKey(row);
    keys.set(parts, key);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups].map(([key, members]) => ({ key, rows: members }));
}

/** So many are compared: an agent may name a lot. */
const mostKeys = 200;
const mostNames = 5;
const nameColumns = 32;

/** The names of the arguments in which they differ, of the first 200. Arguments that were erased differ in nothing. */
export function differing(all: readonly (JsonObject | null)[]): readonly string[] {
  const given = all.filter((each) => isObject(each));
  const [first, ...others] = given;
  if (first === undefined) return [];
  const names = [...new Set(given.flatMap((each) => Object.keys(each).slice(0, mostKeys)))];
  return names.slice(0, mostKeys).filter((name) => {
    const text = textOf(first, name);
    return others.some((each) => textOf(each, name) !== text);
  });
}

// They were parsed from RFC 8785 text, so equal values have equal text.
function textOf(value: JsonObject, name: string): string | undefined {
  return Object.hasOwn(value, name) ? JSON.stringify(value[name]) : undefined;
}

/** What stands above the questions of a group. */
export function groupText({ key, rows }: Similar, differs: readonly string[]): string {
  const [oldest] = rows;
  if (oldest === undefined) return '';
  const { server, tool, requester, rules } = oldest;
  const since = timestamp(oldest.createdMs);
  return printable(
    `${rows.length} alike  ${key}  differ in ${namesText(differs)}  ${server}/${tool}  by ${requester}  since ${since}  ${rules.join(', ')}`,
  );
}

// The agent chose the names: the first few are quoted, cut, and without anything that moves a cursor.
function namesText(names: readonly string[]): string {
  if (names.length === 0) return 'nothing that is still known';
  const shown = names.slice(0, mostNames).map((name) => JSON.stringify(cut(name, nameColumns)));
  const more = names.length - mostNames;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
