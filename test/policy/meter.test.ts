import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GateError } from '../../src/core/errors.ts';
import { hostCallSteps, maxLoadSteps } from '../../src/policy/limits.ts';
import { fuelName, metered } from '../../src/policy/meter.ts';
import { compileModule } from '../../src/policy/policy-module.ts';
import { header, tinyModule } from './tiny-module.ts';

const faultOf = (wasm: Uint8Array): string => {
  try {
    metered(wasm);
  } catch (error) {
    if (error instanceof GateError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('expected a throw');
};

async function start(wasm: Uint8Array) {
  const host = {
    call: () => {},
    global: 5,
    memory: new WebAssembly.Memory({ initial: 1, maximum: 4 }),
  };
  const { exports } = new WebAssembly.Instance(await compileModule(wasm), { host });
  const { [fuelName]: fuel, own, run } = exports;
  if (!(fuel instanceof WebAssembly.Global && own instanceof WebAssembly.Global))
    throw new Error('expected two globals');
  if (typeof run !== 'function') throw new Error('expected a function');
  return { fuel, own, run: () => run() };
}

async function stepsOf(code: readonly number[]): Promise<number> {
  const { fuel, run } = await start(tinyModule(code));
  fuel.value = 1_000_000;
  run();
  return 1_000_000 - Number(fuel.value);
}

const drop = 0x1a;
const f32 = [0x43, 0x03, 0x40, 0x10, 0x00];
const f64 = [0x44, 0x03, 0x40, 0x10, 0x00, 0x03, 0x40, 0x10, 0x00];

/** Many constants hold bytes that would be a loop or a call if they were read as instructions. */
const instructions: readonly [claim: string, code: readonly number[], steps: number][] = [
  ['nothing', [], 0],
  ['nop', [0x01], 0],
  ['a loop without values', [0x03, 0x40, 0x0b], 1],
  ['a loop with a result', [0x03, 0x7f, 0x41, 1, 0x0b, drop], 1],
  ['a loop with a parameter', [0x41, 1, 0x03, 1, 0x0b, drop], 1],
  ['a loop whose type has a long number', [0x41, 1, 0x03, 0x81, 0x00, 0x0b, drop], 1],
  ['a loop in a loop', [0x03, 0x40, 0x03, 0x40, 0x0b, 0x0b], 2],
  // local 0 counts to 10
  ['ten rounds', [0x03, 0x40, 0x20, 0, 0x41, 1, 0x6a, 0x22, 0, 0x41, 10, 0x48, 0x0d, 0, 0x0b], 10],
  ['a block and an if with else', [0x02, 0x40, 0x41, 1, 0x04, 0x40, 0x05, 0x0b, 0x0b], 0],
  ['br over what would be paid', [0x02, 0x40, 0x0c, 0, 0x10, 0, 0x03, 0x40, 0x0b, 0x0b], 0],
  ['br_if', [0x02, 0x40, 0x41, 1, 0x0d, 0, 0x10, 0, 0x0b], 0],
  ['br_table', [0x02, 0x40, 0x02, 0x40, 0x41, 1, 0x0e, 2, 0, 1, 1, 0x0b, 0x0b], 0],
  ['return before what would be paid', [0x0f, 0x03, 0x40, 0x0b], 0],
  ['unreachable that is not reached', [0x41, 0, 0x04, 0x40, 0x00, 0x0b], 0],
  ['a call of the host', [0x10, 0], hostCallSteps],
  ['a call of a function', [0x10, 2], 1],
  ['a call through the table', [0x41, 0, 0x41, 0, 0x41, 1, 0xfc, 12, 0, 0, 0x41, 0, 0x11, 0, 0], 1],
  ['select', [0x41, 1, 0x41, 2, 0x41, 0, 0x1b, drop], 0],
  ['select of a type', [0x41, 1, 0x41, 2, 0x41, 0, 0x1c, 1, 0x7f, drop], 0],
  ['local.get, local.set and local.tee', [0x20, 0, 0x22, 0, 0x21, 0], 0],
  ['table.get and table.set', [0x41, 0, 0x41, 0, 0x25, 0, 0x26, 0], 0],
  ['a load with a long offset', [0x41, 0, 0x28, 2, 0x83, 0x20, drop], 0],
  ['a store', [0x41, 0, 0x41, 3, 0x3a, 0, 0x03], 0],
  ['memory.size and memory.grow', [0x3f, 0, 0x40, 0, drop], 0],
  ['i32.const', [0x41, 0x83, 0x90, 0x83, 0x90, 0x03, drop], 0],
  ['i64.const', [0x42, ...Array(9).fill(0x83), 0x00, drop], 0],
  ['f32.const', [...f32, drop], 0],
  ['f64.const', [...f64, drop], 0],
  ['arithmetic and conversion', [0x41, 3, 0x41, 3, 0x6a, 0xac, 0x7b, drop], 0],
  ['sign extension', [0x41, 3, 0xc0, 0xc1, 0xac, 0xc2, 0xc3, 0xc4, drop], 0],
  ['saturation of f32', [0, 1, 4, 5].flatMap((op) => [...f32, 0xfc, op, drop]), 0],
  ['saturation of f64', [2, 3, 6, 7].flatMap((op) => [...f64, 0xfc, op, drop]), 0],
  ['ref.null, ref.is_null and ref.func', [0xd0, 0x6f, 0xd1, drop, 0xd2, 2, drop], 0],
  ['memory.init of 4 bytes', [0x41, 0, 0x41, 0, 0x41, 4, 0xfc, 8, 0, 0, 0xfc, 9, 0], 1],
  ['memory.copy of 60 bytes', [0x41, 0, 0x41, 1, 0x41, 60, 0xfc, 10, 0, 0], 15],
  ['memory.fill of 65536 bytes', [0x41, 0, 0x41, 0, 0x41, 0x80, 0x80, 4, 0xfc, 11, 0], 16_384],
  ['elem.drop', [0xfc, 13, 0], 0],
  ['table.copy', [0x41, 0, 0x41, 1, 0x41, 1, 0xfc, 14, 0, 0], 0],
  ['table.grow by 40', [0xd0, 0x70, 0x41, 40, 0xfc, 15, 0, drop], 10],
  ['table.size', [0xfc, 16, 0, drop], 0],
  ['table.fill', [0x41, 0, 0xd0, 0x70, 0x41, 2, 0xfc, 17, 0], 0],
];

describe('metering', () => {
  test.each(instructions)('%s, and a loop behind it, take their steps', async (_c, code, steps) => {
    expect(await stepsOf(code)).toBe(steps);
    const more = code[0] === 0x0f ? 0 : 1;
    expect(await stepsOf([...code, 0x03, 0x40, 0x0b])).toBe(steps + more);
  });

  test('globals of the module stay what they were', async () => {
    // own = own + host
    const { own, run } = await start(tinyModule([0x23, 1, 0x23, 0, 0x6a, 0x24, 1]));
    run();
    expect(own.value).toBe(12);
  });

  test.each([
    ['a loop without end', [0x03, 0x40, 0x0c, 0, 0x0b], -1],
    ['a call of itself', [0x10, 1], -1],
    ['a call of the host', [0x03, 0x40, 0x10, 0, 0x0c, 0, 0x0b], 99 - hostCallSteps],
    [
      'the largest fill that there is',
      [0x41, 0, 0x41, 0, 0x41, 0x7f, 0xfc, 11, 0],
      100 - (2 ** 30 - 1),
    ],
  ])('%s traps when no steps are left, and so does what follows', async (_claim, code, left) => {
    const { fuel, run } = await start(tinyModule(code));
    fuel.value = 100;
    expect(run).toThrow('unreachable');
    expect(fuel.value).toBe(left);
    expect(run).toThrow('unreachable');
    fuel.value = 100;
    expect(run).toThrow('unreachable');
    expect(fuel.value).toBe(left);
  });

  test('exactly the steps that there are can be taken', async () => {
    const { fuel, run } = await start(tinyModule([0x10, 2, 0x10, 2, 0x03, 0x40, 0x0b]));
    fuel.value = 2;
    run();
    expect(fuel.value).toBe(0);
    expect(run).toThrow('unreachable');
  });

  test('a module without globals, exports and code gets the fuel', async () => {
    const module = await compileModule(Uint8Array.from(header));
    const { [fuelName]: fuel } = new WebAssembly.Instance(module, {}).exports;
    expect(fuel).toMatchObject({ value: maxLoadSteps });
  });

  test('the same module gives the same bytes', () => {
    const wasm = tinyModule([0x03, 0x40, 0x0b]);
    const before = wasm.slice();
    expect(metered(wasm)).toEqual(metered(wasm));
    expect(wasm).toEqual(before);
  });
});

describe('a module that is refused', () => {
  test('is one that is metered', () => {
    expect(faultOf(metered(tinyModule([])))).toBe(
      'policy_invalid: policy module has an export "gate_fuel", which is the name of a global of the gate',
    );
  });

  test.each([
    ['a vector', [0x41, 0, 0xfd, 15, 0xfd, 83, drop], 'instruction 0xfd'],
    ['an atomic access', [0xfe, 0x03, 0], 'instruction 0xfe'],
    ['a call in place of a return', [0x12, 0], 'instruction 0x12'],
    ['a block of a vector', [0x02, 0x7b, 0x00, 0x0b, drop], 'type 0x7b'],
    ['a reference to a vector', [0x00, 0x1c, 1, 0x7b, drop], 'type 0x7b'],
  ])('is valid but has %s', (_claim, code, what) => {
    const wasm = tinyModule(code);
    expect(WebAssembly.validate(wasm)).toBe(true);
    expect(faultOf(wasm)).toBe(`policy_invalid: policy module has the unknown ${what}`);
  });

  test.each([
    ['reaches for the fuel', [0x23, 2, drop]],
    ['refuels itself', [0x41, 100, 0x24, 2]],
    ['has no such instruction', [0xff]],
    ['is cut short in an instruction', [0x41, 0x80]],
    ['leaves a value', [0x41, 1]],
  ])('%s', (_claim, code) => {
    expect(faultOf(tinyModule(code))).toBe(
      'policy_invalid: policy module is not valid webassembly',
    );
  });

  const wasm = tinyModule([0x10, 0, 0x03, 0x40, 0x41, 0, 0x0d, 0, 0x0b, 0x23, 1, 0x24, 1]);

  test('is every one that the engine refuses: cut off anywhere', async () => {
    for (let length = 0; length < wasm.length; length += 1)
      await sameVerdict(wasm.slice(0, length));
  });

  test('is every one that the engine refuses: with bytes changed', () => {
    const change = fc.tuple(fc.nat(wasm.length - 1), fc.nat(255));
    return fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const changed = wasm.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        await sameVerdict(changed);
      }),
      { numRuns: 2000 },
    );
  });

  test('is garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const fault = faultOf(Uint8Array.from([...header, 1, ...bytes]));
        expect(fault).toBe('policy_invalid: policy module is not valid webassembly');
      }),
    );
  });
});

/** Refused, or valid before and after. */
async function sameVerdict(wasm: Uint8Array): Promise<void> {
  try {
    await compileModule(wasm);
  } catch (error) {
    expect(error).toMatchObject({ code: 'policy_invalid' });
    return;
  }
  expect(WebAssembly.validate(wasm)).toBe(true);
}
