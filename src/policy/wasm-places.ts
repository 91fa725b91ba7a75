import { afterInstruction, afterLocals, bulkOpcodes } from './wasm-instructions.ts';
import { numberAt, refused } from './wasm-reader.ts';
import type { IndexSpace } from './wasm-space.ts';

/** Where time goes in a function: its entry, a round of a loop, a call of the host, or work on very many bytes. */
export interface Place {
  /** What is put here runs before anything else of it. */
  readonly at: number;
  readonly kind: 'entry' | 'round' | 'host' | 'bulk';
}

/**
 * The places of one function body, in order. One that calls no other function has no entry: outside of its loops it ends
 * by itself, and whoever calls it pays.
 */
export function placesOf(body: Uint8Array, space: IndexSpace): readonly Place[] {
  const entry = afterLocals(body);
  const places: Place[] = [];
  let calls = false;
  let next = entry;
  while (next < body.length) {
    const at = next;
    next = afterInstruction(body, at);
    switch (body[at]) {
      case 0x03: // loop
        places.push({ at: next, kind: 'round' });
        break;
      case 0x10: // call
        if (numberAt(body, at + 1) < space.importedFunctions) places.push({ at, kind: 'host' });
        else calls = true;
        break;
      case 0x11: // callIndirect
        calls = true;
        break;
      case 0xfc: // prefix
        if (bulkOpcodes.has(numberAt(body, at + 1))) places.push({ at, kind: 'bulk' });
        break;
    }
  }
  if (next > body.length) throw refused('ends too early');
  return calls ? [{ at: entry, kind: 'entry' }, ...places] : places;
}
