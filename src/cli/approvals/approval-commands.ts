import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { explain } from '../help.ts';
import { configOption, formatOption, type ReadingOptions, type StateOptions } from '../options.ts';
import { addEditOptions, type EditOptions, editExamples } from './edit-options.ts';
import type { GrantOptions } from './grant-options.ts';
import { addGroupCommands } from './group-commands.ts';

interface DecideOptions extends StateOptions, GrantOptions, EditOptions {
  readonly reason?: string;
  readonly as?: string;
}

/** What waits for a person, and who may answer. */
export function addApprovalCommands(program: Command, act: Act): void {
  const approvals = explain(program.command('approvals'), {
    summary: 'the calls that wait for a person',
    sentence: 'Lists, shows, decides and withdraws the calls that wait for a person.',
    examples: [
      ['what waits', 'mcp-gate approvals list'],
      ['the whole call', 'mcp-gate approvals show ap_0123456789'],
      ['keep an eye on them and decide with one key', 'mcp-gate approvals watch'],
      ['your agent should not have asked', 'mcp-gate approvals cancel ap_0123456789'],
    ],
  });
  addList(approvals, act);
  addShow(approvals, act);
  addWatch(approvals, act);
  for (const parent of [approvals, program]) {
    addDecision(parent, act, 'approve');
    addDecision(parent, act, 'deny');
  }
  addCancel(approvals, act);
  addApprovers(program, act);
}

function addList(approvals: Command, act: Act): void {
  explain(approvals.command('list'), {
    summary: 'what waits',
    sentence:
      'Lists the calls that wait for a person, oldest first; those that differ in their arguments alone stand under one line.',
    examples: [
      ['what waits', 'mcp-gate approvals list'],
      ['those that are over too', 'mcp-gate approvals list --all'],
      ['each of those that are alike', 'mcp-gate approvals list --group like_0123456789'],
    ],
  })
    .option('--all', 'those that are over too')
    .option('--group <KEY>', 'those that are alike, one by one')
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(
        async (
          io,
          options: ReadingOptions & { readonly all?: boolean; readonly group?: string },
        ) => {
          const { listApprovals } = await import('./approvals.ts');
          return listApprovals(io, options);
        },
      ),
    );
}

function addShow(approvals: Command, act: Act): void {
  explain(approvals.command('show').argument('<ID>'), {
    summary: 'one call, with everything that a yes would be bound to',
    sentence: 'Shows one call with its arguments and everything that a yes would be bound to.',
    examples: [
      ['the beginning of an id is enough', 'mcp-gate approvals show ap_012345'],
      ['for a program, with who voted', 'mcp-gate approvals show ap_012345 --format json'],
    ],
  })
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, id: string, options: ReadingOptions) => {
        const { showApproval } = await import('./approvals.ts');
        return showApproval(io, id, options);
      }),
    );
}

function addWatch(approvals: Command, act: Act): void {
  explain(approvals.command('watch'), {
    summary: 'a live list in the terminal',
    sentence:
      'Keeps the calls that wait on the screen: j and k move, a approves after showing the whole call, d denies, g shows those that are alike one by one, q ends. A new one rings the bell, or notifies where the terminal can.',
    examples: [
      ['in a terminal beside the agent', 'mcp-gate approvals watch'],
      ['without a sound', 'mcp-gate approvals watch --no-bell'],
    ],
  })
    .option('--no-bell', 'neither a bell nor a notification for a new one')
    .addOption(configOption())
    .action(
      act(async (io, options: StateOptions & { readonly bell: boolean }) => {
        const { watchScreen } = await import('./approvals-watch.ts');
        return watchScreen(io, options);
      }),
    );
}

function addCancel(approvals: Command, act: Act): void {
  explain(approvals.command('cancel').argument('<ID>'), {
    summary: 'withdraw a question that your agent put',
    sentence:
      'Withdraws a question that waits, or a yes that nothing has used: at a terminal of the user whose agent asked, or with the credential of an approver. The calls that are held for it end.',
    examples: [
      ['the agent went astray', 'mcp-gate approvals cancel ap_0123456789 --reason "wrong file"'],
      ['from a script', 'MCP_GATE_APPROVER=alice:SECRET mcp-gate approvals cancel ap_0123456789'],
    ],
  })
    .option('--reason <TEXT>', 'why, for the record')
    .addOption(configOption())
    .action(
      act(async (io, id: string, options: StateOptions & { readonly reason?: string }) => {
        const { cancelApproval } = await import('./cancel-approval.ts');
        return cancelApproval(io, id, options);
      }),
    );
}

