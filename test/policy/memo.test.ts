import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openInline } from '../../src/policy/active-policy.ts';
import { createCompiler } from '../../src/policy/compiler.ts';
import type { PolicyContent } from '../../src/policy/content.ts';
import type { ActivePolicy } from '../../src/policy/contract.ts';
import { entrypoints } from '../../src/policy/entrypoints.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import { lightLength } from '../../src/policy/limits.ts';
import { compileModule } from '../../src/policy/policy-module.ts';
import { readPolicyFolder } from '../../src/policy/source-files.ts';
import { callInput, pathArgument } from './call-input.ts';

const compiler = createCompiler();
afterAll(() => compiler.close());

async function open({ modules, data }: PolicyContent['sources']): Promise<ActivePolicy> {
  const { wasm } = await compiler.build({ modules, data }, entrypoints);
  const engine = { gate: '0', regoc: null, opa_wasm: '0', memory_pages: 256 };
  return openInline({
    version: { id: 'test', revision: null, digest: 'sha256:0', engine },
    module: await compileModule(wasm),
    dataText: JSON.stringify(data),
  });
}

/** The shipped fold with one rule. */
async function openRule(rule: string): Promise<ActivePolicy> {
  const { sources } = await readPolicyFolder(undefined);
  const fold = sources.modules['gate.rego'] ?? '';
  const modules = { 'gate.rego': fold, 'rules/one.rego': `package gate.rules.one\n\n${rule}\n` };
  return open({ modules, data: { gate: { fallback: 'deny' } } });
}

const ofArgument = `allow contains {"id": "one", "reason": "it says yes"} if {
	input.resource.properties.arguments.say == "yes"
}`;

// The engine takes no such text: an answer is one that it had given before.
const unreadable = '"\\ud800"';
const isKnown = (policy: ActivePolicy, input: PolicyInput): boolean => {
  try {
    return policy.decide(unreadable, input) !== undefined;
  } catch {
    return false;
  }
};

/** Names of three characters that lie in one place with `name` in a table of OPA's, and before it. */
function namesBeside(name: string, count: number): string[] {
  const characters = Array.from({ length: 90 }, (_, at) => String.fromCharCode(35 + at)).filter(
    (each) => each !== '\\',
  );
  const all = characters.flatMap((a) =>
    characters.flatMap((b) => characters.map((c) => a + b + c)),
  );
  // A table grows to twice its places when it is seven tenths full.
  const places = 2 ** Math.ceil(Math.log2((count + 1) / 0.7));
  const place = hashOf(name) % places;
  return all.filter((each) => each < name && hashOf(each) % places === place).slice(0, count);
}

/** FNV-1 of 32 bits, as OPA has it. */
function hashOf(text: string): number {
  return [...Buffer.from(text)].reduce(
    (hash, byte) => (Math.imul(hash, 0x01000193) ^ byte) >>> 0,
    0x811c9dc5,
  );
}

