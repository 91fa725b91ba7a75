import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { printable } from '../../core/printable.ts';
import { wrap } from './wrap.ts';

/** One place in which two JSON values differ, as a JSON pointer (RFC 6901); what is not there on one side is undefined. */
export interface Change {
  readonly pointer: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** Where two values differ, in the order of the newer one. Lists are compared place by place. */
export function changesOf(before: Json | undefined, after: Json | undefined, at = ''): Change[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    const count = Math.max(before.length, after.length);
    return Array.from({ length: count }, (_, n) => n).flatMap((n) =>
      changesOf(before[n], after[n], `${at}/${n}`),
    );
  }
  if (isObject(before) && isObject(after)) return membersOf(before, after, at);
  const isSame = before === after;
  return isSame ? [] : [{ pointer: at, before, after }];
}

function membersOf(before: JsonObject, after: JsonObject, at: string): Change[] {
  const names = new Set([...Object.keys(after), ...Object.keys(before)]);
  return [...names].flatMap((name) =>
    changesOf(own(before, name), own(after, name), `${at}/${escaped(name)}`),
  );
}

function own(value: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** All of them end on one screen: what changed is read last, and its author must not choose what scrolls away. */
const mostLines = 64;
/** A longer value is cut: the arguments stand above it, whole. */
const linesOfValue = 3;

/** The changes for people: each place, and behind a gutter what stood there and what stands there now. */
export function changeLines(changes: readonly Change[], columns: number): readonly string[] {
  const lines: string[] = [];
  for (const [at, change] of changes.entries()) {
    const more = placeLines(change, columns);
    if (lines.length + more.length > mostLines && at > 0) {
      return [...lines, `(and ${changes.length - at} more places)`];
    }
    lines.push(...more);
  }
  return lines;
}

function placeLines({ pointer, before, after }: Change, columns: number): readonly string[] {
  const name = wrap(printable(pointer === '' ? '(all of it)' : pointer), columns, 'margin');
  return [
    ...cutTo(name, 'at '),
    ...(before === undefined ? [] : cutTo(valueLines(before, columns), '-  ')),
    ...(after === undefined ? [] : cutTo(valueLines(after, columns), '+  ')),
  ];
}

function valueLines(value: Json, columns: number): readonly string[] {
  return wrap(printable(JSON.stringify(value)), columns - sign, 'margin');
}

const sign = 3;

function cutTo(lines: readonly string[], first: string): readonly string[] {
  const kept = lines.slice(0, linesOfValue).map((line, at) => `${at === 0 ? first : '   '}${line}`);
  return lines.length <= linesOfValue ? kept : [...kept, `   (${lines.length} lines long)`];
}
