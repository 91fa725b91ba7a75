import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { explain } from '../help.ts';
import { configOption, formatOption, type ReadingOptions, type StateOptions } from '../options.ts';

const changes = {
  join: {
    summary: 'put an approver into a group',
    sentence: 'Puts an approver into a group; a rule asks for one of it with "group:GROUP".',
    purpose: 'for rules with approvers: ["group:finance"]',
  },
  leave: {
    summary: 'take an approver out of a group',
    sentence:
      'Takes an approver out of a group: what they said yes to, where others have yet to, does not count any more.',
    purpose: 'at once, for every gate',
  },
} as const;

/** Groups of approvers, beneath `approvers`. */
export function addGroupCommands(approvers: Command, act: Act): void {
  for (const change of ['join', 'leave'] as const) {
    const { summary, sentence, purpose } = changes[change];
    explain(approvers.command(change).argument('<NAME>').argument('<GROUP>'), {
      ...{ summary, sentence },
      examples: [[purpose, `mcp-gate approvers ${change} alice finance`]],
    })
      .addOption(configOption())
      .action(
        act(async (io, name: string, group: string, options: StateOptions) =>
          (await import('./approvers.ts')).regroup(io, change, { name, group }, options),
        ),
      );
  }
  explain(approvers.command('groups'), {
    summary: 'the groups, and who is in them',
    sentence: 'Lists the groups of approvers and who is in them.',
    examples: [['who can answer for "group:finance"', 'mcp-gate approvers groups']],
  })
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, options: ReadingOptions) =>
        (await import('./approvers.ts')).groups(io, options),
      ),
    );
}
