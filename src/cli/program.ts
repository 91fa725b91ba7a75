import { Command, CommanderError } from 'commander';
import type { Act } from './act.ts';
import { addApprovalCommands } from './approvals/approval-commands.ts';
import { addGrantCommands } from './approvals/grant-commands.ts';
import { addBudgetCommands } from './budget-commands.ts';
import { addControlCommands } from './control-commands.ts';
import { fail, failUsage } from './failure.ts';
import { addGateCommands } from './gate-commands.ts';
import { explain, formatHelp } from './help.ts';
import { addHttpCommands } from './http-commands.ts';
import { type Io, toleratePipes } from './io.ts';
import { addPolicyCommands } from './policy-commands.ts';
import { addRecordCommands } from './record-commands.ts';
import { packageVersion } from './version.ts';

/** Runs one command line and resolves with its exit code: 0 done, 1 a negative answer, 2 wrong usage or configuration. */
export async function runProgram(io: Io): Promise<number> {
  let code = 0;
  const act: Act =
    (work) =>
    async (...args) => {
      code = await work(io, ...args);
    };
  const isBroken = toleratePipes(io);
  const program = createProgram(io, act);
  // What a command waits for may hold no process open by itself: a child that was let go, a timer that was.
  const awake = setInterval(() => {}, 60_000);
  try {
    await program.parseAsync([...io.argv], { from: 'user' });
    return isBroken() ? 2 : code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(io, error);
    return failUsage(io, error, commandOf(program, io.argv));
  } finally {
    clearInterval(awake);
  }
}

/** The command that the words reach: `mcp-gate policy check`. */
function commandOf(program: Command, [word, ...rest]: readonly string[]): string {
  const next = program.commands.find((each) => each.name() === word);
  return next === undefined ? program.name() : `${program.name()} ${commandOf(next, rest)}`;
}

function createProgram(io: Io, act: Act): Command {
  // Subcommands inherit these settings, so they come first.
  const program = new Command('mcp-gate')
    .exitOverride()
    .configureHelp({ formatHelp })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => {},
    })
    .helpOption('-h, --help', 'print this page')
    .version(packageVersion(), '--version', 'print the version');
  explain(program, {
    summary: '',
    sentence:
      'mcp-gate stands in front of your MCP servers: it decides every tool call by policy before it runs, holds what needs a human, and keeps a record that can be replayed.',
    examples: [
      ['see it work, in a scratch folder', 'mcp-gate demo'],
      ['what a client config starts', 'mcp-gate run --config mcp-config.json'],
      ['who waits for your yes', 'mcp-gate approvals list'],
    ],
  });
  addGateCommands(program, act);
  addHttpCommands(program, act);
  addApprovalCommands(program, act);
  addGrantCommands(program, act);
  addBudgetCommands(program, act);
  addControlCommands(program, act);
  addRecordCommands(program, act);
  addPolicyCommands(program, act);
  return program;
}
