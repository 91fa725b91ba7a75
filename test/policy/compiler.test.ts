import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadPolicy } from '@open-policy-agent/opa-wasm';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { sha256 } from '../../src/core/digest.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { createCompiler, type PolicySources } from '../../src/policy/compiler.ts';
import { regocFolder } from '../../src/policy/regoc-assets.ts';

// The compiler runs in a child, which is built JavaScript: run `npm run build` before these tests.
const compiler = createCompiler();
afterAll(() => compiler.close());

const inputSchema: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: {
    action: {
      type: 'object',
      additionalProperties: false,
      properties: { name: { type: 'string' } },
    },
    arguments: { type: 'object' },
  },
};

function rules(body: string): PolicySources {
  return { modules: { 'rules/x.rego': `package gate.rules.x\n\n${body}\n` }, data: {} };
}

const good = rules('deny contains {"id": "a"} if input.action.name == "x"');

describe('check', () => {
  test('a good policy has neither faults nor warnings', async () => {
    expect(await compiler.check(good, inputSchema)).toEqual({ faults: [], warnings: [] });
  });

  test('a misspelt field of the input is an error with its place', async () => {
    const sources = rules('deny contains {"id": "a"} if input.action.nmae == "x"');
    const { faults } = await compiler.check(sources, inputSchema);
    expect(faults).toMatchObject([
      { code: 'rego_type_error', file: 'rules/x.rego', row: 3, col: 30 },
    ]);
    expect(faults[0]?.message).toContain('undefined ref: input.action.nmae');
  });

  test.each([
    [
      'http.send does not compile',
      'x := http.send({"method": "get", "url": "http://a"})',
      'undefined function http.send',
    ],
    ['neither does chance', 'x := rand.intn("a", 3)', 'undefined function rand.intn'],
    ['an unused variable is refused', 'x if {\n\ty := 1\n}', 'assigned var y unused'],
    [
      'object.subset refuses sets, which reach it as arrays',
      'x := object.subset({1, 2}, {1})',
      'invalid argument',
    ],
    ['a rule on the path of a value of data.json', 'taken := 1', 'conflicting rule for data path'],
  ])('%s', async (_, body, message) => {
    const sources = { ...rules(body), data: { gate: { rules: { x: { taken: 1 } } } } };
    const { faults } = await compiler.check(sources, inputSchema);
    expect(faults.map((fault) => fault.message).join('\n')).toContain(message);
  });

  test.each([
    [
      'a bad pattern',
      'x if regex.match("([", input.action.name)',
      18,
      'pattern "([" does not compile',
    ],
    [
      'a bad pattern in a variable',
      'x if {\n\tp := "a)"\n\tregex.match(p, input.action.name)\n}',
      7,
      'pattern "a)"',
    ],
    [
      'a bad pattern in a rule',
      'p := "+"\n\nx if regex.match(p, input.action.name)',
      6,
      'pattern "+"',
    ],
    [
      'a bad pattern in a set',
      'p := {"a", "*"}\n\nx if {\n\tsome q in p\n\tregex.match(q, input.action.name)\n}',
      12,
      'pattern "*"',
    ],
    ['a bad glob', 'x if glob.match("{a", [], input.action.name)', 17, 'glob.match: pattern "{a"'],
    ['a rule called like an operator', 'div := 3', 1, 'rule "div" hides the builtin'],
    [
      'a function called like a builtin',
      'startswith(a, b) := a == b',
      1,
      'rule "startswith" hides',
    ],
    ['a rule called like the first part of builtins', 'time := 3', 1, 'rule "time" hides'],
    [
      'an import called like a builtin',
      'import data.lib.count\n\nx := count',
      1,
      'import "count" hides',
    ],
    ['a letter too many', 'denny contains "a"', 1, 'looks like a misspelt "deny"'],
    ['a letter too few', 'alow contains "a"', 1, 'looks like a misspelt "allow"'],
    ['two letters swapped', 'esclaate contains "a"', 1, 'misspelt "escalate"'],
    ['an outcome that is no set', 'deny if input.action.name == "x"', 1, '"deny" must be a set'],
    ['an outcome that is a function', 'allow(a) := a', 1, '"allow" must be a set'],
    ['an outcome with a default', 'default hide := false', 1, '"hide" must be a set'],
    [
      'a time zone',
      'x := time.clock([1, "Europe/Paris"])',
      21,
      'time zone "Europe/Paris" is not available',
    ],
  ])('lint: %s', async (_, body, col, message) => {
    const { faults } = await compiler.check(rules(body), inputSchema);
    expect(faults).toMatchObject([
      { code: 'gate_lint_error', file: 'rules/x.rego', row: expect.any(Number), col },
    ]);
    expect(faults[0]?.message).toContain(message);
  });

  test.each([
    ['to ask whether a pattern is valid', 'x if regex.is_valid("([")'],
    ['a name at a distance of two', 'dent_ contains "a"'],
    ['a function whose name is near an outcome', 'allows(a) := a'],
  ])('no lint: %s', async (_, body) => {
    expect(await compiler.check(rules(body), inputSchema)).toEqual({ faults: [], warnings: [] });
  });

  test('outcome names are free outside of the rules', async () => {
    const sources = { modules: { 'a.rego': 'package lib\n\ndeny := 1\n\ndenny := 2\n' }, data: {} };
    expect(await compiler.check(sources)).toEqual({ faults: [], warnings: [] });
  });

  test.each([
    [
      'sprintf of an object',
      'x := sprintf("%s %v", [input.action.name, input.arguments])',
      'collection under %v',
    ],
    ['sprintf with a computed format', 'x := sprintf(input.action.name, [])', 'not constant'],
    ['a verb that JavaScript lacks', 'x := sprintf("%q", ["a"])', 'does not know %q'],
  ])('warning: %s', async (_, body, message) => {
    const { faults, warnings } = await compiler.check(rules(body), inputSchema);
    expect(faults).toEqual([]);
    expect(warnings).toMatchObject([{ code: 'gate_lint_warning', row: 3 }]);
    expect(warnings[0]?.message).toContain(message);
  });

  test('every bad module is named', async () => {
    const sources = {
      modules: { 'a.rego': 'package a\nx if {', 'b.rego': 'package b\ny if }' },
      data: {},
    };
    const { faults } = await compiler.check(sources);
    expect(faults.map(({ code, file }) => [code, file])).toEqual([
      ['rego_parse_error', 'a.rego'],
      ['rego_parse_error', 'b.rego'],
    ]);
  });
});

