import * as z from 'zod';
import { budgetAnswers, budgetScopes } from '../core/budget.ts';
import { parseNanoUsd } from '../core/money.ts';
import { duration, matching, text } from './schema-fields.ts';

const dayMs = 86_400_000;

const usd = matching(/^\d{1,9}(\.\d{1,9})?$/, {
  expected: 'an amount in US dollars as text, such as "0.01"',
});

const nanoUsd = usd.transform((amount) => parseNanoUsd(amount, 'up') ?? 0n);

export const pointer = matching(/^(\/([^~/]|~[01])*){1,20}$/, {
  expected: 'a JSON pointer such as "/request_id"',
});

/** What a call costs, per server or per tool. */
export const cost = z.strictObject({
  perCall: usd.optional(),
  perKbIn: nanoUsd.optional(),
  perKbOut: nanoUsd.optional(),
  reported: pointer.optional(),
});

export const keyExpiry = duration(1000, 30 * dayMs, 'from 1s to 30d');

const count = z.int().min(0).max(1_000_000_000_000);

const limit = z
  .strictObject({ usd: usd.optional(), calls: count.optional(), bytes: count.optional() })
  .superRefine((value, context) => {
    if (Object.values(value).some((amount) => amount !== undefined)) return;
    const params = { expected: '"usd", "calls" or "bytes"' };
    context.addIssue({ code: 'custom', params });
  });

const scope = z
  .array(z.enum(budgetScopes))
  .min(1)
  .superRefine((parts, context) => {
    const isClear =
      new Set(parts).size === parts.length && (parts.length === 1 || !parts.includes('global'));
    if (isClear) return;
    context.addIssue({
      code: 'custom',
      params: { expected: 'every word once, or "global" alone' },
    });
  });

const budget = z.strictObject({
  id: matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
    expected: 'an id of letters, digits, ".", "_" and "-"',
  }),
  scope,
  window: duration(1000, 366 * dayMs, 'from 1s to 366d'),
  limit,
  onExceed: z.enum(budgetAnswers).default('deny'),
  servers: z.array(text(64)).min(1).max(1000).optional(),
  tools: z.array(text(300)).min(1).max(1000).optional(),
});

export const budgets = z
  .array(budget)
  .max(100)
  .superRefine((list, context) => {
    const seen = new Set<string>();
    for (const [index, { id }] of list.entries()) {
      const params = { expected: 'an id of its own', hint: 'raise and journal name budgets by it' };
      if (seen.has(id)) context.addIssue({ code: 'custom', path: [index, 'id'], params });
      seen.add(id);
    }
  });

export type BudgetEntry = z.infer<typeof budget>;
export type CostEntry = z.infer<typeof cost>;
