import { RE2JS } from 're2js';
import { describe } from '../../core/errors.ts';
import type { Detector, Span } from './detector.ts';

export const patternLength = 500;
const programSize = 1_000;
/** Characters times instructions: what one search may cost at worst is in proportion to it. */
const searchWork = 100_000_000;
const searchMs = 250;

/**
 * Finds what somebody's pattern in RE2 syntax matches. One search is linear, but there may be one for every match: a text
 * that is too long for its pattern, or takes too long, counts as found from there to its end.
 */
export function createPatternDetector(
  dataClass: string,
  pattern: string,
): Detector | { readonly fault: string } {
  if (pattern === '') return { fault: 'expected a pattern' };
  if (pattern.length > patternLength) return { fault: `longer than ${patternLength} characters` };
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (thrown) {
    return { fault: describe(thrown) };
  }
  const size = compiled.programSize();
  if (size > programSize) return { fault: 'too large once its repetitions are written out' };
  return { class: dataClass, find: (text) => matches(compiled, size, text) };
}

function matches(pattern: RE2JS, size: number, text: string): readonly Span[] {
  if (text.length * size > searchWork) return [{ start: 0, end: text.length }];
  const found: Span[] = [];
  const matcher = pattern.matcher(text);
  const deadline = performance.now() + searchMs;
  while (matcher.find()) {
    const start = matcher.start();
    const end = matcher.end();
    if (performance.now() > deadline) return [...found, { start, end: text.length }];
    if (end > start) found.push({ start, end });
  }
  return found;
}
