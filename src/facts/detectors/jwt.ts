import type { Detector, Span } from './detector.ts';

const tokenCharacters = /[A-Za-z0-9_.-]+/g;
const partLength = 11;
const signatureLength = 8;

/** Signed tokens: two parts that are JSON in base64url, and a signature, with dots between them. */
export const jwtDetector: Detector = {
  class: 'secret.jwt',
  find: (text) => {
    if (!text.includes('eyJ')) return [];
    const found: Span[] = [];
    for (const { 0: token, index } of text.matchAll(tokenCharacters)) {
      const start = tokenStart(token);
      if (start !== -1) found.push({ start: index + start, end: index + token.length });
    }
    return found;
  },
};

/** Where a JWT begins in characters that may all be part of one, or -1. */
function tokenStart(token: string): number {
  const parts = token.split('.');
  let at = 0;
  for (const [index, header] of parts.entries()) {
    const begins = header.indexOf('eyJ');
    if (begins !== -1 && header.length - begins >= partLength && isSigned(parts, index)) {
      return at + begins;
    }
    at += header.length + 1;
  }
  return -1;
}

function isSigned(parts: readonly string[], header: number): boolean {
  const payload = parts[header + 1] ?? '';
  const signature = parts[header + 2] ?? '';
  return (
    payload.startsWith('eyJ') && payload.length >= partLength && signature.length >= signatureLength
  );
}
