import { legacyTool, modernTool, taskTool } from '../bridge/list-item.ts';
import type { JsonObject } from '../core/json.ts';
import type { Identity, Session } from '../core/tool-call.ts';
import type { Catalog, CatalogItem, ListKind } from '../upstream/contract.ts';
import type { Era } from '../wire/eras.ts';

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

/** Who looks at a list. */
export interface Viewer {
  readonly era: Era;
  readonly identity: Identity;
  readonly client: Session['client'];
  /** Its calls may be tasks of the core protocol. */
  readonly takesTasks?: boolean;
}

/** Lets through what policy would show this viewer; `key` changes whenever its answers may. */
export interface Visibility {
  key(): string;
  filter(
    kind: ListKind,
    items: readonly CatalogItem[],
    viewer: Viewer,
  ): Promise<readonly CatalogItem[]>;
}

/** The first list waits this long for servers that are still starting; later arrivals send `list_changed`. */
export const settleLimitMs = 15_000;

/** Changes are told to whoever listens; everybody else asks again after this. */
const listTtlMs = 5_000;

/** Of one catalog: viewers that differ see lists that differ. */
const textsLimit = 100;

interface Written {
  readonly key: string;
  readonly text: Promise<string>;
}

/**
 * The texts of the lists, each written anew only when an upstream or the policy has changed it: a thousand tools cost
 * milliseconds. Clients that share servers and are the same to policy share the text.
 */
export class ListTexts {
  readonly #visibility: Visibility;
  readonly #texts = new WeakMap<Catalog, Map<string, Written>>();

  constructor(visibility: Visibility) {
    this.#visibility = visibility;
  }

  async textOf(method: string, catalog: Catalog, viewer: Viewer): Promise<string> {
    const kind = kinds[method];
    if (kind === undefined) return '{}';
    await catalog.settled(settleLimitMs);
    const texts = this.#of(catalog);
    const { era, identity, client, takesTasks = false } = viewer;
    const { scope, claims = null } = identity;
    const place = JSON.stringify([
      kind,
      era,
      takesTasks,
      scope,
      claims,
      client.name,
      client.version,
    ]);
    const key = `${catalog.revision} ${this.#visibility.key()}`;
    const known = texts.get(place);
    // The one that was used last stands last.
    texts.delete(place);
    const written = known?.key === key ? known : { key, text: this.#write(kind, catalog, viewer) };
    texts.set(place, written);
    for (const oldest of texts.keys()) if (texts.size > textsLimit) texts.delete(oldest);
    try {
      return await written.text;
    } catch (thrown) {
      if (texts.get(place) === written) texts.delete(place);
      throw thrown;
    }
  }

  #of(catalog: Catalog): Map<string, Written> {
    const known = this.#texts.get(catalog);
    if (known !== undefined) return known;
    const texts = new Map<string, Written>();
    this.#texts.set(catalog, texts);
    return texts;
  }

  async #write(kind: ListKind, catalog: Catalog, viewer: Viewer): Promise<string> {
    const shown = await this.#visibility.filter(kind, catalog.list(kind), viewer);
    const spoken = kind === 'tools' ? toolWords(viewer) : unchanged;
    return JSON.stringify({
      ...envelopes[viewer.era],
      [kind]: shown.map(({ definition }) => spoken(definition)),
    });
  }
}

function toolWords({ era, takesTasks }: Viewer): (definition: JsonObject) => JsonObject {
  return takesTasks === true ? taskTool : definitions[era];
}

const definitions: Readonly<Record<Era, (definition: JsonObject) => JsonObject>> = {
  legacy: legacyTool,
  modern: modernTool,
};

const envelopes: Readonly<Record<Era, JsonObject>> = {
  legacy: {},
  // Lists are filtered for each caller: nobody may share them.
  modern: { resultType: 'complete', ttlMs: listTtlMs, cacheScope: 'private' },
};

function unchanged(definition: JsonObject): JsonObject {
  return definition;
}

/** Which lists one client has, so that a change of them is news. */
export class KnownLists {
  readonly #known = new Set<ListKind>();

  add(method: string): void {
    const kind = kinds[method];
    if (kind !== undefined) this.#known.add(kind);
  }

  has(kind: ListKind): boolean {
    return this.#known.has(kind);
  }
}
