import { listBudgets } from '../control/budget-list.ts';
import { budgetJson, budgetLines } from './budget-lines.ts';
import { type Io, painter, print, printJson, tell } from './io.ts';
import type { ReadingOptions } from './options.ts';
import { findPlace, hasStore, requireConfig, withStore } from './state.ts';

/** What every budget of the config has counted in the window that is open now. */
export async function showBudgets(io: Io, options: ReadingOptions): Promise<number> {
  const place = await findPlace(io, options);
  const { gate, budgets } = requireConfig(place);
  const nowMs = Date.now();
  // Where no gate has run nothing is spent.
  const listed = hasStore(place)
    ? await withStore(place, 'refuse', async (store) => listBudgets(store, gate, budgets, nowMs))
    : listBudgets({ budgetCounts: () => [] }, gate, budgets, nowMs);
  if (options.format === 'json') printJson(io, listed.map(budgetJson));
  else if (listed.length === 0) tell(io, 'the config has no budgets');
  else {
    const paint = painter(io, io.stdout);
    print(
      io,
      listed.flatMap((each) => budgetLines(each, paint)),
    );
  }
  return 0;
}
