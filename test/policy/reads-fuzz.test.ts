import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { isObject } from '../../src/core/json.ts';
import { createCompiler } from '../../src/policy/compiler.ts';
import { loadEngine } from '../../src/policy/engine.ts';
import { entrypoints } from '../../src/policy/entrypoints.ts';
import { compileModule } from '../../src/policy/policy-module.ts';
import { readsOf } from '../../src/policy/reads.ts';
import { inputs, policies } from './random-reader.ts';

const compiler = createCompiler();
afterAll(() => compiler.close());

const seed = 20261129;
const base = fc.sample(inputs, { seed, numRuns: 1 }).map(plain)[0];
const others = fc.sample(inputs, { seed: seed + 1, numRuns: 30 }).map(plain);

function plain(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value));
}

/** `from` except for what is read, which is as in `to`. */
function alike(from: Record<string, unknown>, to: unknown, reads: readonly (readonly string[])[]) {
  const made = plain(from);
  for (const path of reads) put(made, path, partOf(to, path));
  return made;
}

function partOf(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (isObject(at) ? at[name] : undefined), value);
}

function put(
  into: Record<string, unknown>,
  [name = '', ...more]: readonly string[],
  value: unknown,
) {
  if (more.length === 0) {
    if (value === undefined) delete into[name];
    else into[name] = value;
    return;
  }
  const inside = isObject(into[name]) ? plain(into[name]) : {};
  put(inside, more, value);
  if (value !== undefined || isObject(into[name])) into[name] = inside;
}

const drawn = [...new Set(fc.sample(policies, { seed, numRuns: 60 }))];

test('what is not read makes no difference', { timeout: 60_000 }, async () => {
  let compared = 0;
  for (const policy of drawn) {
    const data = { base: plain(base) };
    const { wasm } = await compiler.build(
      { modules: { 'gate.rego': policy }, data: Object(data) },
      entrypoints,
    );
    const module = await compileModule(wasm);
    const reads = readsOf(module) ?? [];
    if (reads.some((path) => path.length === 0)) continue;
    const engine = loadEngine(module, JSON.stringify(data), { memoryPages: 256 });
    const decide = (input: unknown) => engine.evaluate(JSON.stringify(input), 'gate/decision');
    const expected = decide(base);
    for (const other of others) {
      const input = alike(other, base, reads);
      expect({ policy, input, answer: decide(input) }).toEqual({ policy, input, answer: expected });
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(500);
});
