import { timestamp } from '../core/clock.ts';
import { formatUsd } from '../core/money.ts';
import { remainingOf, type Standing } from './budget-count.ts';
import type { BudgetFact } from './contract.ts';

/** What policy sees of one budget. */
export function factOf({ budget, row, limit, exceeded }: Standing): BudgetFact {
  const remaining = remainingOf(limit, row);
  return {
    id: budget.id,
    scope: budget.scope,
    window_ends: timestamp(row.windowEndsMs),
    limit_usd: usdOrNull(limit.microUsd),
    limit_calls: limit.calls ?? null,
    limit_bytes: limit.bytes ?? null,
    spent_usd: formatUsd(row.microUsd),
    calls: row.calls,
    bytes: row.bytes,
    remaining_usd: usdOrNull(remaining.microUsd),
    remaining_calls: remaining.calls ?? null,
    remaining_bytes: remaining.bytes ?? null,
    exceeded,
    closed: row.closed,
    on_exceed: budget.onExceed,
  };
}

export function usdOrNull(microUsd: number | undefined): string | null {
  return microUsd === undefined ? null : formatUsd(microUsd);
}
