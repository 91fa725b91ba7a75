import { parse, sep } from 'node:path';

/** No system opens a longer path. */
const lengthLimit = 4096;

/** Where a text may start from when it is read as a path, and the names that it may lead along from there. */
export interface Way {
  /** A real path; undefined: from wherever relative paths are meant. */
  readonly start: string | undefined;
  readonly names: readonly string[];
}

/**
 * Some tools drop `..` before they look at the disk, others let the system follow a link first and go up from where it
 * leads, and some take backslashes for slashes: all are ways, where they differ. The text may be of any length: it takes
 * time in proportion, and little memory.
 */
export function waysOf(text: string, bases: readonly string[]): readonly Way[] {
  const ways = waysWith(text, bases, sep === '\\');
  return sep === '/' && text.includes('\\') ? [...ways, ...waysWith(text, bases, true)] : ways;
}

function waysWith(text: string, bases: readonly string[], backslashes: boolean): Way[] {
  const { start, length } = startOf(text, bases, backslashes);
  const names = [droppedNames(text, length, backslashes)];
  if (text.includes('..', length)) names.push(givenNames(text, length, backslashes));
  return names.filter((each) => each !== undefined).map((each) => ({ start, names: each }));
}

function startOf(text: string, bases: readonly string[], backslashes: boolean) {
  // A base is real already, so what lies on the way to it need not be looked at.
  const base = bases.find((each) => text.startsWith(each) && text[each.length] === sep);
  if (base !== undefined) return { start: base, length: base.length };
  const first = text.charCodeAt(0);
  const root = sep === '/' ? (separates(first, backslashes) ? '/' : '') : parse(text).root;
  return { start: root === '' ? undefined : root, length: root.length };
}

/** The names that are left when `..` takes the one before it away, read from the end. */
function droppedNames(
  text: string,
  from: number,
  backslashes: boolean,
): readonly string[] | undefined {
  const names: string[] = [];
  let up = 0;
  let length = 0;
  for (let end = text.length; end > from; ) {
    const start = nameStart(text, from, end, backslashes);
    const size = end - start;
    const name = size > lengthLimit ? undefined : text.slice(start, end);
    end = start - 1;
    if (name === '' || name === '.') continue;
    if (name === '..') up += 1;
    else if (up > 0) up -= 1;
    else {
      length += size + 1;
      if (name === undefined || length > lengthLimit) return undefined;
      names.push(name);
    }
  }
  return [...Array.from({ length: Math.min(up, lengthLimit) }, () => '..'), ...names.reverse()];
}

function nameStart(text: string, from: number, end: number, backslashes: boolean): number {
  if (!backslashes) return Math.max(from, text.lastIndexOf('/', end - 1) + 1);
  let start = end;
  while (start > from && !separates(text.charCodeAt(start - 1), true)) start -= 1;
  return start;
}

function givenNames(
  text: string,
  from: number,
  backslashes: boolean,
): readonly string[] | undefined {
  const names: string[] = [];
  let length = 0;
  for (let start = from; start < text.length; ) {
    const end = nameEnd(text, start, backslashes);
    const name = text.slice(start, end);
    start = end + 1;
    if (name === '' || name === '.') continue;
    length += name.length + 1;
    if (length > lengthLimit) return undefined;
    names.push(name);
  }
  return names;
}

function nameEnd(text: string, start: number, backslashes: boolean): number {
  let end = backslashes ? start : text.indexOf('/', start);
  if (end === -1) return text.length;
  while (end < text.length && !separates(text.charCodeAt(end), true)) end += 1;
  return end;
}

function separates(code: number, backslashes: boolean): boolean {
  return code === 0x2f || (backslashes && code === 0x5c);
}
