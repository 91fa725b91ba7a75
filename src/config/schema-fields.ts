import * as z from 'zod';
import { parseDuration } from './duration.ts';

/** What an issue that zod has no code for carries, so that every problem can be told in one form. */
interface ProblemParams {
  readonly expected: string;
  readonly hint?: string;
}

export const text = (limit: number) => z.string().min(1).max(limit);

/** Text that passes a check of ours; what is expected instead is told in our words. */
export function checked(isGood: (value: string) => boolean, params: ProblemParams) {
  return z.string().superRefine((value, context) => {
    if (!isGood(value)) context.addIssue({ code: 'custom', params: { ...params } });
  });
}

export function matching(pattern: RegExp, params: ProblemParams) {
  return checked((value) => pattern.test(value), params);
}

export function duration(minMs: number, maxMs: number, range: string) {
  return z.string().transform((value, context) => {
    const ms = parseDuration(value);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    const expected = `a duration such as "40s", "15m" or "30d", ${range}`;
    context.addIssue({ code: 'custom', params: { expected } satisfies ProblemParams });
    return z.NEVER;
  });
}

/** A part that a later version brings: its key is known, anything in it is refused instead of ignored. */
export const emptyList = z.array(z.unknown()).superRefine((list, context) => {
  if (list.length === 0) return;
  const hint = 'not supported by this version: remove it, nothing would enforce it';
  context.addIssue({ code: 'custom', params: { expected: 'an empty list', hint } });
});
