import { Argument, type Command } from 'commander';
import type { Act } from './act.ts';
import type { FreezeOptions } from './freeze.ts';
import { explain } from './help.ts';
import type { ModeOptions } from './mode.ts';
import { configOption, formatOption } from './options.ts';
import type { UnfreezeOptions } from './unfreeze.ts';

/** What an operator says to every running gate at once. */
export function addControlCommands(program: Command, act: Act): void {
  addFreeze(program, act);
  addUnfreeze(program, act);
  addMode(program, act);
}

function addFreeze(program: Command, act: Act): void {
  explain(program.command('freeze'), {
    summary: 'the kill switch: stop everything, or a part of it',
    sentence:
      'Stops every call, or those of a server, a tool or a subject; calls that run or wait are cancelled. Exit 0 once every running gate has stopped them, 1 when one has not said so within 2 s.',
    examples: [
      ['everything, at once', 'mcp-gate freeze --reason "incident 7"'],
      ['one server', 'mcp-gate freeze --server files'],
      ['one tool of it', 'mcp-gate freeze --server files --tool write_file'],
      ['whatever one caller does', 'mcp-gate freeze --subject alice'],
    ],
  })
    .option('--server <SERVER>', 'only this server, by its key in "mcpServers"')
    .option('--tool <TOOL>', 'only this tool')
    .option('--subject <ID>', 'only this caller, by the id that policy sees')
    .option('--reason <TEXT>', 'why, for the record and for status')
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, options: FreezeOptions) => {
        const { freeze } = await import('./freeze.ts');
        return freeze(io, options);
      }),
    );
}

function addUnfreeze(program: Command, act: Act): void {
  explain(program.command('unfreeze').argument('[ID]'), {
    summary: 'lift a freeze',
    sentence:
      'Lifts one freeze, or all of them; needs a reason, and a credential, or a terminal while nobody has one.',
    examples: [
      ['one, by the id that status shows', 'mcp-gate unfreeze fz_0123456789 --reason "fixed"'],
      ['all of them', 'mcp-gate unfreeze --all --reason "false alarm"'],
    ],
  })
    .option('--all', 'every freeze that stands')
    .requiredOption('--reason <TEXT>', 'why it may go on, for the record')
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, id: string | undefined, options: UnfreezeOptions) => {
        const { unfreeze } = await import('./unfreeze.ts');
        return unfreeze(io, id, options);
      }),
    );
}

function addMode(program: Command, act: Act): void {
  const wanted = new Argument('<MODE>', 'enforce, or what the config says').choices([
    'enforce',
    'config',
  ]);
  explain(program.command('mode').addArgument(wanted), {
    summary: 'enforce everywhere, or what the config says',
    sentence:
      'Makes every gate enforce, or do again what its config says; the latter needs a credential, or a terminal while nobody has one.',
    examples: [
      ['no call passes that policy does not let through', 'mcp-gate mode enforce'],
      ['back to the config', 'mcp-gate mode config --reason "the rules are ready"'],
    ],
  })
    .option('--reason <TEXT>', 'why, for the record')
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, mode: 'enforce' | 'config', options: ModeOptions) => {
        const { setMode } = await import('./mode.ts');
        return setMode(io, mode, options);
      }),
    );
}
