import { hostCallSteps, maxLoadSteps } from './limits.ts';
import { type Place, placesOf } from './wasm-places.ts';
import { refused, WasmReader } from './wasm-reader.ts';
import {
  appended,
  elementsOf,
  readSections,
  type Section,
  sectionId,
  writeSections,
} from './wasm-sections.ts';
import { exportedNames, type IndexSpace, indexSpaceOf } from './wasm-space.ts';
import { type Bytes, joined, signed, sized, unsigned } from './wasm-writer.ts';

/** The exported global that holds the steps which are left; below 0 the module has trapped. */
export const fuelName = 'gate_fuel';

/**
 * The same module, except that every round of a loop, every call that leads further and every call of the host takes steps
 * from a global, and traps when none are left. The module cannot reach that global: it is valid without it. What it does
 * stays as it was, so the same input takes the same steps everywhere, but for the few (8 with OPA 1.18) that an instance
 * spends once on what it keeps. Throws `policy_invalid` for a module that is not
 * valid, has instructions that the gate does not know, or is metered.
 */
export function metered(wasm: Uint8Array): Uint8Array {
  if (!WebAssembly.validate(wasm)) throw refused('is not valid webassembly');
  const sections = readSections(wasm);
  if (exportedNames(sections).includes(fuelName))
    throw refused(`has an export "${fuelName}", which is the name of a global of the gate`);
  const space = indexSpaceOf(sections);
  const fuel = unsigned(space.globals);
  const scratch = unsigned(space.globals + 1);
  const withGlobals = appended(sections, sectionId.global, [
    mutableI32(maxLoadSteps),
    mutableI32(0),
  ]);
  const name = new TextEncoder().encode(fuelName);
  const withExport = appended(withGlobals, sectionId.export, [
    joined([sized([name]), [exportedGlobal], fuel]),
  ]);
  return writeSections(withCode(withExport, space, chargesOf(fuel, scratch)));
}

const exportedGlobal = 0x03;

const i32 = { type: 0x7f, const: 0x41, lessSigned: 0x48, sub: 0x6b, shiftUnsigned: 0x76 } as const;
const get = 0x23;
const set = 0x24;
const end = 0x0b;
const trapIf = [0x04, 0x40, 0x00, end];

function mutableI32(value: number): Bytes {
  return [i32.type, 0x01, i32.const, ...signed(value), end];
}

type Charges = Readonly<Record<Place['kind'], Uint8Array>>;

/** Fuel never wraps around: it is not negative before, and no charge is above 2 ** 30. */
function chargesOf(fuel: readonly number[], scratch: readonly number[]): Charges {
  const charge = (steps: readonly number[]) =>
    Uint8Array.of(
      ...[get, ...fuel, ...steps, i32.sub, set, ...fuel],
      ...[get, ...fuel, i32.const, 0, i32.lessSigned, ...trapIf],
    );
  const one = charge([i32.const, ...signed(1)]);
  const quarter = [get, ...scratch, i32.const, 2, i32.shiftUnsigned];
  return {
    entry: one,
    round: one,
    host: charge([i32.const, ...signed(hostCallSteps)]),
    bulk: joined([[set, ...scratch], charge(quarter), [get, ...scratch]]),
  };
}

function withCode(
  sections: readonly Section[],
  space: IndexSpace,
  charges: Charges,
): readonly Section[] {
  return sections.map((section) => {
    if (section.id !== sectionId.code) return section;
    const { count, reader } = elementsOf(sections, sectionId.code);
    const bodies: Uint8Array[] = [];
    while (bodies.length < count) bodies.push(charged(reader.sized(), space, charges));
    if (!reader.done) throw refused('has more code than functions');
    return { ...section, body: joined([unsigned(count), ...bodies]) };
  });
}

function charged(body: Uint8Array, space: IndexSpace, charges: Charges): Uint8Array {
  const reader = new WasmReader(body);
  const parts = placesOf(body, space).flatMap(({ at, kind }) => [
    reader.take(at - reader.at),
    charges[kind],
  ]);
  return sized([...parts, reader.rest()]);
}
