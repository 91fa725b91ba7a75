import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCompiler } from '../../src/policy/compiler.ts';
import { type Decision, parseDecision } from '../../src/policy/decision.ts';
import { type Engine, loadEngine } from '../../src/policy/engine.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import { compileModule } from '../../src/policy/policy-module.ts';
import { readPolicyFolder } from '../../src/policy/source-files.ts';
import { callInput } from './call-input.ts';

const compiler = createCompiler();
afterAll(() => compiler.close());

const sets = [
  'deny',
  'simulate',
  'compute',
  'escalate',
  'reuse',
  'adapt',
  'allow',
  'hide',
  'oblige',
] as const;
type Rules = Partial<Record<(typeof sets)[number], readonly unknown[]>>;

/** Rules that say what the arguments tell them to, so that one build serves every row. */
const puppet = `package gate.rules.puppet

said := input.resource.properties.arguments

${sets.map((set) => `${set} contains rule if some rule in said.${set}\n`).join('\n')}`;

const oblige = [{ type: 'redact', classes: ['pci.pan'] }];

let escalating: Engine;
let denying: Engine;
beforeAll(async () => {
  const { modules } = (await readPolicyFolder(undefined)).sources;
  const gate = modules['gate.rego'] ?? '';
  const sources = { modules: { 'gate.rego': gate, 'rules/puppet.rego': puppet }, data: {} };
  const { wasm } = await compiler.build(sources, ['gate/decision', 'gate/visible']);
  const module = await compileModule(wasm);
  escalating = loadEngine(module, '{"gate":{"fallback":"escalate"}}', { memoryPages: 256 });
  denying = loadEngine(module, '{"gate":{"fallback":"allow"}}', { memoryPages: 256 });
});

const rule = (id: string, more: object = {}) => ({ id, reason: `because of ${id}`, ...more });
const input = (rules: Rules, change: Partial<PolicyInput> = {}) =>
  JSON.stringify({ ...callInput('tool', rules), ...change });
const fold = (rules: Rules, change: Partial<PolicyInput> = {}, engine = escalating) =>
  parseDecision(engine.evaluate(input(rules, change), 'gate/decision'));
const approved = (...rules: string[]): Partial<PolicyInput> => ({
  context: {
    ...callInput('tool', {}).context,
    approval: { id: 'a', rules, approvers: ['bob'], expires: 'later' },
  },
});

describe('the outcome', () => {
  const rows: readonly [
    claim: string,
    rules: Rules,
    change: Partial<PolicyInput>,
    outcome: Decision['outcome'],
    ids: readonly string[],
  ][] = [
    ['an allow alone', { allow: [rule('a')] }, {}, 'allow', ['a']],
    ['deny beats everything', bothOf('deny', 'simulate'), {}, 'deny', ['deny']],
    ['simulate beats compute', bothOf('simulate', 'compute'), {}, 'simulate', ['simulate']],
    ['compute beats escalate', bothOf('compute', 'escalate'), {}, 'compute', ['compute']],
    ['escalate beats reuse', bothOf('escalate', 'reuse'), {}, 'escalate', ['escalate']],
    ['reuse beats adapt', bothOf('reuse', 'adapt'), {}, 'reuse', ['reuse']],
    ['adapt beats allow', bothOf('adapt', 'allow'), {}, 'adapt', ['adapt']],
    ['silence asks', {}, {}, 'escalate', ['gate.no-rule']],
    ['hiding is no opinion on a call', { hide: [rule('h')] }, {}, 'escalate', ['gate.no-rule']],
    ['an obligation is no opinion on a call', { oblige }, {}, 'escalate', ['gate.no-rule']],
    ['an obligation changes no outcome', { allow: [rule('a')], oblige }, {}, 'allow', ['a']],
    [
      'an obligation without a type',
      { allow: [rule('a')], oblige: [{ classes: ['pci'] }] },
      {},
      'deny',
      [malformed()],
    ],
    ['a satisfied rule allows', { escalate: [rule('a')] }, approved('a'), 'allow', ['a']],
    [
      'a rule that was not approved asks again',
      { escalate: [rule('a'), rule('b')] },
      approved('a'),
      'escalate',
      ['b'],
    ],
    ['a yes to silence', {}, approved('gate.no-rule'), 'allow', ['gate.no-rule']],
    [
      'a yes does not undo a denial',
      { escalate: [rule('a')], deny: [rule('d')] },
      approved('a'),
      'deny',
      ['d'],
    ],
    [
      'rules that disagree about the simulated result',
      { simulate: [rule('a', { result: 1 }), rule('b', { result: 2 })] },
      {},
      'deny',
      ['gate.conflict'],
    ],
    [
      'rules that disagree about the safe path',
      { compute: [rule('a', { tool: 'x' }), rule('b', { patch: {} })] },
      {},
      'deny',
      ['gate.conflict'],
    ],
    [
      'rules that agree about the safe path',
      { compute: [rule('a', { tool: 'x' }), rule('b', { tool: 'x' })] },
      {},
      'compute',
      ['a', 'b'],
    ],
    [
      'no approver is left',
      { escalate: [rule('a', { approvers: ['ann'] }), rule('b', { approvers: ['bob'] })] },
      {},
      'deny',
      ['gate.no-approver-left'],
    ],
    ['a rule without a reason', { allow: [rule('a'), { id: 'b' }] }, {}, 'deny', [malformed()]],
    ['a rule that is a text', { allow: [rule('a'), 'b'] }, {}, 'deny', [malformed()]],
    [
      'a rule with a bad quorum',
      { escalate: [rule('a', { quorum: 0 })] },
      {},
      'deny',
      [malformed()],
    ],
    [
      'approvers that are a text, not a list',
      { escalate: [rule('a', { approvers: 'bob' })] },
      {},
      'deny',
      [malformed()],
    ],
    [
      'a rule with a predicate of its own',
      { deny: [rule('a', { predicate: 'x' })] },
      {},
      'deny',
      [malformed()],
    ],
    [
      'the caller is missing',
      { allow: [rule('a')] },
      { subject: { ...callInput('', {}).subject, id: null } },
      'deny',
      ['gate.no-subject'],
    ],
    [
      'the model is said to be known and is not',
      { allow: [rule('a')] },
      { model: { provider: null, id: null, endpoint: null, source: 'gateway' } },
      'deny',
      ['gate.no-model'],
    ],
    [
      'the gate is frozen',
      { allow: [rule('a')] },
      { context: { ...callInput('', {}).context, freeze: true } },
      'deny',
      ['gate.frozen'],
    ],
  ];

  test.each(rows)('%s', (_claim, rules, change, outcome, ids) => {
    const decision = fold(rules, change);
    expect([decision.outcome, decision.rules.map(({ id }) => id)]).toEqual([outcome, ids]);
    expect(Object.values(decision.predicates).every(Boolean)).toBe(outcome !== 'deny');
  });

  test('a fallback that is neither deny nor escalate denies', () => {
    expect(fold({}, {}, denying)).toMatchObject({
      outcome: 'deny',
      reason: 'no rule speaks about this call',
      predicates: { policy: false },
    });
    expect(fold({ allow: [rule('a')] }, {}, denying).outcome).toBe('allow');
  });

  test('an input of another version is denied', () => {
    const decision = parseDecision(escalating.evaluate('{}', 'gate/decision'));
    expect(decision.outcome).toBe('deny');
    expect(decision.predicates).toEqual({
      identity: false,
      model: false,
      data: false,
      policy: false,
    });
  });
});

