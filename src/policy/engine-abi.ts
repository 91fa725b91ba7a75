import { isObject } from '../core/json.ts';
import type { Entrypoint } from './entrypoints.ts';

/** Evaluates an input, as JSON text, and returns the result set as JSON text. Throws what the module throws. */
export type EvaluateText = (inputText: string, entrypoint: Entrypoint) => string;

/** The fields of the SDK's loaded policy that say where its data lies in memory. */
export interface LoadedInstance {
  readonly mem: WebAssembly.Memory;
  readonly wasmInstance: object;
  readonly dataAddr: number;
  readonly dataHeapPtr: unknown;
  readonly entrypoints: unknown;
}

const pageBytes = 65_536;
const jsonFormat = 0;

/**
 * The one call of OPA's ABI 1.2 that takes an input and gives a result, without the SDK's copies of either: the same bytes
 * at the same place as the SDK's `evaluate` has them, so that it takes the same steps. Undefined for an older module.
 */
export function textEvaluator(instance: LoadedInstance): EvaluateText | undefined {
  const { mem, dataAddr, dataHeapPtr: start, entrypoints } = instance;
  const opaEval = opaEvalOf(instance);
  if (opaEval === undefined || typeof start !== 'number') return undefined;
  const ids = isObject(entrypoints) ? entrypoints : {};
  let memory = Buffer.from(mem.buffer);
  // Growing the memory leaves the old buffer empty.
  const current = (): Buffer => {
    if (memory.buffer !== mem.buffer) memory = Buffer.from(mem.buffer);
    return memory;
  };
  return (inputText, entrypoint) => {
    const id = ids[entrypoint];
    if (typeof id !== 'number') throw `entrypoint ${entrypoint} is not valid in this instance`;
    const length = Buffer.byteLength(inputText);
    const missing = start + length - mem.buffer.byteLength;
    if (missing > 0) mem.grow(Math.ceil(missing / pageBytes));
    current().write(inputText, start, length);
    const result = opaEval(0, id, dataAddr, start, length, start + length, jsonFormat);
    return textAt(current(), result);
  };
}

type OpaEval = (...args: readonly number[]) => number;

function opaEvalOf({ wasmInstance }: LoadedInstance): OpaEval | undefined {
  const exports = 'exports' in wasmInstance ? wasmInstance.exports : undefined;
  const found = isObject(exports) ? Object(exports).opa_eval : undefined;
  return isFunction(found) ? found : undefined;
}

// What an export takes and gives is the ABI's word.
function isFunction(value: unknown): value is OpaEval {
  return typeof value === 'function';
}

/** A text in the module's memory, which ends with a zero byte. */
function textAt(memory: Buffer, start: number): string {
  return memory.toString('utf8', start, memory.indexOf(0, start));
}
