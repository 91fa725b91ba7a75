import { type Freeze, isUnscoped } from '../control/control-document.ts';
import { printable } from '../core/printable.ts';

/** What a freeze stops, in words. */
export function scopeWords(freeze: Freeze): string {
  if (isUnscoped(freeze)) return 'everything';
  const { server, tool, subject } = freeze;
  return Object.entries({ server, tool, subject })
    .flatMap(([kind, name]) =>
      name === null ? [] : [`${kind} ${printable(JSON.stringify(name))}`],
    )
    .join(', ');
}

/** One freeze in one line: what, why, who, since when, and the id that lifts it. */
export function freezeLine(freeze: Freeze): string {
  const { id, reason, by, at } = freeze;
  const why = reason === '' ? 'no reason given' : reason;
  return printable(`${scopeWords(freeze)}: ${why}  by ${by} since ${at}  ${id}`);
}
