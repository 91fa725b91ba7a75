import { refused, WasmReader } from './wasm-reader.ts';
import { type Bytes, joined, sized, unsigned } from './wasm-writer.ts';

/** A part of a module; the body of every one that is looked into here is a vector: a count and its elements. */
export interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

export const sectionId = { custom: 0, import: 2, global: 6, export: 7, code: 10 } as const;

const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** In a module each stands at most once and in this order; custom sections stand anywhere. */
const order = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];

export function readSections(wasm: Uint8Array): readonly Section[] {
  const reader = new WasmReader(wasm);
  if (magic.some((byte) => reader.byte() !== byte)) throw refused('is not webassembly 1');
  const sections: Section[] = [];
  let last = -1;
  while (!reader.done) {
    const id = reader.byte();
    const rank = id === sectionId.custom ? last : order.indexOf(id);
    if (rank < last || (rank === last && id !== sectionId.custom))
      throw refused(`has the unknown or misplaced section ${id}`);
    last = rank;
    sections.push({ id, body: reader.sized() });
  }
  return sections;
}

export function writeSections(sections: readonly Section[]): Uint8Array {
  return joined([magic, ...sections.flatMap(({ id, body }) => [[id], sized([body])])]);
}

/** How many elements a section has, and a reader that stands before the first. */
export function elementsOf(sections: readonly Section[], id: number) {
  const found = sections.find((section) => section.id === id);
  const reader = new WasmReader(found?.body ?? new Uint8Array([0]));
  return { count: reader.u32(), reader };
}

/** With more elements at the end of a section, which is made where it belongs if there is none. */
export function appended(
  sections: readonly Section[],
  id: number,
  elements: readonly Bytes[],
): readonly Section[] {
  const { count, reader } = elementsOf(sections, id);
  const body = joined([unsigned(count + elements.length), reader.rest(), ...elements]);
  const others = sections.filter((section) => section.id !== id);
  const at = others.findIndex((other) => order.indexOf(other.id) > order.indexOf(id));
  const place = at === -1 ? others.length : at;
  return [...others.slice(0, place), { id, body }, ...others.slice(place)];
}
