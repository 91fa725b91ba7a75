import { userInfo } from 'node:os';
import { resolveApprover } from '../approval/approvers/identity.ts';
import { whyNotTerminal } from '../approval/approvers/separation.ts';
import { raiseBudget } from '../control/raise-budget.ts';
import type { Amounts, Budget } from '../core/budget.ts';
import { timestamp } from '../core/clock.ts';
import { GateError } from '../core/errors.ts';
import { parseMicroUsd } from '../core/money.ts';
import { printable } from '../core/printable.ts';
import { type Io, isInteractive, print, tell } from './io.ts';
import type { StateOptions } from './options.ts';
import { findPlace, isCredentialRequired, requireConfig, withStore } from './state.ts';

export interface RaiseOptions extends StateOptions {
  readonly scope?: string;
  readonly calls?: string;
  readonly usd?: string;
  readonly bytes?: string;
  readonly reason: string;
}

/** To let agents spend more takes what an approval takes. */
export async function raise(io: Io, id: string, options: RaiseOptions): Promise<number> {
  const place = await findPlace(io, options);
  const { gate, budgets } = requireConfig(place);
  const budget = budgetNamed(budgets, id);
  const by = amountsOf(options);
  const reason = options.reason.trim();
  if (reason === '') throw new GateError('usage', '"--reason" is empty, expected a reason');
  return withStore(place, 'refuse', async (store) => {
    const approver = await resolveApprover(store, {
      env: io.env,
      isTerminal: isInteractive(io),
      osUser: userInfo().username,
      as: undefined,
    });
    const wanted = { budget, scopeKey: options.scope, by, reason };
    const row = await store.write('decision', (tx) => {
      // As the transaction sees it: somebody may just have become the first approver.
      const hindrance = whyNotTerminal(tx, approver, isCredentialRequired(place, tx));
      if (hindrance !== undefined) throw hindrance;
      const { name, kind: via } = approver;
      return raiseBudget(tx, gate, wanted, { name, via }, Date.now());
    });
    const until = timestamp(row.windowEndsMs);
    print(io, [printable(`raised ${row.budgetId} for ${row.scopeKey} until ${until}`)]);
    if (row.closed) tell(io, 'it is still over its limit, and stays closed');
    return 0;
  });
}

function budgetNamed(budgets: readonly Budget[], id: string): Budget {
  const found = budgets.find((budget) => budget.id === id);
  if (found !== undefined) return found;
  throw new GateError('not_found', `the config has no budget "${printable(id.slice(0, 64))}"`, {
    hint: 'mcp-gate budgets',
  });
}

function amountsOf({ calls, usd, bytes }: RaiseOptions): Amounts {
  return {
    calls: countOf('--calls', calls),
    microUsd: usd === undefined ? 0 : usdOf(usd),
    bytes: countOf('--bytes', bytes),
  };
}

function countOf(option: string, text: string | undefined): number {
  if (text === undefined) return 0;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw unreadable(option, 'a whole number such as 100', text);
}

function usdOf(text: string): number {
  const amount = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? parseMicroUsd(text, 'down') : undefined;
  if (amount !== undefined) return amount;
  throw unreadable('--usd', 'an amount such as 2.50', text);
}

function unreadable(option: string, expected: string, text: string): GateError {
  const got = printable(text.slice(0, 40));
  return new GateError('usage', `"${option}": expected ${expected}, got "${got}"`);
}
