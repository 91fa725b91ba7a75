import { readFileSync } from 'node:fs';
import { loadPolicy } from '@open-policy-agent/opa-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { createBuiltins } from '../../src/policy/builtins.ts';
import { createCompiler } from '../../src/policy/compiler.ts';
import { regocFolder } from '../../src/policy/regoc-assets.ts';

const timeNs = 1_763_665_200_123_000_000n;

// Each expression is evaluated by OPA itself and by opa-wasm with our builtins; they must agree, undefined included.
const expressions: Readonly<Record<string, readonly string[]>> = {
  'time.now_ns': [
    'time.now_ns()',
    'time.now_ns() - 1763665200000000000',
    'time.clock(time.now_ns())',
  ],
  'time.parse_rfc3339_ns': [
    '2026-11-20T19:00:00Z',
    '2026-11-20T19:00:00.123456789Z',
    '2026-11-20T19:00:00.1234567891234Z',
    '2026-11-20T19:00:00,5Z',
    '2026-11-20T19:00:00+05:30',
    '2026-11-20T19:00:00-23:59',
    '2026-11-20T19:00:00+24:60',
    '2026-11-20T19:00:00+25:00',
    '2026-11-20T9:00:00Z',
    '2024-02-29T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T23:59:60Z',
    '2026-11-20t19:00:00z',
    '2026-11-20 19:00:00Z',
    '2026-11-20T19:00:00',
    '2026-11-20T19:00:00.Z',
    ' 2026-11-20T19:00:00Z',
    '1969-12-31T23:59:59.999999999Z',
    '1677-09-21T00:12:43.145224192Z',
    '1677-09-21T00:12:43.145224191Z',
    '2262-04-11T23:47:16.854775807Z',
    '2262-04-11T23:47:16.854775808Z',
    '0001-01-01T00:00:00Z',
    '',
  ].map((text) => `time.parse_rfc3339_ns(${JSON.stringify(text)})`),
  'time.clock, time.date and time.weekday': [
    '0',
    '-1',
    '1763665200123000000',
    '1763665199999999000',
    '-86400000000001000',
    '9223372036854775807000',
    '1.5',
    '[0]',
    '[0, ""]',
    '[0, "UTC"]',
    '[0, "UTC", "RFC3339"]',
    '[]',
  ].flatMap((time) =>
    ['clock', 'date', 'weekday'].map(
      (name) => `time.${name}(json.unmarshal(${JSON.stringify(time)}))`,
    ),
  ),
  'strings.any_prefix_match and strings.any_suffix_match': [
    '"abc", "a"',
    '"abc", "c"',
    '"abc", ""',
    '"abc", []',
    '"abc", ["x", "ab"]',
    '"abc", {"bc", "x"}',
    '["x", "abc"], "a"',
    '["x", "abc"], ["z", "bc"]',
    '{"x", "abc"}, {"z", "ab"}',
    '[], ["a"]',
    '"héé", ["é"]',
    '"abc", json.unmarshal("[\\"a\\", 1]")',
    '"abc", json.unmarshal("1")',
  ].flatMap((args) => [`strings.any_prefix_match(${args})`, `strings.any_suffix_match(${args})`]),
  'strings.count': [
    'strings.count("cheese", "e")',
    'strings.count("aaaa", "aa")',
    'strings.count("héé", "")',
    'strings.count("", "")',
    'strings.count("", "a")',
    'strings.count("a😀b", "")',
  ],
  'object.subset': [
    '{"a": 1, "b": 2}, {"a": 1}',
    '{"a": 1}, {"a": 2}',
    '{"a": 1}, {"b": 1}',
    '{"a": {"x": 1, "y": [1, 2, 3]}}, {"a": {"y": [2, 3]}}',
    '{"a": {"x": 1}}, {"a": 1}',
    '{"a": null}, {"a": null}',
    '{"a": 1}, {}',
    '{}, {"__proto__": 1}',
    '[1, 2, 3], [2, 3]',
    '[1, 2, 3], [1, 3]',
    '[1, 1, 2], [1, 2]',
    '[1, 2, 1, 2, 3], [1, 2, 3]',
    '[1], [1, 2]',
    '[], []',
    '[{"a": 1, "b": 2}], [{"a": 1}]',
    '[{"a": 1, "b": 2}], [{"b": 2, "a": 1}]',
    '{"a": 1}, [1]',
    '[1.0], [1]',
  ].map((args) => `object.subset(${args})`),
  'crypto.sha256 and hex.encode': ['""', '"abc"', '"héé😀"'].flatMap((text) => [
    `crypto.sha256(${text})`,
    `hex.encode(${text})`,
  ]),
  'glob.quote_meta': ['glob.quote_meta("*.github.com")', 'glob.quote_meta("a?b[c-d]{e,f}\\\\!^")'],
};

const compiler = createCompiler();
afterAll(() => compiler.close());

describe('answers as OPA does', () => {
  const all = Object.values(expressions).flat();
  const rules = all.map((text, index) => `r[${index}] := v if {\n\tv := ${text}\n}\n`);
  const input: JsonObject = { context: { time_ns: Number(timeNs) } };
  const sources = { modules: { 'm.rego': `package m\n\n${rules.join('\n')}` }, data: {} };
  let fromOpa: Readonly<Record<string, unknown>> = {};
  let fromWasm: Readonly<Record<string, unknown>> = {};

  beforeAll(async () => {
    const { value } = await compiler.eval(sources, 'json.marshal(data.m.r)', input);
    fromOpa = JSON.parse(String(value));
    const { wasm } = await compiler.build(sources, ['m/r']);
    const policy = await loadPolicy(
      wasm,
      { initial: 5 },
      createBuiltins(() => timeNs),
    );
    fromWasm = policy.evaluate(input, 'm/r')[0].result;
  });

  test.each(Object.entries(expressions))('%s', (_, texts) => {
    const answers = (from: Readonly<Record<string, unknown>>) =>
      texts.map((text) => [text, from[all.indexOf(text)]]);
    expect(answers(fromWasm)).toEqual(answers(fromOpa));
    expect(answers(fromOpa).some(([, answer]) => answer !== undefined)).toBe(true);
  });
});

test('a time of nanosecond precision comes out exactly', async () => {
  const source =
    'package m\n\nr := [t % 1000, time.now_ns() % 1000] if {\n\tt := time.parse_rfc3339_ns("2026-11-20T19:00:00.123456789Z")\n}\n';
  const { wasm } = await compiler.build({ modules: { 'm.rego': source }, data: {} }, ['m/r']);
  const policy = await loadPolicy(
    wasm,
    { initial: 5 },
    createBuiltins(() => 1_763_665_200_123_456_789n),
  );
  expect(policy.evaluate({}, 'm/r')).toEqual([{ result: [789, 789] }]);
});

test('a zone other than UTC is undefined', () => {
  expect(createBuiltins(() => 0)['time.clock']?.([0, 'Europe/Paris'])).toBeUndefined();
});

test('the table holds what the capabilities promise', () => {
  const source = readFileSync(new URL('capabilities.go', regocFolder), 'utf8');
  const [, list = ''] = /var fromGate = \[\]string\{([^}]*)\}/.exec(source) ?? [];
  const promised = [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name);
  expect(Object.keys(createBuiltins(() => 0)).sort()).toEqual(promised.sort());
});
