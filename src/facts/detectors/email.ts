import type { Detector, Span } from './detector.ts';

// Latin, Greek and Cyrillic only: other scripts do without spaces, and a whole sentence would pass for a name.
const letter = /[A-Za-z0-9\u00c0-\u024f\u0370-\u052f]/;
const localPart = /[A-Za-z0-9\u00c0-\u024f\u0370-\u052f.@_%+'!#$*^~-]/;
const domainPart = /[A-Za-z0-9\u00c0-\u024f\u0370-\u052f.-]*/y;
const topLevel = /^(?=.*[^0-9-])..+$/;

/** E-mail addresses with a domain of at least two labels, the local part whole. */
export const emailDetector: Detector = {
  class: 'pii.email',
  find: (text) => {
    const found: Span[] = [];
    // What stands between two `@` may belong to either: it is looked at twice and no more.
    let floor = 0;
    for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
      const start = localStart(text, at, floor);
      const length = start === at ? 0 : domainLength(text, at + 1);
      if (length > 0) found.push({ start, end: at + 1 + length });
      floor = at + 1 + length;
    }
    return found;
  },
};

/** Where the name before an `@` begins, without the quotes and the like that may stand before its first letter. */
function localStart(text: string, at: number, floor: number): number {
  let start = at;
  while (start > floor && localPart.test(text[start - 1] ?? '')) start -= 1;
  while (start < at && !letter.test(text[start] ?? '')) start += 1;
  return start;
}

/** How much of the text is a domain name; 0 when none is. */
function domainLength(text: string, start: number): number {
  domainPart.lastIndex = start;
  domainPart.test(text);
  const labels = text.slice(start, domainPart.lastIndex).split('.');
  const empty = labels.findIndex((label) => label.replaceAll('-', '') === '');
  const named = empty === -1 ? labels : labels.slice(0, empty);
  const last = named.findLastIndex((label) => topLevel.test(label));
  return last < 1 ? 0 : named.slice(0, last + 1).join('.').length;
}
