import { limitOf, remainingOf } from '../control/budget-count.ts';
import { usdOrNull } from '../control/budget-fact.ts';
import type { ListedBudget } from '../control/budget-list.ts';
import type { Amounts, Budget } from '../core/budget.ts';
import { timestamp } from '../core/clock.ts';
import { formatUsd } from '../core/money.ts';
import { printable } from '../core/printable.ts';
import type { BudgetRow } from '../store/control-contract.ts';
import type { Paint } from './io.ts';

export function budgetJson({ budget, windowEndsMs, counts }: ListedBudget) {
  return {
    id: budget.id,
    scope: budget.scope,
    window_ends: timestamp(windowEndsMs),
    on_exceed: budget.onExceed,
    ...limitJson(budget.limit),
    counts: counts.map((row) => countJson(budget, row)),
  };
}

function countJson({ limit }: Budget, row: BudgetRow) {
  const raised = limitOf(limit, row);
  const rest = remainingOf(raised, row);
  return {
    scope_key: row.scopeKey,
    spent_usd: formatUsd(row.microUsd),
    calls: row.calls,
    bytes: row.bytes,
    ...limitJson(raised),
    remaining_usd: usdOrNull(rest.microUsd),
    remaining_calls: rest.calls ?? null,
    remaining_bytes: rest.bytes ?? null,
    closed: row.closed,
  };
}

function limitJson({ microUsd, calls, bytes }: Budget['limit']) {
  return {
    limit_usd: usdOrNull(microUsd),
    limit_calls: calls ?? null,
    limit_bytes: bytes ?? null,
  };
}

/** A budget with its limits, and a line for everybody who has spent of it. */
export function budgetLines(
  { budget, windowEndsMs, counts }: ListedBudget,
  paint: Paint,
): readonly string[] {
  const limits = shown.flatMap(({ kind, text }) => {
    const most = budget.limit[kind];
    return most === undefined ? [] : [text(most)];
  });
  const head = `${paint('bold', budget.id)}  per ${budget.scope.join(' and ')}: ${limits.join(', ')}`;
  return [
    `${head}, then ${budget.onExceed}; until ${timestamp(windowEndsMs)}`,
    ...(counts.length === 0 ? ['  nothing spent'] : []),
    ...counts.map((row) => countLine(budget, row, paint)),
  ];
}

const shown: readonly { kind: keyof Amounts; text: (amount: number) => string }[] = [
  { kind: 'microUsd', text: (amount) => `${formatUsd(amount)} USD` },
  { kind: 'calls', text: (amount) => `${amount} calls` },
  { kind: 'bytes', text: (amount) => `${amount} bytes` },
];

function countLine({ limit }: Budget, row: BudgetRow, paint: Paint): string {
  const raised = limitOf(limit, row);
  const amounts = shown.map(({ kind, text }) => {
    const most = raised[kind];
    if (most === undefined) return text(row[kind]);
    const part = `${text(row[kind])} of ${kind === 'microUsd' ? formatUsd(most) : most}`;
    return row[kind] >= most ? paint('red', part) : part;
  });
  const closed = row.closed ? `  ${paint('red', 'closed')}` : '';
  return `  ${printable(row.scopeKey)}  ${amounts.join(', ')}${closed}`;
}
