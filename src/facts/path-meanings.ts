import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';

/** One text that a tool may make of a string before it opens it. */
export interface Meaning {
  readonly text: string;
  /** Whether policy is told; the guard looks at all of them. */
  readonly told: boolean;
}

interface Found extends Meaning {
  readonly depth: number;
  /** One of a list, which is no list itself. */
  readonly part: boolean;
}

const lengthLimit = 4096;
const depthLimit = 4;
const meaningsLimit = 256;

/**
 * What a string may mean as a path: itself, always, and what is left when a tool takes off what stands around a path.
 * Undefined when nobody can tell: more meanings than anybody looks at, or a file URL that cannot be read.
 */
export function meaningsOf(value: string): readonly Meaning[] | undefined {
  const found: Found[] = [{ text: value, told: isOneLine(value), depth: 0, part: false }];
  // What is found is looked at in its turn.
  for (const each of found) {
    if (isUnreadable(each)) return undefined;
    if (each.depth < depthLimit) unfold(each, found);
    if (found.length > meaningsLimit) return undefined;
  }
  return found;
}

function unfold({ text, depth, part }: Found, found: Found[]): void {
  const add = (texts: readonly (string | undefined)[], tell: boolean, asPart: boolean): void => {
    for (const each of texts) {
      if (each === undefined || each === '' || found.some((one) => one.text === each)) continue;
      found.push({ text: each, told: tell && isOneLine(each), depth: depth + 1, part: asPart });
    }
  };
  add(unwrapped(text), true, part);
  if (isOneLine(text)) {
    const tell = !isWebAddress(text);
    add([keyedValue(text)], tell, part);
    if (!part) add(partsOf(text), tell, true);
  } else if (text.includes('\0')) add([text.slice(0, text.indexOf('\0'))], false, part);
}

/** A text of several lines, or a very long one, is content: no tool is told to open it, but some may. */
function isOneLine(text: string): boolean {
  return text.length <= lengthLimit && !/[\n\r\0]/.test(text);
}

/** The whole of a string without what is put around a path. */
function unwrapped(text: string): readonly (string | undefined)[] {
  const texts: (string | undefined)[] = [stripped(text)];
  if (text.includes('%')) texts.push(decoded(text));
  const first = text.charAt(0);
  if (first === '~') texts.push(text.replace(/^~[\w.-]{0,64}(?=[\\/]|$)/, () => homedir()));
  if (first === '-') texts.push(...optionValues(text));
  // As a URL, and as what is left for a tool that only cuts off the scheme.
  if (isFileUrl(text)) texts.push(fileUrlPath(text), text.replace(/^file:(?:\/\/)?/i, ''));
  return texts;
}

// Blanks, quotation marks, and the `@` that stands for the content of a file.
function stripped(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWrapping(text.charCodeAt(start))) start += 1;
  while (start < end && isWrapping(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isWrapping(code: number): boolean {
  return (
    code <= 0x20 || (code < 0x80 ? '"\'`@'.includes(String.fromCharCode(code)) : isBlank(code))
  );
}

function isBlank(code: number): boolean {
  return /\s/.test(String.fromCharCode(code));
}

function optionValues(text: string): readonly (string | undefined)[] {
  const long = /^-[^\s=]{1,256}=/.exec(text)?.[0];
  const flags = /^-[\w-]{1,64}(?=[\\/])/.exec(text)?.[0];
  return [
    long === undefined ? undefined : text.slice(long.length),
    flags === undefined ? undefined : text.slice(flags.length),
    /^-[a-z0-9]/i.test(text) ? text.slice(2) : undefined,
  ];
}

/** Of `key=/a` the path; a form of several keys is none. */
function keyedValue(text: string): string | undefined {
  const key = text.includes('=') ? /^[^\s=&?]+=/.exec(text)?.[0] : undefined;
  return key === undefined ? undefined : text.slice(key.length);
}

/** Of `host:/a`, of `/a:/b` and of `x, /b` what is a path beyond doubt. */
function partsOf(text: string): readonly string[] {
  const parts = text.includes(',') ? text.split(',').map((part) => part.trim()) : [];
  if (text.includes(':')) parts.push(...text.split(/[:,]/));
  return parts.filter((part) => /^(?:[^\s=&?]+=)?(?:[\\/~]|\.\.?[\\/])/.test(part));
}

// An escape that is no UTF-8 leaves the others as they are.
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
}

// One that stands in the address of somebody else's server is none of ours.
function isUnreadable({ text, told }: Found): boolean {
  return isFileUrl(text) && (told || !isOneLine(text)) && fileUrlPath(text) === undefined;
}

function isFileUrl(text: string): boolean {
  return /^file:/i.test(text);
}

function fileUrlPath(text: string): string | undefined {
  try {
    return fileURLToPath(text);
  } catch {
    return undefined;
  }
}

// What stands in it after `=`, `:` or `,` is not for this system.
function isWebAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]{0,64}:\/\/[^/]/i.test(text) && !isFileUrl(text);
}
