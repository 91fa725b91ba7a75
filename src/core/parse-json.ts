import { isObject, type Json, type JsonObject } from './json.ts';

/**
 * `JSON.parse`, and right about member names in every engine: V8 13.6 to 14.6, of Node 24 to 26, takes an escaped name for
 * one that it has just seen when its text begins with that one (`"k\""` after `k\`). Throws `SyntaxError`, as that does.
 */
export function parseJson(text: string): Json {
  const value: Json = JSON.parse(text);
  return text.includes('\\') && hasBackslashName(value) ? readByTokens(text) : value;
}

/** A name that was taken for another always has a backslash: the text of an escaped one does before its length is out. */
function hasBackslashName(value: Json): boolean {
  const left = [value].filter(isNested);
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (isObject(next) && Object.keys(next).some((name) => name.includes('\\'))) return true;
    for (const member of Object.values(next)) if (isNested(member)) left.push(member);
  }
  return false;
}

function isNested(value: Json | undefined): value is JsonObject | readonly Json[] {
  return typeof value === 'object' && value !== null;
}

/** What is not closed yet: an array, or an object with the name that waits for its value. */
interface Open {
  readonly items: Json[];
  readonly members: [name: string, value: Json][] | undefined;
  name: string | undefined;
}

/** Reads what is known to be valid JSON, each string on its own; of two equal names the last counts, as in `JSON.parse`. */
function readByTokens(text: string): Json {
  const whole = opened('[');
  const open = [whole];
  let at = 0;
  while (at < text.length) {
    const start = at;
    const sign = text[start] ?? '';
    at = tokenEnd(text, start);
    if (sign === '{' || sign === '[') {
      open.push(opened(sign));
    } else if (sign === '}' || sign === ']') {
      const done = open.pop();
      if (done !== undefined) put(open.at(-1), closed(done));
    } else if (!between.has(sign)) {
      put(open.at(-1), JSON.parse(text.slice(start, at)));
    }
  }
  const [value = null] = whole.items;
  return value;
}

const between = new Set([' ', '\t', '\n', '\r', ',', ':']);
const scalar = /[^\s,:[\]{}"]+/y;

function tokenEnd(text: string, start: number): number {
  if (text[start] === '"') return stringEnd(text, start + 1);
  scalar.lastIndex = start;
  return scalar.test(text) ? scalar.lastIndex : start + 1;
}

/** The offset behind the closing quote. */
function stringEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function opened(sign: string): Open {
  return { items: [], members: sign === '{' ? [] : undefined, name: undefined };
}

function put(into: Open | undefined, value: Json): void {
  if (into?.members === undefined) {
    into?.items.push(value);
  } else if (into.name === undefined) {
    into.name = String(value);
  } else {
    into.members.push([into.name, value]);
    into.name = undefined;
  }
}

function closed({ items, members }: Open): Json {
  // Makes own members of all names, `__proto__` included.
  return members === undefined ? items : Object.fromEntries(members);
}
