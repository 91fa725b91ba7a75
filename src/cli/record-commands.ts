import type { Command } from 'commander';
import type { Act } from './act.ts';
import { explain } from './help.ts';
import { configOption, formatOption, type ReadingOptions, type StateOptions } from './options.ts';

/** What was recorded: traces, their replay, and the definitions of tools. */
export function addRecordCommands(program: Command, act: Act): void {
  explain(program.command('trace').argument('[TRACE]'), {
    summary: 'everything that happened in a trace',
    sentence:
      'Shows everything that happened in a trace, in order; without one, the last 20 decisions.',
    examples: [
      ['the last 20 decisions', 'mcp-gate trace'],
      ['one trace, by the end of its id as the list shows it', 'mcp-gate trace 4bf92f35'],
    ],
  })
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, trace: string | undefined, options: ReadingOptions) => {
        const { showTrace } = await import('./trace.ts');
        return showTrace(io, trace, options);
      }),
    );
  addReplay(program, act);
  addPins(program, act);
}

function addReplay(program: Command, act: Act): void {
  explain(program.command('replay').argument('<TRACE>'), {
    summary: 'decide the past again',
    sentence:
      'Decides a trace, one decision or the last trace again, and tells whether the outcome is the same: exit 0 reproduced, 1 drift or undecidable.',
    examples: [
      ['the last trace, by the policy that decided it', 'mcp-gate replay last'],
      ['what a changed policy would have decided', 'mcp-gate replay last --policy ./policies'],
    ],
  })
    .option('--policy <DIR>', 'the policy to decide by, instead of the recorded one')
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, target: string, options: ReadingOptions & { readonly policy?: string }) => {
        const { replayTrace } = await import('./replay.ts');
        return replayTrace(io, target, options);
      }),
    );
}

function addPins(program: Command, act: Act): void {
  const pins = explain(program.command('pins'), {
    summary: 'the definitions of tools, as they were first seen or last accepted',
    sentence:
      'Lists the definitions of tools as they were first seen, and accepts those that changed since.',
    examples: [
      ['what changed', 'mcp-gate pins list --changed'],
      ['accept what changed on one server', 'mcp-gate pins accept files'],
    ],
  });
  explain(pins.command('list'), {
    summary: 'every tool with the digest of its definition',
    sentence: 'Lists every tool with the digest of its accepted definition.',
    examples: [['only those that differ', 'mcp-gate pins list --changed']],
  })
    .option('--changed', 'only definitions that differ from the accepted one')
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, options: ReadingOptions & { readonly changed?: boolean }) =>
        (await import('./pins.ts')).listPins(io, options),
      ),
    );
  explain(pins.command('accept').argument('<SERVER>').argument('[TOOL]'), {
    summary: 'accept changed definitions',
    sentence:
      'Accepts the changed definitions of a server, or of one of its tools; needs a credential, or a terminal while nobody has one.',
    examples: [['one tool', 'mcp-gate pins accept files write_file']],
  })
    .addOption(configOption())
    .action(
      act(async (io, server: string, tool: string | undefined, options: StateOptions) =>
        (await import('./pins.ts')).acceptPins(io, server, tool, options),
      ),
    );
}
