import { expect, it } from 'vitest';
import { cli } from './rig.ts';

it('the first page is one sentence, then what one would type', async () => {
  const { code, stdout, stderr } = await cli(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatchInlineSnapshot(`
    "mcp-gate stands in front of your MCP servers: it decides every tool call by policy before it runs, holds what needs a human, and keeps a record that can be replayed.

      # see it work, in a scratch folder
      mcp-gate demo

      # what a client config starts
      mcp-gate run --config mcp-config.json

      # who waits for your yes
      mcp-gate approvals list

    usage: mcp-gate [options] [command]

    commands:
      run        the stdio gate, which a client config starts
      demo       a guided run against real servers in a scratch folder
      status     running gates, their servers and policy, what waits, the journal
      serve      the HTTP gate, for any number of clients
      login      logs in at a remote server that wants OAuth
      approvals  the calls that wait for a person
      approve    say yes to one call
      deny       say no to one call
      approvers  who may answer with a credential
      grants     the calls that a person said yes to in advance (standing grants)
      budgets    what agents may spend, and what they have spent
      freeze     the kill switch: stop everything, or a part of it
      unfreeze   lift a freeze
      mode       enforce everywhere, or what the config says
      trace      everything that happened in a trace
      replay     decide the past again
      pins       the definitions of tools, as they were first seen or last accepted
      policy     check, test, format, build and try policies

    options:
      --version   print the version
      -h, --help  print this page
    "
  `);
});

it('the page of a group names its commands', async () => {
  const { code, stdout } = await cli(['approvals', '--help']);
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "Lists, shows, decides and withdraws the calls that wait for a person.

      # what waits
      mcp-gate approvals list

      # the whole call
      mcp-gate approvals show ap_0123456789

      # keep an eye on them and decide with one key
      mcp-gate approvals watch

      # your agent should not have asked
      mcp-gate approvals cancel ap_0123456789

    usage: mcp-gate approvals [options] [command]

    commands:
      list     what waits
      show     one call, with everything that a yes would be bound to
      watch    a live list in the terminal
      approve  say yes to one call
      deny     say no to one call
      cancel   withdraw a question that your agent put

    options:
      -h, --help  print this page
    "
  `);
});

it('the page of a command names its options', async () => {
  const { code, stdout } = await cli(['replay', '--help']);
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "Decides a trace, one decision or the last trace again, and tells whether the outcome is the same: exit 0 reproduced, 1 drift or undecidable.

      # the last trace, by the policy that decided it
      mcp-gate replay last

      # what a changed policy would have decided
      mcp-gate replay last --policy ./policies

    usage: mcp-gate replay [options] <TRACE>

    options:
      --policy DIR     the policy to decide by, instead of the recorded one
      --config FILE    the config of the gate (else MCP_GATE_CONFIG, ./mcp-config.json, MCP_GATE_HOME)
      --format FORMAT  text for people, json for programs (choices: "text", "json", default: "text")
      -h, --help       print this page
    "
  `);
});

it.each([
  ['approve'],
  ['deny'],
  ['approvals list'],
  ['approvals show'],
  ['approvals watch'],
  ['approvals approve'],
  ['approvals deny'],
  ['approvers add'],
  ['approvers list'],
  ['approvers remove'],
  ['demo'],
  ['freeze'],
  ['unfreeze'],
  ['mode'],
  ['pins list'],
  ['pins accept'],
  ['policy check'],
  ['policy test'],
  ['policy fmt'],
  ['policy build'],
  ['policy eval'],
  ['run'],
  ['status'],
  ['trace'],
])('"%s --help" says in one sentence what it does, and how', async (words) => {
  const { code, stdout } = await cli([...words.split(' '), '--help']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^[A-Z][^\n]+\.\n\n {2}# [^\n]+\n {2}mcp-gate [^\n]+\n/);
  expect(stdout).toContain(`usage: mcp-gate ${words} `);
});

it("the version is the package's", async () => {
  expect(await cli(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
});

const wrong: [claim: string, words: string, error: string, hint: string][] = [
  ['an unknown command', 'aprove x', 'unknown command "aprove"', 'did you mean "approve"?'],
  ['an unknown command like no other', 'xyzzy', 'unknown command "xyzzy"', 'mcp-gate --help'],
  ['an unknown subcommand', 'policy chekc', 'unknown command "chekc"', 'did you mean "check"?'],
  [
    'an unknown option',
    'status --formt json',
    'unknown option "--formt"',
    'did you mean "--format"?',
  ],
  ['a missing argument', 'approve', 'missing required argument "ID"', 'mcp-gate approve --help'],
  [
    'an argument too many',
    'status x',
    'too many arguments for "status"; expected 0 arguments but got 1',
    'mcp-gate status --help',
  ],
  [
    'a missing option',
    'run',
    'required option "--config FILE" not specified',
    'mcp-gate run --help',
  ],
  [
    'a format that nobody writes',
    'status --format yaml',
    'option "--format FORMAT" argument "yaml" is invalid; allowed choices are text, json',
    'mcp-gate status --help',
  ],
];

it.each(wrong)('%s is an error with a hint and ends with 2', async (_, words, error, hint) => {
  expect(await cli(words.split(' '))).toEqual({
    code: 2,
    stdout: '',
    stderr: `error: ${error}\nhint: ${hint}\n`,
  });
});

it.each([[''], ['approvals'], ['policy']])(
  '"mcp-gate %s" alone shows the page to people and ends with 2',
  async (words) => {
    const { code, stdout, stderr } = await cli(words === '' ? [] : [words]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('commands:');
  },
);

it('a config that is not there ends with 2 and names the file', async () => {
  const { code, stderr } = await cli(['status', '--config', '/none/mcp-config.json']);
  expect(code).toBe(2);
  expect(stderr).toBe(
    'error: config file "/none/mcp-config.json" cannot be read\nhint: name the file with --config, or copy mcp-config.example.json there\n',
  );
});

it('colours stand on a terminal alone, and not where nobody wants them', async () => {
  const coloured = await cli(['aprove'], { typed: '', env: { NO_COLOR: '' } });
  expect(coloured.stderr).toContain('\u001b[31merror:\u001b[39m');
  const plain = await cli(['aprove'], { typed: '', env: { NO_COLOR: '1' } });
  expect(plain.stderr).not.toContain('\u001b');
  const piped = await cli(['aprove'], { env: { NO_COLOR: '' } });
  expect(piped.stderr).not.toContain('\u001b');
});
