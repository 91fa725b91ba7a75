import { describe, expect, test } from 'vitest';
import { lintRules } from '../../src/policy/lint-rules.ts';

const good = `# METADATA
# title: package gate.rules.other
package gate.rules.mine

deny contains {"id": "a", "reason": "r"} if helper

helper if true
`;

const lint = (file: string, text: string) =>
  lintRules({ modules: { [file]: text }, data: {} }).map(({ file: name, row, message }) =>
    [name, row, message].join(' '),
  );

describe('rules that the fold sees', () => {
  test.each([
    ['a set in a package of its own', 'rules/mine.rego', good],
    ['a package with a quoted name', 'rules/a.rego', good.replace('.mine', '["my-rules"]')],
    ['a folder below the rules', 'rules/team/a.rego', good],
    ['nothing but obligations', 'rules/a.rego', good.replace('deny contains', 'oblige contains')],
    ['a test', 'rules/mine_test.rego', 'package gate.rules.mine_test\n\ntest_a if true\n'],
    ['a library', 'lib/x.rego', 'package gate.x\n\ndeny if true\n'],
    ['a file whose rules are commented out', 'rules/a.rego', 'package gate.rules.a\n\n# deny\n'],
    ['Windows line ends', 'rules/a.rego', good.replaceAll('\n', '\r\n')],
    ['names that begin like a set', 'rules/a.rego', good.replaceAll('helper', 'allowed')],
  ])('%s', (_claim, file, text) => expect(lint(file, text)).toEqual([]));
});

describe('rules that the fold would not see', () => {
  test.each([
    [
      'a package outside the tree',
      'rules/a.rego',
      good.replace('gate.rules.mine', 'mine'),
      'rules/a.rego 3 expected package "gate.rules.<name>", got "mine"',
    ],
    [
      'a package that is deeper',
      'rules/a.rego',
      good.replace('mine', 'team.mine'),
      'rules/a.rego 3 expected package "gate.rules.<name>", got "gate.rules.team.mine"',
    ],
    [
      'a file elsewhere',
      'extra/a.rego',
      good,
      'extra/a.rego 3 package "gate.rules.mine" holds rules, and rules are read from "rules/"',
    ],
    [
      'obligations that are no set',
      'rules/a.rego',
      good.replace(
        'deny contains {"id": "a", "reason": "r"} if helper',
        'oblige := [{"type": "x"}]',
      ),
      'rules/a.rego 5 "oblige" must be a set: write "oblige contains {…} if {…}"',
    ],
    [
      'a set with a misspelt name',
      'rules/a.rego',
      good.replace('deny contains', 'denny contains'),
      'rules/a.rego 3 adds to none of the sets deny, simulate, compute, escalate, reuse, adapt, allow, hide, oblige',
    ],
  ])('%s', (_claim, file, text, message) => expect(lint(file, text)).toEqual([message]));
});
