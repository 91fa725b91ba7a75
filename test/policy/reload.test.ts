import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Compiler, createCompiler } from '../../src/policy/compiler.ts';
import type { PolicyChange, PolicySource } from '../../src/policy/contract.ts';
import { describeFault } from '../../src/policy/policy-error.ts';
import { openPolicySource, type PolicySourceOptions } from '../../src/policy/reload.ts';
import { loadStoredPolicy } from '../../src/policy/stored-policy.ts';
import { callInput } from './call-input.ts';
import { makeFolder, putFiles } from './policy-folder.ts';

const compiler = createCompiler();
afterAll(() => compiler.close());

const rule = (outcome: string) =>
  `package gate.rules.mine

${outcome} contains {"id": "mine.${outcome}", "reason": "this test says so"} if {
	input.resource.properties.tool == "tool"
}
`;
const callText = JSON.stringify(callInput('tool', {}));

// The shipped libraries without their tests: those have a test file of their own, and take their time.
const emptyTests = Object.fromEntries(
  ['gate_test', 'lib/paths_test', 'lib/secrets_test'].map((name) => [
    `${name}.rego`,
    `package ${path.basename(name)}\n`,
  ]),
);

async function open(
  folder: string,
  options: Partial<PolicySourceOptions> = {},
): Promise<PolicySource> {
  const source = await openPolicySource({
    origin: { kind: 'folder', path: folder },
    compiler,
    gateVersion: '1.2.3',
    watch: false,
    clock: () => 1000,
    ...options,
  });
  onTestFinished(() => source.close());
  return source;
}

function policyFolder(files: Readonly<Record<string, string>>): string {
  return makeFolder({ ...emptyTests, ...files });
}

const outcomeOf = async (source: PolicySource) =>
  (await source.current()?.decide(callText))?.outcome;

function changesOf(source: PolicySource): readonly PolicyChange[] {
  const changes: PolicyChange[] = [];
  source.onChange((change) => changes.push(change));
  return changes;
}

const kindsOf = (changes: readonly PolicyChange[]) => changes.map(({ kind }) => kind);

