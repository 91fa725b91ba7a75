import type { GrantWish } from '../../approval/grants/grant-terms.ts';
import { parseDuration } from '../../config/duration.ts';
import { GateError } from '../../core/errors.ts';
import { printable } from '../../core/printable.ts';

/** What `approve` takes for a standing grant. */
export interface GrantOptions {
  readonly grant?: string;
  readonly uses?: string;
  readonly arguments?: readonly string[];
}

/** What is wanted beyond the one call; undefined where nothing is. */
export function wishOf({ grant, uses, arguments: terms }: GrantOptions): GrantWish | undefined {
  if (grant === undefined) {
    const alone = uses === undefined ? terms && '--arguments' : '--uses';
    if (alone === undefined) return undefined;
    throw new GateError('usage', `"${alone}" is only for "--grant"`, {
      hint: 'say for how long: --grant 1h',
    });
  }
  const lifeMs = parseDuration(grant);
  if (lifeMs === undefined) throw unreadable('--grant', 'a duration such as 1h', grant);
  return { lifeMs, uses: usesOf(uses), arguments: terms ?? [] };
}

function usesOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw unreadable('--uses', 'a whole number such as 10', text);
}

function unreadable(option: string, expected: string, text: string): GateError {
  const got = printable(text.slice(0, 40));
  return new GateError('usage', `"${option}": expected ${expected}, got "${got}"`);
}