describe('build', () => {
  const sources: PolicySources = {
    modules: {
      'gate.rego':
        'package gate\n\nnames contains n if some n in data.people\n\ngreeting := $"hi {input.name}"\n',
      'gate_test.rego':
        'package gate_test\n\nimport data.gate\n\ntest_names if gate.names with input as {}\n',
    },
    data: { people: ['ann', 'bob'] },
  };

  test('opa-wasm loads the output and evaluates it', async () => {
    const { wasm } = await compiler.build(sources, ['gate/names', 'gate/greeting']);
    const policy = await loadPolicy(wasm);
    policy.setData(sources.data);
    expect(Object.keys(policy.entrypoints).sort()).toEqual(['gate/greeting', 'gate/names']);
    expect(policy.evaluate({ name: 'x' }, 'gate/names')).toEqual([{ result: ['ann', 'bob'] }]);
    expect(policy.evaluate({ name: 'x' }, 'gate/greeting')).toEqual([{ result: 'hi x' }]);
  });

  test('equal sources give equal bytes', async () => {
    const reversed = {
      ...sources,
      modules: Object.fromEntries(Object.entries(sources.modules).reverse()),
    };
    const [first, second] = await Promise.all([
      compiler.build(sources, ['gate/names']),
      compiler.build(reversed, ['gate/names']),
    ]);
    expect(sha256(first.wasm).toString('hex')).toBe(sha256(second.wasm).toString('hex'));
  });

  test.each([
    ['a fault of the policy', rules('x := http.send({})'), 'undefined function http.send'],
    ['a fault of the lints', rules('denny contains "a"'), 'misspelt "deny"'],
    ['an entrypoint that is not there', good, 'entrypoint "gate/nothing" does not refer to a rule'],
  ])('%s refuses', async (_, wrong, message) => {
    await expect(compiler.build(wrong, ['gate/nothing'])).rejects.toMatchObject({
      code: 'policy_invalid',
      message: expect.stringContaining(message),
      faults: [{ message: expect.stringContaining(message) }],
    });
  });
});

test('fmt formats, and refuses what it cannot read', async () => {
  expect(await compiler.fmt({ 'a.rego': 'package a\nx   if {  input.x==1 }' })).toEqual({
    'a.rego': 'package a\n\nx if input.x == 1\n',
  });
  await expect(compiler.fmt({ 'a.rego': 'package' })).rejects.toMatchObject({
    code: 'policy_invalid',
  });
});

