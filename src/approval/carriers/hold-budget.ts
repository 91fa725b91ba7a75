import { knownClient, longestMatch, unknownHoldMs } from './known-clients.ts';

/** `approvals.hold` of the configuration, in milliseconds: `default`, and beginnings of client names. */
type HoldOverrides = Readonly<Record<string, number>>;

/**
 * How long a call of this client is held, at most until the approval expires. The client's name is its own word: it
 * changes only how long that client waits. What the configuration says of a client wins over the table, and its
 * `default` is for clients that the table does not know.
 */
export function holdBudgetMs(
  clientName: string,
  overrides: HoldOverrides,
  hasProgress: boolean,
  untilExpiryMs: number,
): number {
  const { default: fallback = unknownHoldMs, ...named } = overrides;
  const rows = Object.entries(named).map(([name, holdMs]) => ({ name, holdMs }));
  const budgetMs =
    longestMatch(clientName, rows)?.holdMs ?? tableMs(clientName, hasProgress) ?? fallback;
  return Math.max(0, Math.min(budgetMs, untilExpiryMs));
}

function tableMs(clientName: string, hasProgress: boolean): number | undefined {
  const row = knownClient(clientName);
  if (row === undefined) return undefined;
  return row.progressResets && hasProgress ? Number.POSITIVE_INFINITY : row.holdMs;
}
