import type { Amounts, Budget } from '../core/budget.ts';
import { maxAmount, sum } from '../core/money.ts';
import type { Reader } from '../store/contract.ts';
import type { BudgetKey, BudgetRow } from '../store/control-contract.ts';

type Limit = Budget['limit'];

/** One budget before a call that it counts. */
export interface Standing {
  readonly budget: Budget;
  readonly row: BudgetRow;
  /** With what an operator has added. */
  readonly limit: Limit;
  readonly exceeded: boolean;
}

/** The place of a budget's count at a moment; windows are aligned to the Unix epoch. */
export function placeOf(gate: string, budget: Budget, scopeKey: string, nowMs: number): BudgetKey {
  const windowStartMs = nowMs - (nowMs % budget.windowMs);
  const windowEndsMs = windowStartMs + budget.windowMs;
  return { gate, budgetId: budget.id, scopeKey, windowStartMs, windowEndsMs };
}

export function countAt(reader: Reader, place: BudgetKey): BudgetRow {
  return reader.budgetCount(place) ?? { ...place, ...nothing };
}

const nothing = {
  calls: 0,
  microUsd: 0,
  bytes: 0,
  closed: false,
  raisedCalls: 0,
  raisedMicroUsd: 0,
  raisedBytes: 0,
};

/** What the config and the operator allow together. */
export function limitOf(limit: Limit, row: BudgetRow): Limit {
  const raised = (amount: number | undefined, by: number) =>
    amount === undefined ? undefined : sum(amount, by);
  return {
    calls: raised(limit.calls, row.raisedCalls),
    microUsd: raised(limit.microUsd, row.raisedMicroUsd),
    bytes: raised(limit.bytes, row.raisedBytes),
  };
}

/** What is left of a limit; never less than nothing. */
export function remainingOf(limit: Limit, spent: Amounts): Limit {
  const rest = (amount: number | undefined, used: number) =>
    amount === undefined ? undefined : Math.max(0, amount - used);
  return {
    calls: rest(limit.calls, spent.calls),
    microUsd: rest(limit.microUsd, spent.microUsd),
    bytes: rest(limit.bytes, spent.bytes),
  };
}

/** Which limits these amounts go over. A count that has run up to what can be counted is over every limit. */
export function excessOf(limit: Limit, spent: Amounts): readonly (keyof Amounts)[] {
  return kinds.filter((kind) => {
    const most = limit[kind];
    return most !== undefined && (spent[kind] > most || spent[kind] >= maxAmount);
  });
}

const kinds = ['calls', 'microUsd', 'bytes'] as const;

export function plus(row: BudgetRow, amounts: Amounts): BudgetRow {
  return {
    ...row,
    calls: sum(row.calls, amounts.calls),
    microUsd: sum(row.microUsd, amounts.microUsd),
    bytes: sum(row.bytes, amounts.bytes),
  };
}

/** Never less than nothing: a count that has run up to what can be counted is not exact any more. */
export function minus(row: BudgetRow, amounts: Amounts): BudgetRow {
  return {
    ...row,
    calls: Math.max(0, row.calls - amounts.calls),
    microUsd: Math.max(0, row.microUsd - amounts.microUsd),
    bytes: Math.max(0, row.bytes - amounts.bytes),
  };
}
