import type { Io } from '../io.ts';

/** The width of a terminal, 80 where it does not say; without one there is nothing that would break a line. */
export function columnsOf({ isTTY, columns }: Io['stdout']): number {
  if (isTTY !== true) return Number.POSITIVE_INFINITY;
  return columns === undefined || columns === 0 ? 80 : columns;
}
