import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { explain } from '../help.ts';
import { configOption, formatOption } from '../options.ts';
import type { ListOptions, RevokeOptions } from './grants.ts';

/** What runs without being asked about, because somebody said yes to it in advance. */
export function addGrantCommands(program: Command, act: Act): void {
  const grants = explain(program.command('grants'), {
    summary: 'the calls that a person said yes to in advance (standing grants)',
    sentence:
      'Lists and revokes the standing grants, which "mcp-gate approve ID --grant" makes of a call that waits.',
    examples: [
      [
        'how one is made',
        'mcp-gate approve ap_0123456789 --grant 1h --uses 10 --arguments path=notes.txt',
      ],
      ['what is in force', 'mcp-gate grants list'],
      ['ask about these calls again', 'mcp-gate grants revoke gr_0123456789'],
    ],
  });
  explain(grants.command('list'), {
    summary: 'what is in force',
    sentence: 'Lists the grants that are in force, oldest first, with what was used of them.',
    examples: [
      ['what is in force', 'mcp-gate grants list'],
      ['those that are over too', 'mcp-gate grants list --all'],
    ],
  })
    .option('--all', 'those that are over too')
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, options: ListOptions) => (await import('./grants.ts')).list(io, options)),
    );
  explain(grants.command('revoke').argument('<ID>'), {
    summary: 'end a grant',
    sentence: 'Ends a grant for every gate: the next call is asked about again.',
    examples: [
      ['the reason is kept in the journal', 'mcp-gate grants revoke gr_012345 --reason "done"'],
    ],
  })
    .option('--reason <TEXT>', 'why, for the record')
    .option('--as <NAME>', 'who ends it; without a credential it is noted as claimed')
    .addOption(configOption())
    .action(
      act(async (io, id: string, options: RevokeOptions) =>
        (await import('./grants.ts')).revoke(io, id, options),
      ),
    );
}
