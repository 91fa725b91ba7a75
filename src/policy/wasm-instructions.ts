import { afterNumber, numberAt, refused } from './wasm-reader.ts';

/** Opcodes behind the prefix 0xfc of instructions that work on as many bytes or elements as the number on top of the stack says. */
export const bulkOpcodes: ReadonlySet<number> = new Set([8, 10, 11, 12, 14, 15, 17]);

/** Where the first instruction of a function body is. */
export function afterLocals(body: Uint8Array): number {
  let next = afterNumber(body, 0);
  for (let left = numberAt(body, 0); left > 0; left -= 1) {
    next = afterType(body, afterNumber(body, next));
  }
  return next;
}

/** Where the instruction that starts there ends. Its numbers are well-formed, or the module will not compile. */
export function afterInstruction(code: Uint8Array, at: number): number {
  const opcode = code[at] ?? 0;
  const next = at + 1;
  switch (immediates[opcode]) {
    case 'none':
      return next;
    case 'number':
      return afterNumber(code, next);
    case 'two numbers':
      return afterNumber(code, afterNumber(code, next));
    case 'access':
      return afterAccess(code, next);
    case 'block type':
      return afterBlockType(code, next);
    case 'labels':
      // Behind the labels to choose from stands the one for every other choice.
      return afterNumbers(code, afterNumber(code, next), numberAt(code, next) + 1);
    case 'types':
      return afterTypes(code, next);
    case 'type':
      return afterType(code, next);
    case 'f32':
      return next + 4;
    case 'f64':
      return next + 8;
    case 'prefixed':
      return afterPrefixed(code, next);
    case undefined:
      throw unknownInstruction([opcode]);
  }
}

type Immediates =
  | 'none'
  | 'number'
  | 'two numbers'
  | 'access'
  | 'block type'
  | 'labels'
  | 'types'
  | 'type'
  | 'f32'
  | 'f64'
  | 'prefixed';

const prefix = 0xfc;

/** The opcodes of WebAssembly 2 without vectors, and what follows them. */
const known: readonly (readonly [from: number, to: number, Immediates])[] = [
  [0x00, 0x01, 'none'], // unreachable, nop
  [0x02, 0x04, 'block type'], // block, loop, if
  [0x05, 0x05, 'none'], // else
  [0x0b, 0x0b, 'none'], // end
  [0x0c, 0x0d, 'number'], // br, br_if
  [0x0e, 0x0e, 'labels'], // br_table
  [0x0f, 0x0f, 'none'], // return
  [0x10, 0x10, 'number'], // call
  [0x11, 0x11, 'two numbers'], // call_indirect
  [0x1a, 0x1b, 'none'], // drop, select
  [0x1c, 0x1c, 'types'], // select of a named type
  [0x20, 0x26, 'number'], // local.get … table.set
  [0x28, 0x3e, 'access'], // loads and stores
  [0x3f, 0x40, 'number'], // memory.size, memory.grow
  [0x41, 0x42, 'number'], // i32.const, i64.const
  [0x43, 0x43, 'f32'], // f32.const
  [0x44, 0x44, 'f64'], // f64.const
  [0x45, 0xc4, 'none'], // comparisons, arithmetic, conversions
  [0xd0, 0xd0, 'type'], // ref.null
  [0xd1, 0xd1, 'none'], // ref.is_null
  [0xd2, 0xd2, 'number'], // ref.func
  [prefix, prefix, 'prefixed'],
];

const immediates: readonly (Immediates | undefined)[] = Array.from(
  { length: 0x100 },
  (_, opcode) => known.find(([from, to]) => from <= opcode && opcode <= to)?.[2],
);

/** How many numbers follow the opcodes behind the prefix: eight conversions, then work on memory and tables. */
const numbersOfPrefixed = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1];

function afterPrefixed(code: Uint8Array, at: number): number {
  const opcode = numberAt(code, at);
  const count = numbersOfPrefixed[opcode];
  if (count === undefined) throw unknownInstruction([prefix, opcode]);
  return afterNumbers(code, afterNumber(code, at), count);
}

/** Alignment and offset; a large alignment would say that the index of a memory stands between them. */
function afterAccess(code: Uint8Array, at: number): number {
  if (numberAt(code, at) >= 0x40) throw refused('has several memories');
  return afterNumber(code, afterNumber(code, at));
}

/** Nothing (0x40), a type, or the index of a function type: a signed number that is not negative. */
function afterBlockType(code: Uint8Array, at: number): number {
  const first = code[at] ?? 0;
  if (first === 0x40 || valueTypes.has(first)) return at + 1;
  const end = afterNumber(code, at);
  if ((code[end - 1] ?? 0) >= 0x40) throw unknownType(first);
  return end;
}

function afterNumbers(code: Uint8Array, at: number, count: number): number {
  let next = at;
  for (let left = count; left > 0; left -= 1) {
    if (next >= code.length) throw refused('ends too early');
    next = afterNumber(code, next);
  }
  return next;
}

function afterTypes(code: Uint8Array, at: number): number {
  let next = afterNumber(code, at);
  for (let left = numberAt(code, at); left > 0; left -= 1) next = afterType(code, next);
  return next;
}

/** i32, i64, f32, f64, funcref, externref. */
const valueTypes: ReadonlySet<number> = new Set([0x7f, 0x7e, 0x7d, 0x7c, 0x70, 0x6f]);

function afterType(code: Uint8Array, at: number): number {
  const type = code[at] ?? 0;
  if (!valueTypes.has(type)) throw unknownType(type);
  return at + 1;
}

function unknownType(type: number): Error {
  return refused(`has the unknown type 0x${type.toString(16)}`);
}

function unknownInstruction(opcode: readonly number[]): Error {
  return refused(
    `has the unknown instruction ${opcode.map((byte) => `0x${byte.toString(16)}`).join(' ')}`,
  );
}
