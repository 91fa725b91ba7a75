import { createRequire } from 'node:module';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBuiltins } from '../../src/policy/builtins.ts';
import { createCompiler } from '../../src/policy/compiler.ts';
import { type Entrypoint, entrypoints } from '../../src/policy/entrypoints.ts';
import type { PolicyInput } from '../../src/policy/input.ts';
import { hostCallSteps, maxLoadSteps, maxSteps } from '../../src/policy/limits.ts';
import { fuelName, metered } from '../../src/policy/meter.ts';
import { readPolicyFolder } from '../../src/policy/source-files.ts';
import { callInput, pathArgument } from './call-input.ts';

// Past the engine of the gate, which runs nothing that is not metered.
const { loadPolicySync }: typeof import('@open-policy-agent/opa-wasm') = createRequire(
  import.meta.url,
)('@open-policy-agent/opa-wasm');

type Evaluate = (input: PolicyInput, entrypoint: Entrypoint) => unknown;

const compiler = createCompiler();
afterAll(() => compiler.close());

let original: Evaluate;
let withMeter: Evaluate;
let fuel: { value: unknown };
beforeAll(async () => {
  const { sources } = await readPolicyFolder(undefined);
  const { wasm } = await compiler.build(sources, entrypoints);
  const load = (bytes: Uint8Array) => {
    const module = new WebAssembly.Module(bytes);
    const policy = loadPolicySync(
      module,
      { initial: 5, maximum: 256 },
      createBuiltins(() => 7),
    );
    policy.setData(sources.data);
    return policy;
  };
  const plain = load(wasm);
  const counted = load(metered(wasm));
  const found: unknown = Object(counted.wasmInstance).exports[fuelName];
  if (!(found instanceof WebAssembly.Global)) throw new Error('expected a global');
  fuel = found;
  original = (input, entrypoint) => plain.evaluate(input, entrypoint);
  withMeter = (input, entrypoint) => {
    found.value = maxSteps;
    return counted.evaluate(input, entrypoint);
  };
});

const spent = () => maxSteps - Number(fuel.value);

const given = fc.oneof(
  fc.constantFrom('/ws/a.txt', '/ws/../etc/passwd', 'C:\\x', '', '/ws/.env', '.git/config'),
  fc.string({ unit: 'grapheme' }),
);

const inputs: fc.Arbitrary<PolicyInput> = fc
  .record({
    tool: fc.oneof(
      fc.constantFrom('read_text_file', 'write_file', 'move_file', 'delete_all', 'post', 'search'),
      fc.string(),
    ),
    args: fc.dictionary(fc.string(), fc.jsonValue({ stringUnit: 'grapheme' })),
    paths: fc.array(fc.tuple(given, given), { maxLength: 4 }),
    destructiveHint: fc.boolean(),
    truncated: fc.boolean(),
    pin: fc.constantFrom('pinned', 'changed', 'unknown') as fc.Arbitrary<
      PolicyInput['resource']['properties']['pin_state']
    >,
    action: fc.constantFrom('tools/call', 'list', 'sampling/createMessage', 'resources/read'),
  })
  .map(({ tool, args, paths, destructiveHint, truncated, pin, action }) => ({
    ...callInput(tool, args, {
      paths: paths.map(([from, to]) => pathArgument('path', from, to)),
      annotations: { destructiveHint },
      arguments_truncated: truncated,
      pin_state: pin,
    }),
    action: { name: action },
  }));

test('the starter set answers as it does without a meter, and again in the same steps', () => {
  fc.assert(
    fc.property(inputs, fc.constantFrom(...entrypoints), (input, entrypoint) => {
      expect(withMeter(input, entrypoint)).toEqual(original(input, entrypoint));
      // What an instance sets up once takes a few steps more.
      expect(spent()).toBeLessThan(maxSteps / 20);
      withMeter(input, entrypoint);
      const steps = spent();
      withMeter(input, entrypoint);
      expect(spent()).toBe(steps);
    }),
    { numRuns: 1000 },
  );
});

test('a decision takes far less than its steps', () => {
  const path = pathArgument('path', '/ws/a.txt');
  withMeter(callInput('write_file', { path: path.given }, { paths: [path] }), 'gate/decision');
  expect(spent()).toBeGreaterThan(1000);
  expect(spent()).toBeLessThan(maxSteps / 100);
  withMeter(callInput('post', { text: 'a word and '.repeat(6000) }), 'gate/decision');
  expect(spent()).toBeLessThan(maxSteps / 20);
});

test('the steps are those that replay rests on', () => {
  expect({ maxSteps, hostCallSteps, maxLoadSteps }).toEqual({
    maxSteps: 25_000_000,
    hostCallSteps: 1000,
    maxLoadSteps: 1_000_000_000,
  });
});
