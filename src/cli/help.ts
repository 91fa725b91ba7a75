import type { Command, Help } from 'commander';

/** What a command says about itself: one sentence, then what one would type, each line with its purpose. */
interface Manual {
  readonly summary: string;
  readonly sentence: string;
  readonly examples: readonly (readonly [purpose: string, command: string])[];
}

const manuals = new WeakMap<Command, Manual>();

export function explain(command: Command, manual: Manual): Command {
  manuals.set(command, manual);
  return command.summary(manual.summary).description(manual.sentence).helpCommand(false);
}

/** The page that `--help` prints. */
export function formatHelp(command: Command, helper: Help): string {
  const examples = manuals.get(command)?.examples ?? [];
  const blocks = [
    helper.commandDescription(command),
    ...examples.map(([purpose, line]) => `  # ${purpose}\n  ${line}`),
    `usage: ${helper.commandUsage(command)}`,
    table(
      'commands:',
      helper
        .visibleCommands(command)
        .map((each) => [each.name(), helper.subcommandDescription(each)]),
    ),
    table(
      'options:',
      helper
        .visibleOptions(command)
        .map((each) => [placeholder(helper.optionTerm(each)), helper.optionDescription(each)]),
    ),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** `--config FILE`, as one types it. */
function placeholder(term: string): string {
  return term.replace(/[<>]/g, '');
}

function table(title: string, rows: readonly (readonly [string, string])[]): string {
  if (rows.length === 0) return '';
  const width = Math.max(...rows.map(([term]) => term.length));
  const lines = rows.map(([term, text]) => `  ${term.padEnd(width)}  ${text}`);
  return [title, ...lines].join('\n');
}
