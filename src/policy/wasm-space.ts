import { refused, type WasmReader } from './wasm-reader.ts';
import { elementsOf, type Section, sectionId } from './wasm-sections.ts';

/** What instructions may name by index: the imported ones come first. */
export interface IndexSpace {
  readonly importedFunctions: number;
  readonly globals: number;
}

export function indexSpaceOf(sections: readonly Section[]): IndexSpace {
  const { count, reader } = elementsOf(sections, sectionId.import);
  let importedFunctions = 0;
  let { count: globals } = elementsOf(sections, sectionId.global);
  for (let at = 0; at < count; at += 1) {
    const kind = skipImport(reader);
    if (kind === external.function) importedFunctions += 1;
    if (kind === external.global) globals += 1;
  }
  return { importedFunctions, globals };
}

export function exportedNames(sections: readonly Section[]): readonly string[] {
  const { count, reader } = elementsOf(sections, sectionId.export);
  const names: string[] = [];
  for (let at = 0; at < count; at += 1) {
    names.push(Buffer.from(reader.sized()).toString('utf8'));
    reader.byte();
    reader.u32();
  }
  return names;
}

const external = { function: 0, table: 1, memory: 2, global: 3 } as const;

function skipImport(reader: WasmReader): number {
  reader.sized();
  reader.sized();
  const kind = reader.byte();
  if (kind === external.function) reader.u32();
  else if (kind === external.global) reader.take(2);
  else if (kind === external.memory) skipLimits(reader);
  else if (kind === external.table) {
    reader.byte();
    skipLimits(reader);
  } else throw refused(`has an import of the unknown kind ${kind}`);
  return kind;
}

function skipLimits(reader: WasmReader): void {
  const kind = reader.byte();
  if (kind > 1) throw refused('has a memory or table of an unknown kind');
  reader.u32();
  if (kind === 1) reader.u32();
}
