import type { BudgetScope } from '../core/budget.ts';
import { digestOf } from '../core/digest.ts';
import type { BudgetCall } from './contract.ts';

/** Longer values, which callers choose, are named by their digest. */
const longestValue = 200;

/** The scope's values as one text that people can type: `subject=os:rita,server=files`, or `global`. */
export function scopeKeyOf(scope: readonly BudgetScope[], call: BudgetCall): string {
  return scope
    .map((part) => (part === 'global' ? part : `${part}=${scopeValue(part, call)}`))
    .join();
}

function scopeValue(part: Exclude<BudgetScope, 'global'>, call: BudgetCall): string {
  const value = part === 'tool' ? `${call.server}/${call.tool}` : (call[part] ?? '');
  return encoded(value.length > longestValue ? digestOf(value) : value);
}

// A comma or a sign of equality in a value must not make it look like two.
function encoded(value: string): string {
  return value.toWellFormed().replace(/[^\w:/@.|#+~-]/gu, encodeURIComponent);
}
