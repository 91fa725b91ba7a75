import type { Budget } from '../core/budget.ts';
import { parseMicroUsd, parseNanoUsd } from '../core/money.ts';
import type { Cost } from './config.ts';
import type { Report } from './expand.ts';
import type { BudgetEntry, CostEntry } from './schema-budgets.ts';
import { similar } from './similar.ts';

/** A budget for a server that nobody has would count nothing. `servers` are all keys of the file, those switched off too. */
export function checkBudgets(
  entries: readonly BudgetEntry[],
  servers: readonly string[],
  report: Report,
): void {
  for (const [index, entry] of entries.entries()) {
    for (const [at, key] of (entry.servers ?? []).entries()) {
      if (servers.includes(key)) continue;
      const guess = similar(key, servers);
      report({
        path: ['budgets', index, 'servers', at],
        expected: 'a key of "mcpServers"',
        found: JSON.stringify(key),
        ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
      });
    }
  }
}

/** A budget as calls are counted by it; of a limit finer than a millionth of a dollar the rest is not given away. */
export function resolveBudget({ id, scope, window, limit, ...entry }: BudgetEntry): Budget {
  return {
    id,
    scope,
    windowMs: window,
    limit: {
      calls: limit.calls,
      microUsd: limit.usd === undefined ? undefined : parseMicroUsd(limit.usd, 'down'),
      bytes: limit.bytes,
    },
    onExceed: entry.onExceed,
    servers: entry.servers && new Set(entry.servers),
    tools: entry.tools && new Set(entry.tools),
  };
}

export function resolveCost(entry: CostEntry | undefined): Cost {
  if (entry === undefined) return {};
  const { perCall, perKbIn, perKbOut, reported } = entry;
  return {
    ...(perCall !== undefined && {
      perCall: parseNanoUsd(perCall, 'up') ?? 0n,
      perCallUsd: perCall,
    }),
    ...(perKbIn !== undefined && { perKbIn }),
    ...(perKbOut !== undefined && { perKbOut }),
    ...(reported !== undefined && { reported }),
  };
}
