/** Clients by the beginning of the name they report, and how long each waits for a tool; longer beginnings win. */
const clients: readonly (readonly [name: string, budget: ClientBudget])[] = [
  ['claude-code', (hasProgress) => (hasProgress ? Number.POSITIVE_INFINITY : 600_000)],
  ['visual studio code', () => Number.POSITIVE_INFINITY],
  ['gemini-cli', () => 540_000],
  ['codex', () => 280_000],
  ['claude-ai', () => 40_000],
  ['local-agent-mode-', () => 40_000],
  ['cursor', () => 40_000],
];

type ClientBudget = (hasProgress: boolean) => number;

const unknownClientMs = 40_000;

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
  const { default: fallback = unknownClientMs, ...named } = overrides;
  const budgetMs =
    longestMatch(clientName, Object.entries(named)) ??
    longestMatch(clientName, clients)?.(hasProgress) ??
    fallback;
  return Math.max(0, Math.min(budgetMs, untilExpiryMs));
}

function longestMatch<T>(
  clientName: string,
  table: readonly (readonly [name: string, value: T])[],
): T | undefined {
  const name = clientName.toLowerCase();
  let best: readonly [name: string, value: T] | undefined;
  for (const row of table) {
    if (!name.startsWith(row[0].toLowerCase())) continue;
    if (best === undefined || row[0].length > best[0].length) best = row;
  }
  return best?.[1];
}
