import type { Amounts } from '../core/budget.ts';
import { timestamp } from '../core/clock.ts';
import { formatUsd } from '../core/money.ts';
import type { EntryDraft } from '../store/contract.ts';
import type { BudgetRow } from '../store/control-contract.ts';
import { usdOrNull } from './budget-fact.ts';
import type { Reservation } from './contract.ts';

/** What each kind of amount is called where people read it. */
const names: Readonly<Record<keyof Amounts, string>> = {
  calls: 'calls',
  microUsd: 'usd',
  bytes: 'bytes',
};

/** The journal's word on a call that went over a limit while it ran. */
export function overrunEntry(
  { decisionId, traceId }: Reservation,
  row: BudgetRow,
  limit: Amounts<number | undefined>,
  excess: readonly (keyof Amounts)[],
  nowMs: number,
): EntryDraft {
  const over = excess.map((kind) => names[kind]);
  return {
    kind: 'budget.overrun',
    timeMs: nowMs,
    traceId,
    decisionId,
    fields: {
      budget_id: row.budgetId,
      bytes: row.bytes,
      calls: row.calls,
      config: row.gate,
      limit_bytes: limit.bytes ?? null,
      limit_calls: limit.calls ?? null,
      limit_usd: usdOrNull(limit.microUsd),
      over,
      reason: `budget "${row.budgetId}" is over its limit of ${over.join(' and ')}, and closed`,
      scope: row.scopeKey,
      spent_usd: formatUsd(row.microUsd),
      window_ends: timestamp(row.windowEndsMs),
    },
  };
}