describe('a decision', () => {
  let policy: ActivePolicy;
  const asked = callInput('tool', { say: 'yes', more: 1 });
  beforeAll(async () => {
    policy = await openRule(ofArgument);
    expect(policy.decide(JSON.stringify(asked), asked)).toMatchObject({ outcome: 'allow' });
  });

  test.each<[what: string, input: PolicyInput]>([
    ['the same call', asked],
    ['a later one', callInput('tool', { say: 'yes' }, {}, { time_ns: 5, time: 'later' })],
    ['an argument that nobody reads', callInput('tool', { say: 'yes', more: 2 })],
    ['another tool', callInput('other', { say: 'yes' })],
  ])('stands for what the policy cannot tell apart: %s', (_, input) => {
    expect(isKnown(policy, input)).toBe(true);
    expect(policy.decide(unreadable, input)).toEqual(policy.decide(JSON.stringify(input)));
  });

  test.each<[what: string, input: PolicyInput]>([
    ['another value', callInput('tool', { say: 'no' })],
    ['the text of the value', callInput('tool', { say: '"yes"' })],
    ['none', callInput('tool', {})],
    ['null', callInput('tool', { say: null })],
    ['the text of what is missing', callInput('tool', { say: 'undefined' })],
    ['what every object has', callInput('tool', { toString: 'yes' })],
    ['a caller without a name', { ...asked, subject: { ...asked.subject, id: null } }],
    ['a freeze', callInput('tool', { say: 'yes' }, {}, { freeze: true })],
    ['arguments cut short', callInput('tool', { say: 'yes' }, { arguments_truncated: true })],
  ])('is made anew for what it reads: %s', async (_, input) => {
    const fresh = await openRule(ofArgument);
    fresh.decide(JSON.stringify(asked), asked);
    expect(isKnown(fresh, input)).toBe(false);
    expect(fresh.decide(JSON.stringify(input), input)).toEqual(
      policy.decide(JSON.stringify(input)),
    );
    expect(isKnown(fresh, input)).toBe(true);
  });

  test('is made anew when the gate has no document of the text', () => {
    expect(() => policy.decide(unreadable)).toThrow('policy evaluation failed');
  });

  test('that failed is not kept', async () => {
    const fresh = await openRule(ofArgument);
    expect(() => fresh.decide(unreadable, asked)).toThrow('policy evaluation failed');
    expect(isKnown(fresh, asked)).toBe(false);
  });

  test('is frozen, for many calls share it', () => {
    const decision = policy.decide(JSON.stringify(asked), asked);
    expect(Object.isFrozen(decision)).toBe(true);
    expect(Object.isFrozen(Object(decision).rules)).toBe(true);
  });

  test('of a long input is made anew, known or not', () => {
    const long = callInput('tool', { say: 'yes', more: 'x'.repeat(lightLength) });
    expect(policy.decide(JSON.stringify(long), long)).toMatchObject({ outcome: 'allow' });
    expect(() => policy.decide(unreadable.padEnd(lightLength + 1), long)).toThrow(
      'policy evaluation failed',
    );
  });

  test('by much of the input is not kept', async () => {
    const fresh = await openRule(ofArgument);
    const much = callInput('tool', { say: 'x'.repeat(5_000) });
    fresh.decide(JSON.stringify(much), much);
    expect(isKnown(fresh, much)).toBe(false);
  });

  test('that took most of what it may is not kept', async () => {
    const heavy = await openRule(`allow contains {"id": "one", "reason": "counted"} if {
	count([1 | some i in numbers.range(1, input.resource.properties.arguments.n); i > 0]) > 0
}`);
    const few = callInput('tool', { n: 10 });
    const many = callInput('tool', { n: 40_000 });
    for (const input of [few, many]) {
      expect(heavy.decide(JSON.stringify(input), input)).toMatchObject({ outcome: 'allow' });
    }
    expect([isKnown(heavy, few), isKnown(heavy, many)]).toEqual([true, false]);
  });

  test('stands for no input that would use up the steps, whatever names it has', async () => {
    const looks = 'input.resource.properties.arguments.say != 0; '.repeat(20);
    const policy = await openRule(`allow contains {"id": "one", "reason": "counted"} if {
	count([1 | some i in numbers.range(1, 60); ${looks}i > 0]) > 0
}`);
    const short = callInput('tool', { say: 'yes' });
    policy.decide(JSON.stringify(short), short);
    const room = lightLength - JSON.stringify(short).length;
    const names = namesBeside('say', Math.floor(room / '"say":1,'.length));
    const slow = callInput('tool', {
      ...Object.fromEntries(names.map((name) => [name, 1])),
      say: 'yes',
    });
    const text = JSON.stringify(slow);
    expect(text.length).toBeGreaterThan(lightLength - 20);
    expect(text.length).toBeLessThanOrEqual(lightLength);
    expect(isKnown(policy, slow)).toBe(true);
    expect(policy.decide(text)).toMatchObject({ outcome: 'allow' });
  });

  test('is forgotten when there are too many', async () => {
    const fresh = await openRule(ofArgument);
    const first = callInput('tool', { say: 'yes' });
    fresh.decide(JSON.stringify(first), first);
    for (let at = 0; at < 1000; at += 1) {
      const input = callInput('tool', { say: `${at}` });
      fresh.decide(JSON.stringify(input), input);
    }
    expect(isKnown(fresh, first)).toBe(false);
  });

  test('by the time is made at every time', async () => {
    const timed = await openRule(`allow contains {"id": "one", "reason": "early"} if {
	time.now_ns() < 1000
}`);
    const at = (time_ns: number) => callInput('tool', {}, {}, { time_ns });
    expect(timed.decide(JSON.stringify(at(5)), at(5))).toMatchObject({ outcome: 'allow' });
    expect(timed.decide(JSON.stringify(at(5000)), at(5000))).toMatchObject({ outcome: 'deny' });
  });
});

describe('the starter set', () => {
  const words = fc.constantFrom('read_text_file', 'write_file', 'delete_all', 'fetch', 'search');
  const given = fc.constantFrom('/ws/a.txt', '/etc/passwd', '.git/config', 'notes');
  const inputs = fc
    .record({
      tool: words,
      args: fc.dictionary(fc.constantFrom('path', 'content', 'uri'), given, { maxKeys: 2 }),
      paths: fc.array(given, { maxLength: 1 }),
      pin_state: fc.constantFrom<PolicyInput['resource']['properties']['pin_state'][]>(
        'pinned',
        'changed',
      ),
      destructiveHint: fc.boolean(),
      labels: fc.subarray(['pii.email', 'secret.aws_key']),
      calls: fc.nat(3),
      time_ns: fc.nat(3),
      freeze: fc.boolean(),
      environment: fc.constantFrom('dev', 'production'),
      approved: fc.boolean(),
    })
    .map(({ tool, args, paths, pin_state, destructiveHint, labels, approved, calls, ...context }) =>
      callInput(
        tool,
        args,
        {
          pin_state,
          annotations: { destructiveHint },
          paths: paths.map((path) => pathArgument('path', path)),
        },
        {
          ...context,
          session: { id: 's', calls, denials: 0, elapsed_ms: calls, labels },
          approval: approved
            ? { id: 'a', rules: ['gate.no-rule'], approvers: ['eve'], expires: 'later' }
            : null,
        },
      ),
    );

  test('decides with what it remembers as it does without', async () => {
    const { sources } = await readPolicyFolder(undefined);
    const [remembering, forgetful] = [await open(sources), await open(sources)];
    fc.assert(
      fc.property(inputs, fc.nat(3), (input, more) => {
        const text = JSON.stringify(input);
        const decision = forgetful.decide(text);
        expect(remembering.decide(text, input)).toEqual(decision);
        const later = structuredClone(input);
        later.context.session.calls += more;
        later.context.time_ns += more;
        expect(remembering.decide(unreadable, later)).toEqual(decision);
      }),
      { numRuns: 2000 },
    );
  });
});
