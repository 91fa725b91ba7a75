import type { Detector, Span } from './detector.ts';

const first = /-----BEGIN [A-Z0-9 ]{0,80}PRIVATE KEY(?: BLOCK)?-----/g;
const last = /-----END [A-Z0-9 ]{0,80}PRIVATE KEY(?: BLOCK)?-----/g;

/** Private keys as PEM blocks: everything up to the last line, and to the end of the text where there is none. */
export const privateKeyDetector: Detector = {
  class: 'secret.private_key',
  find: (text) => {
    if (!text.includes('PRIVATE KEY')) return [];
    const found: Span[] = [];
    first.lastIndex = 0;
    for (;;) {
      const match = first.exec(text);
      if (match === null) return found;
      last.lastIndex = first.lastIndex;
      const end = last.test(text) ? last.lastIndex : text.length;
      found.push({ start: match.index, end });
      first.lastIndex = end;
    }
  },
};
