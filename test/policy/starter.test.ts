import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openInline } from '../../src/policy/active-policy.ts';
import { createCompiler } from '../../src/policy/compiler.ts';
import type { ActivePolicy } from '../../src/policy/contract.ts';
import type { Decision } from '../../src/policy/decision.ts';
import { entrypoints } from '../../src/policy/entrypoints.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import { inputJsonSchema } from '../../src/policy/input-json-schema.ts';
import { lintRules } from '../../src/policy/lint-rules.ts';
import { compileModule } from '../../src/policy/policy-module.ts';
import { readPolicyFolder } from '../../src/policy/source-files.ts';
import { callInput, pathArgument } from './call-input.ts';

const compiler = createCompiler();
afterAll(() => compiler.close());

describe('the shipped policy', () => {
  test('is formatted as opa fmt does', async () => {
    const { modules } = (await readPolicyFolder(undefined)).sources;
    expect(await compiler.fmt(modules)).toEqual(modules);
  });

  test('has neither faults nor warnings against the input schema', async () => {
    const { sources } = await readPolicyFolder(undefined);
    expect(lintRules(sources)).toEqual([]);
    expect(await compiler.check(sources, inputJsonSchema())).toEqual({ faults: [], warnings: [] });
  });

  test('passes its own tests, which reach nearly all of it', async () => {
    const { tests, coverage } = await compiler.test((await readPolicyFolder(undefined)).sources);
    expect(tests.filter(({ passed }) => !passed)).toEqual([]);
    expect(tests.length).toBeGreaterThan(50);
    expect(coverage.percent).toBeGreaterThan(95);
  });

  test('has a test file beside every rule file', async () => {
    const names = Object.keys((await readPolicyFolder(undefined)).sources.modules);
    const rules = names.filter((name) => /^rules\/.*(?<!_test)\.rego$/.test(name));
    expect(rules.filter((name) => !names.includes(name.replace('.rego', '_test.rego')))).toEqual(
      [],
    );
    expect(rules).toContain('rules/files.rego');
  });

  test('comes with the schema of the input that is in force', async () => {
    const text = `${JSON.stringify(inputJsonSchema(), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot('../../policies/schemas/input.json');
  });
});

describe('what the starter set decides', () => {
  let policy: ActivePolicy;
  beforeAll(async () => {
    const { sources, digest } = await readPolicyFolder(undefined);
    const { wasm } = await compiler.build(sources, entrypoints, inputJsonSchema());
    const engine = { gate: '0', regoc: null, opa_wasm: '0', memory_pages: 256 };
    policy = openInline({
      version: { id: 'starter', revision: null, digest, engine },
      module: await compileModule(wasm),
      dataText: JSON.stringify(sources.data),
    });
  });

  const inside = pathArgument('path', '/ws/a.txt');
  const outside = pathArgument('path', '/etc/passwd');
  const link = pathArgument('path', '/ws/link', '/etc/passwd');
  const above = { ...pathArgument('source', '/ws/tools'), holds_gate: true };
  const key = ['AKIA', 'IOSFODNN7EXAMPLE'].join('');
  const rows: readonly [
    claim: string,
    input: PolicyInput,
    outcome: Decision['outcome'],
    rule: string,
  ][] = [
    [
      'a read inside the workspace runs',
      callInput('read_text_file', { path: inside.given }, { paths: [inside] }),
      'allow',
      'reads.known-tool',
    ],
    [
      'a read outside is asked about',
      callInput('read_text_file', { path: outside.given }, { paths: [outside] }),
      'escalate',
      'reads.outside-workspace',
    ],
    [
      'a read through a link to the outside is asked about',
      callInput('read_text_file', { path: link.given }, { paths: [link] }),
      'escalate',
      'reads.outside-workspace',
    ],
    [
      'a read that the gate did not resolve is asked about',
      callInput('read_text_file', { path: '/ws/a.txt' }),
      'escalate',
      'reads.outside-workspace',
    ],
    [
      'a write inside runs although the server calls it destructive',
      callInput(
        'write_file',
        { path: inside.given, content: 'x' },
        { paths: [inside], annotations: { destructiveHint: true } },
      ),
      'allow',
      'files.write-inside-workspace',
    ],
    [
      'a write whose content is cut off runs',
      callInput(
        'write_file',
        { path: inside.given, content: { length: 90_000 } },
        { paths: [inside], arguments_truncated: true },
      ),
      'allow',
      'files.write-inside-workspace',
    ],
    [
      'a write outside is asked about',
      callInput('write_file', { path: outside.given, content: 'x' }, { paths: [outside] }),
      'escalate',
      'files.write-outside-workspace',
    ],
    [
      'an option that leads a read to another file is asked about',
      callInput(
        'git_diff',
        { repo_path: '/ws', target: '--output=/root/.bashrc' },
        { paths: [pathArgument('repo_path', '/ws'), pathArgument('target', '/root/.bashrc')] },
      ),
      'escalate',
      'reads.option,reads.outside-workspace',
    ],
    [
      'a second path that the table does not know is asked about',
      callInput(
        'read_file',
        { path: inside.given, Path: '/etc/passwd' },
        { paths: [inside, pathArgument('Path', '/etc/passwd')] },
      ),
      'escalate',
      'reads.outside-workspace',
    ],
    [
      'a page whose address carries data is asked about',
      callInput('fetch', { url: 'https://example.org/?what=was-read' }),
      'escalate',
      'reads.page-with-data',
    ],
    [
      'a public page is fetched',
      callInput('fetch', { url: 'https://example.org/a', max_length: 500 }),
      'allow',
      'reads.public-page',
    ],
    [
      'a folder that the gate lives below is not moved',
      callInput(
        'move_file',
        { source: '/ws/tools', destination: '/ws/t2' },
        { paths: [above, pathArgument('destination', '/ws/t2')] },
      ),
      'deny',
      'files.holds-gate',
    ],
    [
      'a tool that nobody knows does not get it either',
      callInput('create_entities', { source: '/ws/tools' }, { paths: [above] }),
      'escalate',
      'files.may-move-gate',
    ],
    [
      'a list of what is in it is given',
      callInput(
        'list_directory',
        { path: '/ws/tools' },
        { paths: [{ ...pathArgument('path', '/ws/tools'), holds_gate: true }] },
      ),
      'allow',
      'reads.known-tool',
    ],
    [
      'an echo runs',
      callInput('echo', { message: 'one\ntwo, and/or three' }),
      'allow',
      'reads.known-tool',
    ],
    ['an unknown tool is asked about', callInput('frobnicate', {}), 'escalate', 'gate.no-rule'],
    [
      'an unknown tool with cut-off arguments is denied',
      callInput('frobnicate', {}, { arguments_truncated: true }),
      'deny',
      'gate.truncated',
    ],
    [
      'a destructive name is asked about',
      callInput('delete_entities', {}),
      'escalate',
      'destructive.name',
    ],
    [
      'a secret for an open-world tool is denied',
      callInput('post_message', { text: key }),
      'deny',
      'secrets.open-world',
    ],
    [
      'a changed definition is asked about even for a read',
      callInput('read_graph', {}, { pin_state: 'changed' }),
      'escalate',
      'pins.changed',
    ],
    [
      'what was approved runs',
      callInput(
        'frobnicate',
        {},
        {},
        {
          approval: { id: 'a', rules: ['gate.no-rule'], approvers: ['bob'], expires: 'later' },
        },
      ),
      'allow',
      'gate.no-rule',
    ],
    [
      'sampling for an untrusted server is denied',
      { ...callInput('sampling/createMessage', {}), action: { name: 'sampling/createMessage' } },
      'deny',
      'client.sampling-untrusted',
    ],
    [
      'a path with a NUL is asked about',
      callInput('read_text_file', { path: '/ws/\0' }, { paths: [pathArgument('path', '/ws/\0')] }),
      'escalate',
      'reads.outside-workspace',
    ],
  ];

  test.each(rows)('%s', async (_claim, input, outcome, rule) => {
    const decision = await policy.decide(JSON.stringify(input));
    expect([decision.outcome, decision.rules.map(({ id }) => id).join()]).toEqual([outcome, rule]);
  });

  test.each([
    ['a read', callInput('read_graph', {}), 'allow'],
    ['a tool that nobody knows', callInput('frobnicate', {}), 'escalate'],
  ])(
    'card numbers are taken out of what %s brings, and it is decided as before',
    async (...row) => {
      const [, input, outcome] = row;
      const decision = await policy.decide(JSON.stringify(input));
      expect(decision).toMatchObject({
        outcome,
        obligations: [{ type: 'redact', classes: ['pci.pan'] }],
      });
    },
  );

  test('a denied secret is a matter of the data predicate alone', async () => {
    const decision = await policy.decide(JSON.stringify(callInput('post', { text: key })));
    expect(decision.predicates).toEqual({ identity: true, model: true, data: false, policy: true });
  });

  test('lists show what could be called', async () => {
    const item = { ...callInput('frobnicate', {}), action: { name: 'list' } };
    expect(await policy.visible(JSON.stringify(item))).toBe(true);
    expect(await policy.visible('{}')).toBe(false);
  });
});
