import type { Amounts, Budget } from '../core/budget.ts';
import { timestamp } from '../core/clock.ts';
import { GateError } from '../core/errors.ts';
import { formatUsd, sum } from '../core/money.ts';
import { printable } from '../core/printable.ts';
import { shortened } from '../core/shortened.ts';
import type { EntryDraft, Reader, Tx } from '../store/contract.ts';
import type { BudgetRow } from '../store/control-contract.ts';
import { countAt, excessOf, limitOf, placeOf } from './budget-count.ts';
import { usdOrNull } from './budget-fact.ts';
import { listBudgets } from './budget-list.ts';

export interface Raise {
  readonly budget: Budget;
  /** Which count; undefined when there is only one. */
  readonly scopeKey: string | undefined;
  /** What is added to the limit, in this window. */
  readonly by: Amounts;
  readonly reason: string;
}

/** Who raises it, and what proves that. */
export interface RaisedBy {
  readonly name: string;
  readonly via: string;
}

/**
 * Adds to the limit of one count until its window turns, and opens it again when that makes room; journaled in the same
 * transaction. Throws `usage` and `not_found`, and then nothing was changed.
 */
export function raiseBudget(
  tx: Tx,
  gate: string,
  raise: Raise,
  by: RaisedBy,
  nowMs: number,
): BudgetRow {
  checkKinds(raise);
  const found = countOf(tx, gate, raise, nowMs);
  const raised = {
    ...found,
    raisedCalls: sum(found.raisedCalls, raise.by.calls),
    raisedMicroUsd: sum(found.raisedMicroUsd, raise.by.microUsd),
    raisedBytes: sum(found.raisedBytes, raise.by.bytes),
  };
  const isOver = excessOf(limitOf(raise.budget.limit, raised), raised).length > 0;
  const row = { ...raised, closed: raised.closed && isOver };
  tx.putBudgetCount(row);
  tx.append(raisedEntry(raise, row, by, nowMs));
  return row;
}

const names = { calls: 'calls', microUsd: 'usd', bytes: 'bytes' } as const;
const kinds = ['calls', 'microUsd', 'bytes'] as const;

function checkKinds({ budget, by }: Raise): void {
  const wanted = kinds.filter((kind) => by[kind] > 0);
  const limited = kinds.filter((kind) => budget.limit[kind] !== undefined);
  const options = limited.map((kind) => `--${names[kind]}`).join(' or ');
  if (wanted.length === 0) {
    throw new GateError('usage', `nothing to add to budget "${budget.id}", expected ${options}`);
  }
  const strange = wanted.find((kind) => !limited.includes(kind));
  if (strange === undefined) return;
  throw new GateError(
    'usage',
    `budget "${budget.id}" has no limit of ${names[strange]}, expected ${options}`,
  );
}

function countOf(
  reader: Reader,
  gate: string,
  { budget, scopeKey }: Raise,
  nowMs: number,
): BudgetRow {
  const counts = listBudgets(reader, gate, [budget], nowMs).flatMap((listed) => listed.counts);
  const wanted = scopeKey ?? (budget.scope.includes('global') ? 'global' : counts[0]?.scopeKey);
  if (wanted === undefined || (scopeKey === undefined && counts.length > 1)) {
    throw new GateError(
      counts.length > 1 ? 'usage' : 'not_found',
      `budget "${budget.id}" has ${counts.length} counts in this window, expected one or --scope`,
      { hint: 'mcp-gate budgets' },
    );
  }
  if (wanted === 'global') return countAt(reader, placeOf(gate, budget, wanted, nowMs));
  const found = counts.find((row) => row.scopeKey === wanted);
  if (found !== undefined) return found;
  const what = printable(shortened(wanted, 300));
  // A scope that nobody spent in is more likely a mistyped one.
  throw new GateError(
    'not_found',
    `budget "${budget.id}" has counted nothing for "${what}" in this window`,
    { hint: 'mcp-gate budgets' },
  );
}

function raisedEntry(
  { budget, by: amounts, reason }: Raise,
  row: BudgetRow,
  by: RaisedBy,
  nowMs: number,
): EntryDraft {
  const limit = limitOf(budget.limit, row);
  return {
    kind: 'control.changed',
    timeMs: nowMs,
    fields: {
      budget_id: row.budgetId,
      by: by.name,
      by_bytes: amounts.bytes,
      by_calls: amounts.calls,
      by_usd: formatUsd(amounts.microUsd),
      closed: row.closed,
      config: row.gate,
      limit_bytes: limit.bytes ?? null,
      limit_calls: limit.calls ?? null,
      limit_usd: usdOrNull(limit.microUsd),
      reason: shortened(reason, 1000),
      scope: row.scopeKey,
      via: by.via,
      what: 'budget.raised',
      window_ends: timestamp(row.windowEndsMs),
    },
  };
}
