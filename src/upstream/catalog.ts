import { digestOf } from '../core/digest.ts';
import type { JsonObject } from '../core/json.ts';
import {
  type Catalog,
  type CatalogItem,
  type CatalogTool,
  type ListKind,
  listKinds,
} from './contract.ts';
import type { Listing } from './listing.ts';
import type { NamedItem, WithheldName } from './names.ts';
import type { ObservedPin, PinBook } from './pins.ts';
import { type PromptView, promptView } from './prompts.ts';
import { ResourceRoutes, resourceView } from './resources.ts';
import { Settling } from './settling.ts';
import { KnownSchemas } from './tool-schemas.ts';
import { type ListedTool, listedTools, originKey, type ToolView, toolView } from './tools.ts';

export interface CatalogOptions {
  readonly servers: readonly { readonly key: string; readonly prefix: boolean }[];
  readonly pins: PinBook;
  /** Shared by all pools of a gate. */
  readonly schemas?: KnownSchemas;
  readonly onListChanged: (kind: ListKind) => void;
}

/** What one server has listed so far. */
interface ServerLists {
  readonly tools: readonly ListedTool[];
  readonly prompts: readonly JsonObject[];
  readonly resources: readonly JsonObject[];
  readonly resourceTemplates: readonly JsonObject[];
  readonly hasResources: boolean;
  /** Kinds of which there is more than was taken, and why. */
  readonly cuts: ReadonlyMap<ListKind, string>;
}

const nothing: ServerLists = {
  tools: [],
  prompts: [],
  resources: [],
  resourceTemplates: [],
  hasResources: false,
  cuts: new Map(),
};

/** The merged lists. Each is made anew as a whole when one server's part changes, in the order of the config. */
export class LiveCatalog implements Catalog {
  readonly #options: CatalogOptions;
  readonly #schemas: KnownSchemas;
  readonly #settling: Settling;
  readonly #lists = new Map<string, ServerLists>();
  readonly #fingerprints = new Map<ListKind, string>();
  #revision = 0;
  #tools: ToolView;
  #prompts: PromptView = promptView([]);
  #resources = resourceView([], 'uri');
  #templates = resourceView([], 'uriTemplate');
  #routes = new ResourceRoutes(this.#resources, this.#templates);

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.#schemas = options.schemas ?? new KnownSchemas();
    this.#tools = toolView([], options.pins);
    this.#settling = new Settling(options.servers.map((server) => server.key));
  }

  get revision(): number {
    return this.#revision;
  }

  settled(timeoutMs: number, isEnough: () => boolean = () => false): Promise<void> {
    return this.#settling.settled(timeoutMs, isEnough);
  }

  list(kind: ListKind): readonly CatalogItem[] {
    switch (kind) {
      case 'tools':
        return [...this.#tools.byName.values()];
      case 'prompts':
        return [...this.#prompts.byName.values()];
      case 'resources':
        return this.#resources.items;
      case 'resourceTemplates':
        return this.#templates.items;
    }
  }

  tool(exposedName: string): CatalogTool | undefined {
    return this.#tools.byName.get(exposedName);
  }

  toolOf(server: string, name: string): CatalogTool | undefined {
    return this.#tools.byOrigin.get(originKey(server, name));
  }

  prompt(exposedName: string): CatalogItem | undefined {
    return this.#prompts.byName.get(exposedName);
  }

  resourceServer(uri: string): string | undefined {
    const route = this.#routes.serverOf(uri);
    if (route !== 'unlisted') return route.server;
    const [only, ...others] = [...this.#lists].filter(([, lists]) => lists.hasResources);
    return others.length === 0 ? only?.[0] : undefined;
  }

  /** How many of a server's tools can be called. */
  toolCount(server: string): number {
    return [...this.#tools.byName.values()].filter((tool) => tool.server === server).length;
  }

  withheld(server: string): readonly WithheldName[] {
    const names = [this.#tools, this.#prompts, this.#resources, this.#templates]
      .flatMap((view) => view.withheld)
      .filter((each) => each.server === server);
    const cuts = [...(this.#lists.get(server)?.cuts ?? [])];
    return [...names, ...cuts.map(([kind, reason]) => ({ server, name: kind, reason }))];
  }

  /** The server has come so far that nobody needs to wait for it any longer. */
  settle(server: string): void {
    this.#settling.settle(server);
  }

  setTools(server: string, listing: Listing, pins: ReadonlyMap<string, ObservedPin>): void {
    const tools = listedTools(listing.items, pins, this.#schemas);
    this.#set(server, 'tools', { tools }, listing.cut);
  }

  setList(server: string, kind: Exclude<ListKind, 'tools'>, listing: Listing): void {
    this.#set(server, kind, { [kind]: listing.items }, listing.cut);
  }

  setCapabilities(server: string, capabilities: JsonObject): void {
    const hasResources = capabilities['resources'] !== undefined;
    this.#lists.set(server, { ...this.#of(server), hasResources });
  }

  remove(server: string): void {
    if (!this.#lists.delete(server)) return;
    for (const kind of listKinds) this.#merge(kind);
  }

  #of(server: string): ServerLists {
    return this.#lists.get(server) ?? nothing;
  }

  #set(
    server: string,
    kind: ListKind,
    change: Partial<ServerLists>,
    cut: string | undefined,
  ): void {
    const before = this.#of(server);
    const cuts = new Map(before.cuts);
    if (cut === undefined) cuts.delete(kind);
    else cuts.set(kind, cut);
    this.#lists.set(server, { ...before, ...change, cuts });
    this.#merge(kind);
  }

  #merge(kind: ListKind): void {
    const { pins } = this.#options;
    switch (kind) {
      case 'tools':
        this.#tools = toolView(
          this.#collect((lists) => lists.tools),
          pins,
        );
        break;
      case 'prompts':
        this.#prompts = promptView(this.#collect((lists) => lists.prompts.map(named)));
        break;
      case 'resources':
        this.#resources = resourceView(
          this.#collect((lists) => lists.resources.map(named)),
          'uri',
        );
        break;
      case 'resourceTemplates':
        this.#templates = resourceView(
          this.#collect((lists) => lists.resourceTemplates.map(named)),
          'uriTemplate',
        );
        break;
    }
    if (kind === 'resources' || kind === 'resourceTemplates') {
      this.#routes = new ResourceRoutes(this.#resources, this.#templates);
    }
    this.#announce(kind);
  }

  /** Only a list that is another than before is news. */
  #announce(kind: ListKind): void {
    const fingerprint = fingerprintOf(this.list(kind));
    if ((this.#fingerprints.get(kind) ?? fingerprintOf([])) === fingerprint) return;
    this.#fingerprints.set(kind, fingerprint);
    this.#revision += 1;
    this.#options.onListChanged(kind);
  }

  /** Everything of one kind with the server it comes from, in the order of the config. */
  #collect<T>(pick: (lists: ServerLists) => readonly T[]): readonly (T & Origin)[] {
    return this.#options.servers.flatMap(({ key, prefix }) =>
      pick(this.#of(key)).map((each) => ({ ...each, server: key, prefix })),
    );
  }
}

type Origin = Pick<NamedItem, 'server' | 'prefix'>;

function named(definition: JsonObject): {
  readonly name: unknown;
  readonly definition: JsonObject;
} {
  return { name: definition['name'], definition };
}

function fingerprintOf(items: readonly CatalogItem[]): string {
  return digestOf(JSON.stringify(items));
}
