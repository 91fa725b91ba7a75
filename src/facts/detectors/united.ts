import type { Span } from './detector.ts';

/** Spans in any order as spans in order that do not overlap: those that do become one, with the first one's members. */
export function united<T extends Span>(spans: readonly T[]): readonly T[] {
  if (spans.length < 2) return spans;
  const sorted = [...spans].sort((one, other) => one.start - other.start || other.end - one.end);
  const result: T[] = [];
  for (const span of sorted) {
    const last = result.at(-1);
    if (last === undefined || span.start >= last.end) result.push(span);
    else if (span.end > last.end) result[result.length - 1] = { ...last, end: span.end };
  }
  return result;
}
