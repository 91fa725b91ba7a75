import { isObject, type JsonObject } from '../core/json.ts';
import { withoutReserved } from '../wire/reserved-meta.ts';
import type { CatalogTool } from './contract.ts';
import { exposeNames, type NamedItem, nameFault, type WithheldName } from './names.ts';
import type { ObservedPin, PinBook, ToolDefinition } from './pins.ts';
import type { KnownSchemas, ToolSchemas } from './tool-schemas.ts';

/** One tool of one server, with what is kept of it for as long as its definition stays the same. */
export interface ListedTool {
  readonly name: unknown;
  readonly definition: JsonObject;
  readonly pin: ObservedPin | undefined;
  readonly schemas: ToolSchemas;
}

export interface ToolView {
  readonly byName: ReadonlyMap<string, CatalogTool>;
  /** The same tools by `originKey`. */
  readonly byOrigin: ReadonlyMap<string, CatalogTool>;
  readonly withheld: readonly WithheldName[];
}

/** The tools whose definitions are worth remembering: one per usable name. */
export function pinnable(definitions: readonly JsonObject[]): readonly ToolDefinition[] {
  const counts = new Map<unknown, number>();
  for (const { name } of definitions) counts.set(name, (counts.get(name) ?? 0) + 1);
  return definitions.flatMap((definition) => {
    const { name } = definition;
    const isUsable = typeof name === 'string' && nameFault(name) === undefined;
    return isUsable && counts.get(name) === 1 ? [{ name, definition }] : [];
  });
}

/** A tool that is as it was keeps its compiled schemas, for whatever pool it is listed. */
export function listedTools(
  definitions: readonly JsonObject[],
  pins: ReadonlyMap<string, ObservedPin>,
  known: KnownSchemas,
): readonly ListedTool[] {
  return definitions.map((definition) => {
    const { name } = definition;
    const pin = typeof name === 'string' ? pins.get(name) : undefined;
    return { name, definition, pin, schemas: known.of(pin?.digest, definition) };
  });
}

/** A tool's server and the server's own name for it; no server's key has a slash. */
export function originKey(server: string, name: string): string {
  return `${server}/${name}`;
}

export function toolView(tools: readonly (ListedTool & NamedItem)[], pins: PinBook): ToolView {
  const { exposed, withheld } = exposeNames(tools);
  const byName = new Map(
    [...exposed].map(([exposedName, tool]) => [exposedName, catalogTool(tool, exposedName, pins)]),
  );
  const byOrigin = new Map(
    [...byName.values()].map((tool) => [originKey(tool.server, tool.name), tool]),
  );
  return { byName, byOrigin, withheld };
}

function catalogTool(
  tool: ListedTool & { readonly server: string; readonly name: string },
  exposedName: string,
  pins: PinBook,
): CatalogTool {
  const { server, name, definition, schemas } = tool;
  const { annotations } = definition;
  const pin = tool.pin ?? { digest: '', state: 'unknown' };
  return {
    server,
    name,
    exposedName,
    definition: { ...withoutReserved(definition), name: exposedName },
    annotations: isObject(annotations) ? annotations : {},
    pin: pin.digest,
    // What was pinned once stays so for this definition; for the rest an operator may have said yes since.
    get pinState() {
      return pin.state === 'pinned' ? 'pinned' : pins.state(server, name, pin.digest);
    },
    fault: schemas.check,
    output: schemas.output,
  };
}
