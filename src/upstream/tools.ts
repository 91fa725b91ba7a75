import { isObject, type JsonObject } from '../core/json.ts';
import { withoutReserved } from '../wire/reserved-meta.ts';
import type { ArgumentChecks } from './argument-checks.ts';
import type { CatalogTool } from './contract.ts';
import type { ArgumentCheck } from './input-schema.ts';
import { exposeNames, type NamedItem, nameFault, type WithheldName } from './names.ts';
import type { ObservedPin, PinBook, ToolDefinition } from './pins.ts';

/** One tool of one server, with what is kept of it for as long as its definition stays the same. */
export interface ListedTool {
  readonly name: unknown;
  readonly definition: JsonObject;
  readonly pin: ObservedPin | undefined;
  readonly check: ArgumentCheck;
}

export interface ToolView {
  readonly byName: ReadonlyMap<string, CatalogTool>;
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

/** A tool that is as it was keeps its compiled schema, for whatever pool it is listed. */
export function listedTools(
  definitions: readonly JsonObject[],
  pins: ReadonlyMap<string, ObservedPin>,
  checks: ArgumentChecks,
): readonly ListedTool[] {
  return definitions.map((definition) => {
    const { name } = definition;
    const pin = typeof name === 'string' ? pins.get(name) : undefined;
    const check = checks.of(pin?.digest, definition['inputSchema']);
    return { name, definition, pin, check };
  });
}

export function toolView(tools: readonly (ListedTool & NamedItem)[], pins: PinBook): ToolView {
  const { exposed, withheld } = exposeNames(tools);
  const byName = new Map(
    [...exposed].map(([exposedName, tool]) => [exposedName, catalogTool(tool, exposedName, pins)]),
  );
  return { byName, withheld };
}

function catalogTool(
  tool: ListedTool & { readonly server: string; readonly name: string },
  exposedName: string,
  pins: PinBook,
): CatalogTool {
  const { server, name, definition, check } = tool;
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
    fault: check,
  };
}
