import { isIssued } from './card-issuers.ts';
import type { Detector, Span } from './detector.ts';
import { united } from './united.ts';

const fewestDigits = 13;
const mostDigits = 19;
/** Fewer digits between two separators are no group of a card number, but for the last. */
const groupDigits = 3;

const digitRuns = /[0-9]+/g;
const separators = new Set([' ', '-', '\u00a0']);

/**
 * Card numbers: 13 to 19 digits that some issuer uses and whose Luhn sum is right, with single spaces or hyphens between
 * groups or without. Never a part of a longer run of digits, and not the digits behind the point of a decimal number:
 * one in fifty of those would pass for a card.
 */
export const cardNumberDetector: Detector = {
  class: 'pci.pan',
  find: (text) => {
    if (text.length < fewestDigits) return [];
    const found: Span[] = [];
    const chain: Group[] = [];
    for (const { 0: digits, index: start } of text.matchAll(digitRuns)) {
      const previous = chain.at(-1);
      if (previous !== undefined && !follows(text, previous.end, start)) {
        search(text, chain, found);
        chain.length = 0;
      }
      chain.push({ digits, start, end: start + digits.length });
    }
    search(text, chain, found);
    return united(found);
  },
};

/** A run of digits, with no digit before and behind it. */
interface Group extends Span {
  readonly digits: string;
}

function follows(text: string, end: number, start: number): boolean {
  return start === end + 1 && separators.has(text[end] ?? '');
}

function search(text: string, chain: readonly Group[], found: Span[]): void {
  for (let first = 0; first < chain.length; first += 1) searchFrom(text, chain, first, found);
}

/** Every card number that begins with this group: no group adds less than one digit, so there are few to try. */
function searchFrom(text: string, chain: readonly Group[], first: number, found: Span[]): void {
  const start = chain[first]?.start ?? 0;
  let digits = '';
  for (let at = first; at < chain.length; at += 1) {
    const group = chain[at];
    if (group === undefined || digits.length + group.digits.length > mostDigits) return;
    digits += group.digits;
    const isCard = digits.length >= fewestDigits && isIssued(digits) && isLuhn(digits);
    if (isCard && !(at === first && isFraction(text, start))) {
      found.push({ start, end: group.end });
    }
    if (group.digits.length < groupDigits) return;
  }
}

function isFraction(text: string, start: number): boolean {
  return text[start - 1] === '.' && /[0-9]/.test(text[start - 2] ?? '');
}

function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48;
    const doubled = digit * 2;
    sum += at % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