test('test reports each test, why it failed, and what was not covered', async () => {
  const { tests, coverage } = await compiler.test({
    modules: {
      'm.rego': 'package m\n\nallow if input.x == data.n\n\nother if input.y\n',
      'm_test.rego': [
        'package m_test',
        '',
        'import data.m',
        '',
        'test_ok if m.allow with input as {"x": 1}',
        '',
        'test_bad if {',
        '\tx := {"x": 2}',
        '\tm.allow with input as x',
        '}',
        '',
        'test_cases[name] if {',
        '\tsome name, x in {"one": 1, "two": 2}',
        '\tm.allow with input as {"x": x}',
        '}',
        '',
        'todo_test_later if false',
      ].join('\n'),
    },
    data: { n: 1 },
  });
  expect(
    tests.map(({ name, row, passed, skipped, error }) => [name, row, passed, skipped, error]),
  ).toEqual([
    ['test_ok', 5, true, false, undefined],
    ['test_bad', 7, false, false, 'm_test.rego:9: was not true: m.allow with input as x'],
    ['test_cases', 12, false, false, 'case "two" failed'],
    ['todo_test_later', 17, false, true, undefined],
  ]);
  expect(coverage.files['m.rego']?.notCovered).toEqual([{ from: 5, to: 5 }]);
  expect(coverage.percent).toBeGreaterThan(50);
});

test('eval explains, binds the clock to the input, and tells undefined from null', async () => {
  const sources = {
    modules: { 'm.rego': 'package m\n\nnow := time.now_ns()\n\nnone := null\n' },
    data: {},
  };
  const input = { context: { time_ns: 1_763_665_200_123_000_000 } };
  const now = await compiler.eval(sources, 'data.m.now', input, { explain: true });
  expect(now).toMatchObject({ value: 1_763_665_200_123_000_000, defined: true });
  expect(now.trace).toContain('m.rego:3');
  expect(await compiler.eval(sources, 'data.m.none', input)).toEqual({
    value: null,
    defined: true,
  });
  expect(await compiler.eval(sources, 'data.m.nope', input)).toEqual({
    value: null,
    defined: false,
  });
  await expect(compiler.eval(sources, 'http.send({})', input)).rejects.toMatchObject({
    code: 'policy_invalid',
  });
});

describe('a compiler that goes wrong', () => {
  const endless =
    'count([1 | some a in n; some b in n; some c in n; some d in n; a * b * c * d == 7])';
  const runaway: PolicySources = {
    modules: {
      'm_test.rego': `package m\n\nn := numbers.range(1, 900)\n\ntest_x if ${endless} == 1\n`,
    },
    data: {},
  };

  test('a runaway test is killed at the time limit and the next request gets a new child', async () => {
    const hasty = createCompiler({ timeoutMs: 3_000 });
    onTestFinished(() => hasty.close());
    const slow = hasty.test(runaway);
    const after = hasty.check(good);
    await expect(slow).rejects.toMatchObject({
      code: 'policy_timeout',
      message: 'policy compiler took longer than 3000 ms',
    });
    expect(await after).toEqual({ faults: [], warnings: [] });
  });

  test('a runaway test fails at its own limit when that is shorter', async () => {
    const strict = createCompiler({ testTimeoutMs: 200 });
    onTestFinished(() => strict.close());
    const { tests } = await strict.test(runaway);
    expect(tests).toMatchObject([
      { passed: false, error: expect.stringContaining('deadline exceeded') },
    ]);
  });

  test('a child that left for being idle is started again', async () => {
    const impatient = createCompiler({ idleMs: 1 });
    onTestFinished(() => impatient.close());
    for (let round = 0; round < 3; round += 1) {
      expect(await impatient.check(good)).toEqual({ faults: [], warnings: [] });
    }
  });

  test('a closed compiler refuses', async () => {
    const closed = createCompiler();
    await closed.close();
    await expect(closed.check(good)).rejects.toMatchObject({ code: 'policy_engine' });
  });

  test.each([
    ['another digest', `${'0'.repeat(64)}  regoc.wasm\n`, 'is not the expected compiler'],
    ['no digest', 'nothing\n', 'names no "regoc.wasm"'],
  ])('%s refuses', async (_, digests, message) => {
    const folder = mkdtempSync(join(tmpdir(), 'regoc-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    cpSync(new URL('regoc.wasm.br', regocFolder), join(folder, 'regoc.wasm.br'));
    writeFileSync(join(folder, 'regoc.sha256'), digests);
    const run = async () => {
      const wrong = createCompiler({ folder: pathToFileURL(`${folder}/`) });
      onTestFinished(() => wrong.close());
      return wrong.check(good);
    };
    await expect(run()).rejects.toMatchObject({
      code: 'policy_engine',
      message: expect.stringContaining(message),
    });
  });
});
