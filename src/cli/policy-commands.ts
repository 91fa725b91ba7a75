import type { Command } from 'commander';
import type { Act } from './act.ts';
import { explain } from './help.ts';
import { configOption, formatOption, type ReadingOptions, type StateOptions } from './options.ts';

/** The policy author's tools; a folder that is not named is the config's, else ./policies. */
export function addPolicyCommands(program: Command, act: Act): void {
  const policy = explain(program.command('policy'), {
    summary: 'check, test, format, build and try policies',
    sentence:
      'Checks, tests, formats, builds and tries policies, with the compiler that the gate uses.',
    examples: [
      ['before every commit', 'mcp-gate policy check && mcp-gate policy test'],
      [
        'what a rule says about one input',
        'mcp-gate policy eval data.gate.decision --input input.json',
      ],
    ],
  });
  addCheck(policy, act);
  addTest(policy, act);
  addFmt(policy, act);
  addBuild(policy, act);
  addEval(policy, act);
}

function addCheck(policy: Command, act: Act): void {
  explain(policy.command('check').argument('[DIR]'), {
    summary: 'find mistakes, misspelt input fields among them',
    sentence:
      'Checks a policy strictly, against the schema of the input: exit 1 when it has faults.',
    examples: [['the folder of the config', 'mcp-gate policy check']],
  })
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(async (io, dir: string | undefined, options: ReadingOptions) =>
        (await import('./policy-check.ts')).checkPolicy(io, dir, options),
      ),
    );
}

function addTest(policy: Command, act: Act): void {
  explain(policy.command('test').argument('[DIR]'), {
    summary: 'run the tests that stand beside the rules',
    sentence: 'Runs the tests of a policy: exit 1 when one fails.',
    examples: [['with the lines that no test reaches', 'mcp-gate policy test --coverage']],
  })
    .option('--coverage', 'name the lines that no test reaches')
    .addOption(configOption())
    .addOption(formatOption())
    .action(
      act(
        async (
          io,
          dir: string | undefined,
          options: ReadingOptions & { readonly coverage?: boolean },
        ) => (await import('./policy-test.ts')).testPolicy(io, dir, options),
      ),
    );
}

function addFmt(policy: Command, act: Act): void {
  explain(policy.command('fmt').argument('[DIR]'), {
    summary: 'bring rules into the usual form',
    sentence: 'Rewrites the rules of a folder in the usual form, and names the files that changed.',
    examples: [['only tell: exit 1 when a file would change', 'mcp-gate policy fmt --check']],
  })
    .option('--check', 'change nothing: exit 1 when a file would change')
    .addOption(configOption())
    .action(
      act(
        async (io, dir: string | undefined, options: StateOptions & { readonly check?: boolean }) =>
          (await import('./policy-fmt.ts')).formatPolicy(io, dir, options),
      ),
    );
}

function addBuild(policy: Command, act: Act): void {
  explain(policy.command('build').argument('[DIR]'), {
    summary: 'make a bundle.tar.gz',
    sentence:
      'Builds a bundle with the compiled policy and its sources, for "policy.bundle" in the config.',
    examples: [['where the rules are reviewed', 'mcp-gate policy build --output bundle.tar.gz']],
  })
    .option('--output <FILE>', 'where to put it', 'bundle.tar.gz')
    .addOption(configOption())
    .action(
      act(
        async (io, dir: string | undefined, options: StateOptions & { readonly output: string }) =>
          (await import('./policy-build.ts')).buildPolicy(io, dir, options),
      ),
    );
}

interface EvalOptions extends StateOptions {
  readonly policy?: string;
  readonly input?: string;
  readonly explain?: boolean;
}

function addEval(policy: Command, act: Act): void {
  explain(policy.command('eval').argument('[QUERY]', 'a query', 'data.gate.decision'), {
    summary: 'ask a policy about one input',
    sentence: 'Evaluates a query and prints its value as JSON: exit 1 when it is undefined.',
    examples: [
      ['the decision on one input', 'mcp-gate policy eval --input input.json'],
      ['from a pipe, with the steps on stderr', 'mcp-gate policy eval --input - --explain'],
    ],
  })
    .option('--input <FILE>', 'the input document, - for stdin')
    .option('--policy <DIR>', 'the policy folder')
    .option('--explain', 'the steps of the evaluation, on stderr')
    .addOption(configOption())
    .action(
      act(async (io, query: string, options: EvalOptions) =>
        (await import('./policy-eval.ts')).evalPolicy(io, query, options),
      ),
    );
}
