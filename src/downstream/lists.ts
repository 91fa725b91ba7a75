import type { Catalog, CatalogItem, ListKind } from '../upstream/contract.ts';

/** Which list a method asks for; the kind is also the member of the result that carries it. */
const kinds: Readonly<Record<string, ListKind>> = {
  'tools/list': 'tools',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
  'prompts/list': 'prompts',
};

/** The notification that tells of a change of a list. */
export const changedMethods: Readonly<Record<ListKind, string>> = {
  tools: 'notifications/tools/list_changed',
  resources: 'notifications/resources/list_changed',
  resourceTemplates: 'notifications/resources/list_changed',
  prompts: 'notifications/prompts/list_changed',
};

/** Lets through what policy would show; `key` changes whenever its answers may. */
export interface Visibility {
  key(): string;
  filter(kind: ListKind, items: readonly CatalogItem[]): Promise<readonly CatalogItem[]>;
}

/** The first list waits this long for servers that are still starting; later arrivals send `list_changed`. */
export const settleLimitMs = 15_000;

/**
 * The text of a list's result, written anew only when an upstream or the policy has changed it: a thousand tools cost
 * milliseconds.
 */
export function createLists(catalog: Catalog, visibility: Visibility) {
  const written = new Map<string, { readonly key: string; readonly text: string }>();
  const textOf = async (method: string): Promise<string> => {
    const kind = kinds[method];
    if (kind === undefined) return '{}';
    await catalog.settled(settleLimitMs);
    const key = `${catalog.revision} ${visibility.key()}`;
    const known = written.get(method);
    if (known?.key === key) return known.text;
    const shown = await visibility.filter(kind, catalog.list(kind));
    const text = JSON.stringify({ [kind]: shown.map((item) => item.definition) });
    written.set(method, { key, text });
    return text;
  };
  return {
    textOf,
    /** Whether the client has this list, so that a change of it is news. */
    isKnown: (kind: ListKind) => [...written.keys()].some((method) => kinds[method] === kind),
  };
}

export type Lists = ReturnType<typeof createLists>;
