import { createRequire } from 'node:module';
import { GateError } from '../core/errors.ts';
import { frozen } from '../core/frozen.ts';
import { isObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import { createBuiltins } from './builtins.ts';
import { textEvaluator } from './engine-abi.ts';
import type { Entrypoint } from './entrypoints.ts';
import { lightSteps, maxSteps, outlierPages } from './limits.ts';
import { fuelName } from './meter.ts';

// Only its CommonJS form has the synchronous loader that its types promise.
const opa: typeof import('@open-policy-agent/opa-wasm') = createRequire(import.meta.url)(
  '@open-policy-agent/opa-wasm',
);

/** Stands in every decision entry: another version may answer differently. */
export const opaWasmVersion = '1.10.0';

const pageBytes = 65_536;
const initialPages = 5;

export interface EngineOptions {
  readonly memoryPages: number;
}

/**
 * One compiled policy with its data. `evaluate` is synchronous and not re-entrant; it takes JSON text that the gate
 * wrote. Whatever goes wrong throws `policy_engine` in words that hold nothing of the input; so does an evaluation that
 * takes more than `maxSteps`, which is the same on every machine. An answer that came before is often the same value
 * again, frozen.
 */
export interface Engine {
  evaluate(inputText: string, entrypoint: Entrypoint): unknown;
  /** Whether the last evaluation took few steps, and no more than half of its memory: `lightLength` more would not end it. */
  wasLight(): boolean;
}

type Instance = ReturnType<typeof opa.loadPolicySync>;

/** For a module from `compileModule`. Throws `policy_engine` when it or the data cannot be loaded within the memory. */
export function loadEngine(
  module: WebAssembly.Module,
  dataText: string,
  { memoryPages }: EngineOptions,
): Engine {
  if (!WebAssembly.Module.imports(module).some(({ name }) => name === 'opa_abort')) {
    throw new GateError(
      'policy_engine',
      'failed to load the policy: the module is not made by opa',
    );
  }
  let input = '';
  const builtins = createBuiltins(() => timeOf(input));
  const load = () => {
    const instance = instantiate(module, initialPages, memoryPages, builtins);
    const fuel = fuelOf(instance);
    fueled(fuel, () => instance.setData(bufferOf(dataText)));
    const evaluateText = textEvaluator(instance);
    const limit = instance.mem.buffer.byteLength + outlierPages * pageBytes;
    return { instance, evaluateText, fuel, limit };
  };
  const answers = new Answers();
  let loaded: ReturnType<typeof load> | undefined = attempt('failed to load the policy', load);
  let isLight = false;

  const evaluate = (inputText: string, entrypoint: Entrypoint): unknown => {
    const now = loaded ?? load();
    const { instance, evaluateText, fuel, limit } = now;
    // Until it is known that all went well there is no instance: what a throw leaves in one is not known.
    loaded = undefined;
    input = inputText;
    fuel.value = maxSteps;
    isLight = false;
    const answer = fueled(fuel, () =>
      evaluateText === undefined
        ? onlyResult(instance.evaluate(bufferOf(inputText), entrypoint))
        : answers.of(evaluateText(inputText, entrypoint)),
    );
    // Memory never shrinks, so an instance that one large evaluation blew up is given back.
    const { byteLength } = instance.mem.buffer;
    if (byteLength <= limit) loaded = now;
    const isSmall = byteLength <= (memoryPages * pageBytes) / 2;
    isLight = isSmall && maxSteps - Number(fuel.value) <= lightSteps;
    return answer;
  };
  return {
    evaluate: (inputText, entrypoint) =>
      attempt('policy evaluation failed', () => evaluate(inputText, entrypoint)),
    wasLight: () => isLight,
  };
}

/** A module says in its own error how much memory it wants to start with. */
function instantiate(
  module: WebAssembly.Module,
  initial: number,
  maximum: number,
  builtins: ReturnType<typeof createBuiltins>,
): Instance {
  try {
    return opa.loadPolicySync(module, { initial: Math.min(initial, maximum), maximum }, builtins);
  } catch (thrown) {
    const tooSmall =
      thrown instanceof Error && thrown.name === 'LinkError' && thrown.message.includes('memory');
    if (!tooSmall || initial >= maximum) throw thrown;
    return instantiate(module, initial * 2, maximum, builtins);
  }
}

/** What is left of the steps that `meter.ts` counts. */
function fuelOf({ wasmInstance }: Instance): WebAssembly.Global {
  const fuel: unknown = 'exports' in wasmInstance ? wasmInstance.exports[fuelName] : undefined;
  if (fuel instanceof WebAssembly.Global) return fuel;
  throw new GateError('policy_engine', 'failed to load the policy: the module is not metered');
}

/** Steps below 0 are the trap that they led to: nothing runs after it. */
function fueled<T>(fuel: WebAssembly.Global, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw Number(fuel.value) < 0 ? outOfSteps() : thrown;
  }
}

function outOfSteps(): GateError {
  return new GateError('policy_engine', 'policy used up its steps');
}

/** Answers by the text of their result set: a policy gives few different ones, and again and again. */
class Answers {
  readonly #known = new Map<string, unknown>();

  of(text: string): unknown {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const answer = onlyResult(parseJson(text));
    if (text.length > keptLength) return answer;
    if (this.#known.size >= maxKept) this.#known.clear();
    this.#known.set(text, frozen(answer));
    return answer;
  }
}

const keptLength = 4096;
const maxKept = 256;

/** The result set of an entry point: exactly one result, or the policy has no answer. */
function onlyResult(results: unknown): unknown {
  const [first, ...rest]: readonly unknown[] = Array.isArray(results) ? results : [];
  if (isObject(first) && 'result' in first && rest.length === 0) return first['result'];
  throw new GateError('policy_engine', 'policy has no answer: the entry point is undefined');
}

/** The time that the input names, so that a replay sees the same. */
function timeOf(inputText: string): number {
  const input: unknown = parseJson(inputText);
  const context = isObject(input) ? input['context'] : undefined;
  const time = isObject(context) ? context['time_ns'] : undefined;
  if (typeof time === 'number' && Number.isInteger(time)) return time;
  throw new GateError('policy_engine', 'policy asks for the time, and the input has none');
}

function bufferOf(text: string): ArrayBuffer {
  const bytes = new TextEncoder().encode(text);
  return bytes.buffer.byteLength === bytes.byteLength ? bytes.buffer : bytes.slice().buffer;
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof GateError) throw cause;
    throw failure(what, cause);
  }
}

/** Without the cause: its text may hold what must not reach a log. */
function failure(what: string, thrown: unknown): GateError {
  return new GateError('policy_engine', `${what}: ${reasonOf(thrown)}`);
}

/** The SDK throws strings and plain objects of its own; messages of most other errors may quote the input. */
function reasonOf(thrown: unknown): string {
  if (typeof thrown === 'string') return shorten(thrown);
  if (thrown instanceof Error)
    return isEngineError(thrown) ? shorten(thrown.message) : `a builtin threw ${thrown.name}`;
  return isObject(thrown) ? shorten(String(thrown['message'])) : 'unknown error';
}

function isEngineError({ name, message }: Error): boolean {
  if (name === 'RangeError') return /^(Maximum call stack|WebAssembly)/.test(message);
  return name === 'RuntimeError' || name === 'CompileError' || name === 'LinkError';
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