function addDecision(parent: Command, act: Act, verdict: 'approve' | 'deny'): void {
  const isYes = verdict === 'approve';
  const command = explain(parent.command(verdict).argument('<ID>'), {
    summary: isYes ? 'say yes to one call' : 'say no to one call',
    sentence: isYes
      ? 'Shows the whole call and approves it, once, after a y; with a credential in MCP_GATE_APPROVER it does not ask. Once there are approvers a yes needs the credential of one.'
      : 'Denies one call that waits: at a terminal, or with a credential in MCP_GATE_APPROVER.',
    examples: [
      [
        isYes ? 'in a terminal' : 'the reason is kept in the journal',
        `mcp-gate ${verdict} ap_0123456789${isYes ? '' : ' --reason "not on production"'}`,
      ],
      [
        'from a script, with a credential',
        `MCP_GATE_APPROVER=alice:SECRET mcp-gate ${verdict} ap_0123456789${isYes ? ' --reason "it is due"' : ''}`,
      ],
      ...(isYes ? [...grantExamples, ...editExamples] : []),
    ],
  });
  if (isYes) {
    addGrantOptions(command);
    addEditOptions(command);
  }
  command
    .option('--reason <TEXT>', 'why, for the record')
    .option('--as <NAME>', 'whose answer it is; without a credential it is noted as claimed')
    .addOption(configOption())
    .action(
      act(async (io, id: string, options: DecideOptions) => {
        const { decide } = await import('./decide.ts');
        return decide(io, { id, verdict, ...options });
      }),
    );
}

const grantExamples = [
  [
    'and ten more to the same folder within the hour, unasked',
    'mcp-gate approve ap_0123456789 --grant 1h --uses 10 --arguments folder=reports',
  ],
] as const;

function addGrantOptions(command: Command): void {
  command
    .option('--grant <DURATION>', 'let the calls like this one run unasked for so long, such as 1h')
    .option('--uses <N>', 'at most so many of them; without it any number')
    .option(
      '--arguments <TERMS...>',
      'which of them: exact (the same arguments, the default), any, or KEY=VALUE as in this call',
    );
}

function addApprovers(program: Command, act: Act): void {
  const approvers = explain(program.command('approvers'), {
    summary: 'who may answer with a credential',
    sentence: 'Lists, adds, groups and removes the people who may answer with a credential.',
    examples: [
      ['the credential is shown once', 'mcp-gate approvers add alice'],
      [
        'after the first one, adding needs the credential of another',
        'MCP_GATE_APPROVER=alice:SECRET mcp-gate approvers add bob --group finance',
      ],
      ['who they are', 'mcp-gate approvers list'],
    ],
  });
  explain(approvers.command('add').argument('<NAME>'), {
    summary: 'add a person and print the credential, once',
    sentence:
      'Adds a person and prints the credential once; only a hash of it is kept. From the first one on a yes needs a credential.',
    examples: [
      ['for a program', 'mcp-gate approvers add alice --format json'],
      ['for rules that ask a group', 'mcp-gate approvers add bob --group finance --group ops'],
    ],
  })
    .option('--group <GROUP...>', 'the groups that the person is in')
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, name: string, options: ReadingOptions & { readonly group?: string[] }) =>
        (await import('./approvers.ts')).add(io, name, options),
      ),
    );
  explain(approvers.command('list'), {
    summary: 'everybody who has a credential',
    sentence: 'Lists everybody who has a credential.',
    examples: [['who they are', 'mcp-gate approvers list']],
  })
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, options: ReadingOptions) =>
        (await import('./approvers.ts')).list(io, options),
      ),
    );
  explain(approvers.command('remove').argument('<NAME>'), {
    summary: 'remove a person, whose credential ends',
    sentence: 'Removes a person, whose credential is worth nothing from then on.',
    examples: [['at once, for every gate', 'mcp-gate approvers remove alice']],
  })
    .addOption(configOption())
    .action(
      act(async (io, name: string, options: StateOptions) =>
        (await import('./approvers.ts')).remove(io, name, options),
      ),
    );
  addGroupCommands(approvers, act);
}