describe('what rules add up to', () => {
  test('shortest expiry, largest quorum, approvers that all name', () => {
    const decision = fold({
      escalate: [
        rule('a', { expires_in_s: 900, quorum: 1, approvers: ['ann', 'bob'] }),
        rule('b', { expires_in_s: 60, quorum: 2, approvers: ['bob', 'eve'] }),
        rule('c'),
      ],
    });
    expect(decision.approval).toEqual({ expires_in_s: 60, quorum: 2, approvers: ['bob'] });
  });

  test('a satisfied rule no longer narrows the approvers, and keeps its obligations', () => {
    const notify = { type: 'notify', channel: 'ops' };
    const decision = fold(
      { escalate: [rule('a', { approvers: ['ann'], obligations: [notify] }), rule('b')] },
      approved('a'),
    );
    expect(decision.approval).toEqual({ expires_in_s: null, quorum: 1, approvers: [] });
    expect(decision.obligations).toEqual([notify]);
  });

  test('obligations of every rule that matched, each once', () => {
    const redact = { type: 'redact', classes: ['pci'] };
    const notify = { type: 'notify', channel: 'ops' };
    const decision = fold({
      adapt: [rule('a', { obligations: [redact] })],
      allow: [rule('b', { obligations: [notify, redact] })],
    });
    expect(decision.outcome).toBe('adapt');
    expect(decision.obligations).toHaveLength(2);
    expect(decision.obligations).toEqual(expect.arrayContaining([redact, notify]));
  });

  test('the highest risk of every rule that matched', () => {
    const decision = fold({
      allow: [rule('a', { risk: { domain: 'files', score: 2 } })],
      adapt: [rule('b', { risk: { domain: 'money', score: 7 } })],
    });
    expect(decision.risk).toEqual({ domain: 'money', score: 7 });
    expect(fold({ allow: [rule('a')] }).risk).toBeNull();
  });

  test('what the outcome needs does not leak into the rules of the decision', () => {
    const decision = fold({ compute: [rule('a', { tool: 'x', version: '2', predicate: 'data' })] });
    expect(decision.rules).toEqual([rule('a', { version: '2', predicate: 'data' })]);
  });
});

describe('visible', () => {
  const visible = (rules: Rules) => escalating.evaluate(input(rules), 'gate/visible');
  test('a hide rule hides', () => expect(visible({ hide: [rule('h')] })).toBe(false));
  test('a deny rule does not: it may look at arguments that a list has not', () => {
    expect(visible({ deny: [rule('d')] })).toBe(true);
  });
  test('a malformed rule hides, because every call would be denied', () => {
    expect(visible({ allow: ['text'] })).toBe(false);
  });
});

function bothOf(first: keyof Rules, second: keyof Rules): Rules {
  return { [first]: [rule(first)], [second]: [rule(second)] };
}

function malformed(): string {
  return 'gate.malformed-rule';
}
