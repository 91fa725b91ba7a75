import type { Budget } from '../core/budget.ts';
import type { Reader } from '../store/contract.ts';
import type { BudgetRow } from '../store/control-contract.ts';
import { placeOf } from './budget-count.ts';

/** A budget with what it has counted in the window that is open now, one count for every scope that spent anything. */
export interface ListedBudget {
  readonly budget: Budget;
  readonly windowEndsMs: number;
  readonly counts: readonly BudgetRow[];
}

export function listBudgets(
  reader: Pick<Reader, 'budgetCounts'>,
  gate: string,
  budgets: readonly Budget[],
  nowMs: number,
): readonly ListedBudget[] {
  const rows = reader.budgetCounts(gate, nowMs);
  return budgets.map((budget) => {
    const { windowStartMs, windowEndsMs } = placeOf(gate, budget, '', nowMs);
    // Counts of a window that was another before the config was changed are no longer asked.
    const counts = rows.filter(
      (row) =>
        row.budgetId === budget.id &&
        row.windowStartMs === windowStartMs &&
        row.windowEndsMs === windowEndsMs,
    );
    return { budget, windowEndsMs, counts };
  });
}