describe('opening', () => {
  test('a good policy is in force, and whoever listens later hears of it', async () => {
    const source = await open(policyFolder({ 'rules/mine.rego': rule('allow') }));
    expect(await outcomeOf(source)).toBe('allow');
    expect(source.rejected()).toEqual([]);
    const [change] = changesOf(source);
    expect(change).toMatchObject({
      kind: 'activated',
      version: {
        digest: source.current()?.version.digest,
        engine: { gate: '1.2.3', regoc: compiler.digest, memory_pages: 256 },
      },
      bundle: { digest: source.current()?.version.digest, createdMs: 1000 },
    });
  });

  const refused: readonly [
    claim: string,
    files: Readonly<Record<string, string>>,
    faults: readonly (string | RegExp)[],
  ][] = [
    [
      'a rule that does not parse',
      { 'rules/mine.rego': 'package gate.rules.mine\n\nallow contains 1 iff true\n' },
      [
        /^rules\/mine\.rego:3:18: var cannot be used for rule name \(rego_parse_error\)$/,
        /^rules\/mine\.rego:3:22: /,
      ],
    ],
    [
      'a misspelt field of the input',
      { 'rules/mine.rego': rule('allow').replace('properties.tool', 'properties.toool') },
      [/^rules\/mine\.rego:4:\d+: undefined ref: input\.resource\.properties\.toool/],
    ],
    [
      'a rule that is no set',
      { 'rules/mine.rego': rule('allow').replace('allow contains {"id"', 'allow := {"id"') },
      [/^rules\/mine\.rego:3:1: "allow" must be a set: write "allow contains/],
    ],
    [
      'a rule where the fold does not look',
      { 'rules/mine.rego': rule('allow').replace('gate.rules.mine', 'mine') },
      [/^rules\/mine\.rego:1:1: expected package "gate\.rules\.<name>", got "mine"/],
    ],
    [
      'a failing test',
      {
        'rules/mine.rego': rule('allow'),
        'rules/mine_test.rego':
          'package gate.rules.mine_test\n\ntest_two if 1 + 1 == 2\n\ntest_three if 1 + 1 == 3\n',
      },
      [/^rules\/mine_test\.rego:5: test "test_three" failed/],
    ],
    [
      'a fold that answers with something else',
      { 'gate.rego': 'package gate\n\ndecision := "allow"\n\nvisible := true\n' },
      [/^policy did not answer with a decision document/],
    ],
    [
      'a fold without an entry point',
      { 'gate.rego': 'package gate\n\nvisible := true\n' },
      [/gate\/decision/],
    ],
    ['data that is no JSON', { 'data.json': '{' }, [/^data\.json: .*gate_policy_file/]],
  ];

  test.each(refused)('%s is refused, and there is no policy', async (_claim, files, faults) => {
    const source = await open(policyFolder(files));
    expect(source.current()).toBeUndefined();
    expect(source.rejected().map(describeFault)).toEqual(
      faults.map((each) => expect.stringMatching(each)),
    );
    expect(kindsOf(changesOf(source))).toEqual(['rejected']);
  });

  test('a folder that is missing is refused in words', async () => {
    const source = await open(path.join(makeFolder(), 'gone'));
    expect(source.rejected()).toEqual([
      {
        code: 'policy_missing',
        message: expect.stringMatching(/^policy folder ".*gone" not found$/),
      },
    ]);
  });

  test('works with an empty folder: nothing is allowed, everything is asked', async () => {
    expect(await outcomeOf(await open(policyFolder({})))).toBe('escalate');
  });
});

describe('an edit', () => {
  const watched = { watch: true, pollMs: 10 };

  test('that is good is in force soon, and one that is broken changes nothing', async () => {
    const folder = policyFolder({ 'rules/mine.rego': rule('allow') });
    const source = await open(folder, watched);
    const changes = changesOf(source);

    putFiles(folder, { 'rules/mine.rego': rule('deny') });
    await vi.waitFor(() => expect(kindsOf(changes)).toEqual(['activated', 'activated']), patience);
    expect(await outcomeOf(source)).toBe('deny');

    putFiles(folder, { 'rules/mine.rego': rule('deny').replace('properties', 'propertys') });
    await vi.waitFor(() => expect(changes).toHaveLength(3), patience);
    expect(changes[2]).toMatchObject({
      kind: 'rejected',
      faults: [
        { code: 'rego_type_error', file: 'rules/mine.rego', row: 4, col: expect.any(Number) },
      ],
    });
    expect(source.rejected()).toHaveLength(1);
    expect(await outcomeOf(source)).toBe('deny');

    putFiles(folder, { 'rules/mine.rego': rule('simulate') });
    await vi.waitFor(() => expect(changes).toHaveLength(4), patience);
    expect(source.rejected()).toEqual([]);
    expect(await outcomeOf(source)).toBe('simulate');
  });

  test('that is taken back clears the refusal without a new activation', async () => {
    const folder = policyFolder({ 'rules/mine.rego': rule('allow') });
    const source = await open(folder, watched);
    const changes = changesOf(source);
    putFiles(folder, { 'rules/more.rego': 'package gate.rules.more\n\nallow if true\n' });
    await vi.waitFor(() => expect(source.rejected()).toHaveLength(1), patience);
    rmSync(path.join(folder, 'rules/more.rego'));
    await vi.waitFor(() => expect(source.rejected()).toEqual([]), patience);
    expect(kindsOf(changes)).toEqual(['activated', 'rejected']);
  });

  test('of a policy that was never good brings it into force', async () => {
    const folder = policyFolder({ 'rules/mine.rego': 'package' });
    const source = await open(folder, watched);
    expect(source.current()).toBeUndefined();
    putFiles(folder, { 'rules/mine.rego': rule('allow') });
    await vi.waitFor(() => expect(source.current()).toBeDefined(), patience);
    expect(await outcomeOf(source)).toBe('allow');
  });

  test('in a worker lets what runs finish on the old policy', async () => {
    const folder = policyFolder({ 'rules/mine.rego': rule('allow') });
    const source = await open(folder, { ...watched, isolation: 'worker', timeLimitMs: 10_000 });
    const old = source.current();
    putFiles(folder, { 'rules/mine.rego': rule('deny') });
    const outcomes: (string | undefined)[] = [];
    while (source.current() === old) outcomes.push(await outcomeOf(source));
    expect(new Set(outcomes)).toEqual(new Set(['allow']));
    expect(await outcomeOf(source)).toBe('deny');
  });
});

describe('the cache', () => {
  const cachedIn = (stateDir: string) => readdirSync(path.join(stateDir, 'cache', 'policy'));

  test('makes a start without the compiler', async () => {
    const stateDir = makeFolder();
    const folder = policyFolder({ 'rules/mine.rego': rule('allow') });
    const first = await open(folder, { stateDir });
    const files = cachedIn(stateDir);
    expect(files.map((name) => path.extname(name)).sort()).toEqual(['.sha256', '.wasm']);
    for (const name of files) {
      const { mode } = statSync(path.join(stateDir, 'cache', 'policy', name));
      expect(mode & 0o777).toBe(0o600);
    }
    const second = await open(folder, { stateDir, compiler: unusable() });
    expect(second.rejected()).toEqual([]);
    expect(await outcomeOf(second)).toBe('allow');
    expect(second.current()?.version).toEqual(first.current()?.version);
  });

  test('is not believed when its bytes are other ones', async () => {
    const stateDir = makeFolder();
    const folder = policyFolder({ 'rules/mine.rego': rule('allow') });
    await open(folder, { stateDir });
    const module = cachedIn(stateDir).find((name) => name.endsWith('.wasm')) ?? '';
    writeFileSync(path.join(stateDir, 'cache', 'policy', module), 'other');
    const source = await open(folder, { stateDir, compiler: unusable() });
    expect(source.rejected().map(({ message }) => message)).toEqual(['the compiler was asked']);
    expect(await outcomeOf(await open(folder, { stateDir }))).toBe('allow');
  });

  test('keeps nothing of a policy that was refused', async () => {
    const stateDir = makeFolder();
    await open(policyFolder({ 'rules/mine.rego': 'package' }), { stateDir });
    expect(readdirSync(stateDir)).toEqual([]);
  });

  test('that cannot be written does not keep a policy from being in force', async () => {
    const stateDir = path.join(makeFolder({ file: '' }), 'file');
    const source = await open(policyFolder({ 'rules/mine.rego': rule('allow') }), { stateDir });
    expect(await outcomeOf(source)).toBe('allow');
  });
});

describe('what the store keeps', () => {
  test('decides the same again', async () => {
    const source = await open(policyFolder({ 'rules/mine.rego': rule('allow') }));
    const [change] = changesOf(source);
    if (change?.kind !== 'activated') throw new Error('expected an activation');
    const stored = await loadStoredPolicy(change.bundle);
    expect(stored.version).toEqual({ ...change.version, id: 'stored' });
    expect(await stored.decide(callText)).toEqual(await source.current()?.decide(callText));
  });

  test('is refused when it is damaged', async () => {
    const source = await open(policyFolder({}));
    const [change] = changesOf(source);
    if (change?.kind !== 'activated') throw new Error('expected an activation');
    const damaged = { ...change.bundle, wasm: Buffer.from('x') };
    await expect(loadStoredPolicy(damaged)).rejects.toMatchObject({
      code: 'policy_invalid',
      message: `stored policy "${change.bundle.digest}" cannot be read`,
    });
  });
});

const patience = { timeout: 15_000, interval: 10 };

/** A compiler that answers every question with a refusal, so that whoever needs one is seen. */
function unusable(): Compiler {
  const refuse = () => Promise.reject(new Error('the compiler was asked'));
  const { digest } = compiler;
  return {
    digest,
    check: refuse,
    build: refuse,
    fmt: refuse,
    test: refuse,
    eval: refuse,
    close: () => Promise.resolve(),
  };
}
