import type { Connection } from './connection.ts';
import type { BudgetKey, BudgetRow } from './control-contract.ts';
import type { Row } from './driver.ts';
import { integer, text } from './row.ts';

/** A call that ran into the next window still finds the count that it was reserved in. */
const keptAfterMs = 86_400_000;

export function readBudgetCount(connection: Connection, key: BudgetKey): BudgetRow | undefined {
  const row = connection.get('budgetCount', ...placeOf(key));
  return row === undefined ? undefined : toCount(row);
}

export function readBudgetCounts(
  connection: Connection,
  gate: string,
  nowMs: number,
): readonly BudgetRow[] {
  return connection.all('budgetCounts', gate, nowMs, nowMs).map(toCount);
}

export function putBudgetCount(connection: Connection, row: BudgetRow): void {
  connection.run(
    'putBudgetCount',
    ...placeOf(row),
    row.calls,
    row.microUsd,
    row.bytes,
    row.closed ? 1 : 0,
    row.raisedCalls,
    row.raisedMicroUsd,
    row.raisedBytes,
  );
}

export function eraseBudgetCounts(connection: Connection, nowMs: number): void {
  connection.run('eraseBudgetCounts', nowMs - keptAfterMs);
}

function placeOf(key: BudgetKey) {
  return [key.gate, key.budgetId, key.scopeKey, key.windowStartMs, key.windowEndsMs] as const;
}

function toCount(row: Row): BudgetRow {
  return {
    gate: text(row, 'gate'),
    budgetId: text(row, 'budget_id'),
    scopeKey: text(row, 'scope_key'),
    windowStartMs: integer(row, 'window_start'),
    windowEndsMs: integer(row, 'window_ends'),
    calls: integer(row, 'calls'),
    microUsd: integer(row, 'micro_usd'),
    bytes: integer(row, 'bytes'),
    closed: integer(row, 'closed') !== 0,
    raisedCalls: integer(row, 'raised_calls'),
    raisedMicroUsd: integer(row, 'raised_micro_usd'),
    raisedBytes: integer(row, 'raised_bytes'),
  };
}
