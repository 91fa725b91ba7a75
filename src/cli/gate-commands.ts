import type { Command } from 'commander';
import type { Act } from './act.ts';
import { explain } from './help.ts';
import { configOption, formatOption, type ReadingOptions } from './options.ts';

/** The gate itself: run it, try it, look at it. */
export function addGateCommands(program: Command, act: Act): void {
  explain(program.command('run'), {
    summary: 'the stdio gate, which a client config starts',
    sentence: 'Runs the gate over stdin and stdout until the client goes.',
    examples: [
      ['what stands in the config of an MCP client', 'mcp-gate run --config mcp-config.json'],
    ],
  })
    .requiredOption('--config <FILE>', 'the config of the gate')
    .action(
      act(async (_io, options: { readonly config: string }) => {
        const { run } = await import('./run.ts');
        return run({ configFile: options.config });
      }),
    );

  explain(program.command('demo'), {
    summary: 'a guided run against real servers in a scratch folder',
    sentence: 'Shows the outcomes one after another, against real servers in a scratch folder.',
    examples: [['nothing of yours is touched', 'mcp-gate demo']],
  }).action(
    act(async (io) => {
      const { demo } = await import('./demo.ts');
      return demo(io);
    }),
  );

  explain(program.command('status'), {
    summary: 'running gates, their servers and policy, what waits, the journal',
    sentence:
      'Shows every running gate with its mode, policy and servers, what waits for a person, and the journal.',
    examples: [
      ['at a glance', 'mcp-gate status'],
      ['for a program', 'mcp-gate status --format json'],
    ],
  })
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, options: ReadingOptions) => {
        const { status } = await import('./status.ts');
        return status(io, options);
      }),
    );
}
