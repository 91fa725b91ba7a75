import { GateError } from '../core/errors.ts';

const continues = 0x80;

/** Reads bytes of a module from their front. They may come from anywhere: whatever does not fit is refused. */
export class WasmReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get at(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  take(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw refused('ends too early');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** What is preceded by its own length. */
  sized(): Uint8Array {
    return this.take(this.u32());
  }

  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at);
  }

  u32(): number {
    const value = numberAt(this.#bytes, this.#at);
    this.take(afterNumber(this.#bytes, this.#at) - this.#at);
    return value;
  }
}

/** The number from 0 that stands there. */
export function numberAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < continues) return first;
  let value = 0;
  for (let next = at, factor = 1; factor <= 2 ** 28; next += 1, factor *= continues) {
    const byte = bytes[next] ?? 0;
    value += (byte % continues) * factor;
    if (byte < continues && value < 2 ** 32) return value;
  }
  throw refused('has a number that is too long');
}

/** Where the number that stands there, signed or not, ends; behind the last byte for one that is cut off. */
export function afterNumber(bytes: Uint8Array, at: number): number {
  let next = at;
  while ((bytes[next] ?? 0) >= continues) next += 1;
  return next + 1;
}

/** A module that the gate does not understand to its last byte is not run. */
export function refused(what: string): GateError {
  return new GateError('policy_invalid', `policy module ${what}`, {
    hint: 'build it with "opa build -t wasm", or use the policy folder',
  });
}
