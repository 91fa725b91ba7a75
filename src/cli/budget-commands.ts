import type { Command } from 'commander';
import type { Act } from './act.ts';
import { explain } from './help.ts';
import { configOption, formatOption, type ReadingOptions } from './options.ts';
import type { RaiseOptions } from './raise-budget.ts';

/** What agents may spend. */
export function addBudgetCommands(program: Command, act: Act): void {
  const budgets = explain(program.command('budgets'), {
    summary: 'what agents may spend, and what they have spent',
    sentence:
      'Lists the budgets of the config with what was spent in the window that is open now, and raises one of them.',
    examples: [
      ['what is spent', 'mcp-gate budgets'],
      [
        'two dollars more, until the window turns',
        'mcp-gate budgets raise daily --usd 2 --reason "the release is today"',
      ],
    ],
  });
  explain(budgets.command('list', { isDefault: true }), {
    summary: 'every budget with what was spent of it',
    sentence:
      'Lists every budget with what was spent of it; what is reserved for calls in flight is spent.',
    examples: [['for a program', 'mcp-gate budgets --format json']],
  })
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, options: ReadingOptions) =>
        (await import('./budgets.ts')).showBudgets(io, options),
      ),
    );
  explain(budgets.command('raise').argument('<ID>'), {
    summary: 'add to the limit of a budget until its window turns',
    sentence:
      'Adds to the limit of a budget until its window turns, and opens it again if it was closed; needs a credential, or a terminal while nobody has one.',
    examples: [
      [
        'a budget that everybody shares',
        'mcp-gate budgets raise all --calls 100 --reason "backfill"',
      ],
      [
        "one caller's, as the list names it",
        'mcp-gate budgets raise daily --scope subject=os:rita --usd 2.50 --reason "the release is today"',
      ],
    ],
  })
    .option('--scope <KEY>', 'whose count, as the list names it; may be left out when there is one')
    .option('--calls <N>', 'how many calls more')
    .option('--usd <AMOUNT>', 'how many US dollars more')
    .option('--bytes <N>', 'how many bytes more')
    .requiredOption('--reason <TEXT>', 'why, for the record')
    .addOption(configOption())
    .action(
      act(async (io, id: string, options: RaiseOptions) =>
        (await import('./raise-budget.ts')).raise(io, id, options),
      ),
    );
}
