import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GateError } from '../../src/core/errors.ts';
import { openInline } from '../../src/policy/active-policy.ts';
import { createCompiler } from '../../src/policy/compiler.ts';
import { type Engine, loadEngine, opaWasmVersion } from '../../src/policy/engine.ts';
import { compileModule } from '../../src/policy/policy-module.ts';
import { hostilePolicy } from './hostile-policy.ts';

const compiler = createCompiler();
afterAll(() => compiler.close());

let module: WebAssembly.Module;
let engine: Engine;
beforeAll(async () => {
  const { wasm } = await compiler.build(hostilePolicy, ['gate/decision', 'gate/visible']);
  module = await compileModule(wasm);
  engine = loadEngine(module, '{"limit": 3}', { memoryPages: 256 });
});

const secret = 'hunter2-hunter2';
const decide = (name: string, more: object = {}) =>
  engine.evaluate(JSON.stringify({ case: name, secret, ...more }), 'gate/decision');
const failureOf = (work: () => unknown): GateError => {
  try {
    work();
  } catch (error) {
    if (error instanceof GateError) return error;
    throw error;
  }
  throw new Error('expected a throw');
};

describe('an evaluation that goes wrong', () => {
  const rows: readonly [claim: string, name: string, more: object, message: RegExp][] = [
    ['no answer', 'none', {}, /^policy has no answer: the entry point is undefined$/],
    ['two answers', 'conflict', {}, /^policy evaluation failed: .*\d+:\d+.*conflict/],
    ['a loop', 'loop', {}, /^policy evaluation failed: (opa_malloc: failed|.*emory)/],
    ['a loop that keeps nothing', 'still', { none: 0 }, /^policy used up its steps$/],
    [
      'calls that branch',
      'tree',
      { none: false },
      /^policy (used up its steps|evaluation failed: opa_malloc: failed)$/,
    ],
    ['one enormous value', 'big', {}, /^policy evaluation failed: (opa_malloc: failed|.*emory)/],
    [
      'a builtin that throws',
      'throws',
      {},
      /^policy evaluation failed: a builtin threw TypeError$/,
    ],
    [
      'an input that nests too deeply',
      'echo',
      { value: nested(20_000) },
      /^policy evaluation failed: Maximum call stack size exceeded$/,
    ],
    ['the time of an input that has none', 'time', {}, /^policy asks for the time/],
  ];

  test.each(rows)('%s is policy_engine, and the next one is served', (_c, name, more, message) => {
    const { value, ...others } = { value: '0', ...more };
    const text = JSON.stringify({ case: name, secret, ...others });
    const inputText = `${text.slice(0, -1)},"value":${value}}`;
    const error = failureOf(() => engine.evaluate(inputText, 'gate/decision'));
    expect(error.code).toBe('policy_engine');
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('hunter2');
    expect(error.cause).toBeUndefined();
    expect(decide('echo', { value: 'well' })).toBe('well');
  });

  test.each(['still', 'tree', 'loop'])('memory does not decide: %s ends by its steps', (name) => {
    const roomy = loadEngine(module, '{}', { memoryPages: 8192 });
    const text = JSON.stringify({ case: name, none: 0 });
    expect(failureOf(() => roomy.evaluate(text, 'gate/decision')).message).toBe(
      'policy used up its steps',
    );
    const echo = JSON.stringify({ case: 'echo', value: 'well' });
    expect(roomy.evaluate(echo, 'gate/decision')).toBe('well');
  });

  test('a text that is no JSON has no answer', () => {
    const error = failureOf(() => engine.evaluate('{"case"', 'gate/decision'));
    expect([error.code, error.message]).toEqual([
      'policy_engine',
      'policy has no answer: the entry point is undefined',
    ]);
  });
});

