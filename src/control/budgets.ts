import { type Amounts, type Budget, type OnExceed, tariffCost } from '../core/budget.ts';
import type { Reader, Tx } from '../store/contract.ts';
import type { BudgetRow } from '../store/control-contract.ts';
import { countAt, excessOf, limitOf, minus, placeOf, plus, type Standing } from './budget-count.ts';
import { factOf } from './budget-fact.ts';
import type {
  Actual,
  BudgetCall,
  Overrun,
  Reservation,
  Reserved,
  ReserveTerms,
  Spending,
} from './contract.ts';
import { overrunEntry } from './overrun-entry.ts';
import { scopeKeyOf } from './scope-key.ts';

/** The budgets of one gate, as the config has them at the moment. */
export function createSpending(gate: string, budgets: () => readonly Budget[]): Spending {
  const standings = (reader: Reader, call: BudgetCall, nowMs: number): readonly Standing[] =>
    budgets()
      .filter((budget) => includes(budget, call))
      .map((budget) => {
        const place = placeOf(gate, budget, scopeKeyOf(budget.scope, call), nowMs);
        return standingOf(budget, countAt(reader, place), estimateOf(call));
      });
  return {
    counts: (call) => budgets().some((budget) => includes(budget, call)),
    facts: (reader, call, nowMs) => standings(reader, call, nowMs).map(factOf),
    reserve: (tx, call, nowMs, terms) => reserve(tx, call, standings(tx, call, nowMs), terms),
    settle,
    release,
  };
}

function includes({ servers, tools }: Budget, { server, tool }: BudgetCall): boolean {
  if (servers !== undefined && !servers.has(server)) return false;
  return tools === undefined || tools.has(tool) || tools.has(`${server}/${tool}`);
}

// What comes back is known only afterwards.
function estimateOf({ bytesIn, tariff }: BudgetCall): Amounts {
  return { calls: 1, microUsd: tariffCost(tariff, bytesIn), bytes: bytesIn };
}

function standingOf(budget: Budget, row: BudgetRow, estimate: Amounts): Standing {
  const limit = limitOf(budget.limit, row);
  const exceeded = row.closed || excessOf(limit, plus(row, estimate)).length > 0;
  return { budget, row, limit, exceeded };
}

/** From the strictest on: what refuses goes before what asks. */
const answers: readonly OnExceed[] = ['deny', 'simulate', 'escalate'];

function reserve(
  tx: Tx,
  call: BudgetCall,
  standings: readonly Standing[],
  { force, waived, decisionId, traceId }: ReserveTerms,
): Reserved {
  const refusing = standings
    .filter(({ budget, exceeded }) => exceeded && !force && waived?.includes(budget.id) !== true)
    .map(({ budget }) => budget)
    .sort((a, b) => answers.indexOf(a.onExceed) - answers.indexOf(b.onExceed));
  const [first] = refusing;
  if (first !== undefined) return { kind: 'exceeded', id: first.id, onExceed: first.onExceed };
  const estimate = estimateOf(call);
  for (const { row } of standings) tx.putBudgetCount(plus(row, estimate));
  const held = standings.map(({ budget, row, exceeded }) => {
    const { gate, budgetId, scopeKey, windowStartMs, windowEndsMs } = row;
    const place = { gate, budgetId, scopeKey, windowStartMs, windowEndsMs };
    return { ...place, limit: budget.limit, exceeds: exceeded };
  });
  const reservation = { decisionId, traceId, bytesIn: call.bytesIn, tariff: call.tariff };
  return { kind: 'reserved', reservation: { ...reservation, estimate, held } };
}

function settle(
  tx: Tx,
  reservation: Reservation,
  { bytesOut, reportedMicroUsd = 0 }: Actual,
  nowMs: number,
): readonly Overrun[] {
  const { estimate, tariff, bytesIn, held } = reservation;
  const cost = Math.max(tariffCost(tariff, bytesIn, bytesOut), reportedMicroUsd);
  // Never negative: the tariff for what came back only adds to what it was for the call.
  const more = { calls: 0, microUsd: cost - estimate.microUsd, bytes: bytesOut };
  return held.flatMap((budget) => {
    const found = tx.budgetCount(budget);
    // Long ago: the window has been over for a day, and nobody counts in it any more.
    if (found === undefined) return [];
    const row = plus(found, more);
    const limit = limitOf(budget.limit, row);
    const excess = excessOf(limit, row).filter((kind) => more[kind] > 0);
    const overran = excess.length > 0 && !budget.exceeds;
    tx.putBudgetCount(overran ? { ...row, closed: true } : row);
    if (!overran) return [];
    tx.append(overrunEntry(reservation, row, limit, excess, nowMs));
    return [{ id: row.budgetId, scopeKey: row.scopeKey }];
  });
}

function release(tx: Tx, { held, estimate }: Reservation): void {
  for (const place of held) {
    const row = tx.budgetCount(place);
    if (row !== undefined) tx.putBudgetCount(minus(row, estimate));
  }
}
