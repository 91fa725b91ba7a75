import type { JsonObject } from '../core/json.ts';
import { withoutReserved } from '../wire/reserved-meta.ts';
import type { CatalogItem } from './contract.ts';
import { exposeNames, type NamedItem, type WithheldName } from './names.ts';

export interface PromptView {
  readonly byName: ReadonlyMap<string, CatalogItem>;
  readonly withheld: readonly WithheldName[];
}

export function promptView(
  prompts: readonly (NamedItem & { readonly definition: JsonObject })[],
): PromptView {
  const { exposed, withheld } = exposeNames(prompts);
  const byName = new Map(
    [...exposed].map(([exposedName, { server, name, definition }]) => [
      exposedName,
      { server, name, definition: { ...withoutReserved(definition), name: exposedName } },
    ]),
  );
  return { byName, withheld };
}