describe('an evaluation that goes well', () => {
  test('sees data, and the time of its input', () => {
    expect(decide('data')).toBe(3);
    expect(decide('time', { context: { time_ns: 1_767_225_600_000_000_000 } })).toBe(
      1_767_225_600_000_000_000,
    );
  });

  test('an argument called time_ns is not the time', () => {
    const more = { value: { time_ns: 5 }, context: { time_ns: 7 } };
    expect(decide('time', more)).toBe(7);
  });

  test.each([
    ['an input that makes the memory grow a lot', 'x'.repeat(2_000_000)],
    ['a small input after that', 'x'],
    ['all of unicode', 'ünï 文 \u{1f600} \0 \u2028'],
    ['an empty object', {}],
  ])('%s comes back as it was', (_claim, value) => {
    expect(decide('echo', { value })).toEqual(value);
  });

  test('an answer that came before is the same again, and nobody can change it', () => {
    const value = { list: [{ deep: 1 }] };
    const [first, second] = [decide('echo', { value }), decide('echo', { value })];
    expect(second).toBe(first);
    expect(second).toEqual(value);
    expect(() => {
      Object(first).list[0].deep = 2;
    }).toThrow(TypeError);
  });

  test('an answer of any length or depth comes back as it was', () => {
    const deep = JSON.parse(nested(1500));
    expect(decide('echo', { value: deep })).toEqual(deep);
    const long = Array.from({ length: 3000 }, (_, at) => at);
    expect(decide('echo', { value: long })).toEqual(long);
    expect(decide('echo', { value: long })).toEqual(long);
  });

  test('thousands of evaluations give the same answer', () => {
    for (let at = 0; at < 5000; at += 1) expect(decide('echo', { value: at })).toBe(at);
  });
});

describe('loading', () => {
  test.each([
    ['data that does not fit', JSON.stringify({ a: 'x'.repeat(6_000_000) })],
    ['data that is no JSON', '{'],
  ])('%s is policy_engine', (_claim, data) => {
    const error = failureOf(() => loadEngine(module, data, { memoryPages: 64 }));
    expect(error.code).toBe('policy_engine');
    expect(error.message).toMatch(/^failed to load the policy: /);
  });

  test('a module that is no policy is policy_engine', () => {
    const empty = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
    const error = failureOf(() => loadEngine(empty, '{}', { memoryPages: 64 }));
    expect([error.code, error.message]).toEqual([
      'policy_engine',
      'failed to load the policy: the module is not made by opa',
    ]);
  });

  test('a module that is not metered is policy_engine', async () => {
    const { wasm } = await compiler.build(hostilePolicy, ['gate/decision']);
    const plain = new WebAssembly.Module(wasm);
    const error = failureOf(() => loadEngine(plain, '{}', { memoryPages: 64 }));
    expect([error.code, error.message]).toEqual([
      'policy_engine',
      'failed to load the policy: the module is not metered',
    ]);
  });

  test('the version in the record is the one that is installed', () => {
    const main = createRequire(import.meta.url).resolve('@open-policy-agent/opa-wasm');
    const file = main.replace(/src[\\/][^\\/]*$/, 'package.json');
    expect(JSON.parse(readFileSync(file, 'utf8')).version).toBe(opaWasmVersion);
  });
});

describe('an active policy', () => {
  const open = () =>
    openInline({
      version: {
        id: 'x',
        revision: null,
        digest: 'sha256:0',
        engine: { gate: '0', regoc: null, opa_wasm: opaWasmVersion, memory_pages: 64 },
      },
      module,
      dataText: '{}',
    });

  test.each([
    ['a text', 'allow'],
    ['a boolean', true],
    ['an unknown outcome', { outcome: 'maybe' }],
    ['null', null],
  ])('that answers with %s is policy_engine', (_claim, value) => {
    const error = failureOf(() => open().decide(JSON.stringify({ case: 'echo', value })));
    expect(error.code).toBe('policy_engine');
    expect(error.message).toMatch(/^policy did not answer with a decision document/);
  });

  test('shows an item only for a plain true', () => {
    const visible = (value: unknown) => open().visible(JSON.stringify({ visible: value }));
    expect([true, false, 'true', 1, null].map(visible)).toEqual([true, false, false, false, false]);
    expect(open().visible('{}')).toBe(false);
  });
});

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}
