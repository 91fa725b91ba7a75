import { setTimeout as sleep } from 'node:timers/promises';
import { describe, GateError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { LiveCatalog } from './catalog.ts';
import type { Connection, ListKind } from './contract.ts';
import type { UpstreamLimits } from './limits.ts';
import { type Listing, listAll } from './listing.ts';
import type { PinBook } from './pins.ts';
import { RelistPace } from './relist-pace.ts';
import { pinnable } from './tools.ts';

export interface ListerOptions {
  readonly connection: Connection;
  /** What every request to a modern server must carry; undefined towards a legacy one. */
  readonly envelope: JsonObject | undefined;
  readonly catalog: LiveCatalog;
  readonly pins: PinBook;
  readonly limits: UpstreamLimits;
  /** What went wrong with a listing; undefined once it went well. The list stays as it was. */
  readonly onFault: (kind: ListKind, reason: string | undefined) => void;
  /** There is more than was taken, and why. */
  readonly onCut: (kind: ListKind, reason: string) => void;
}

const kindsOf: Readonly<Record<string, readonly ListKind[]>> = {
  tools: ['tools'],
  prompts: ['prompts'],
  resources: ['resources', 'resourceTemplates'],
};

/** The kinds that a server with these capabilities lists. */
function declaredKinds(connection: Connection): readonly ListKind[] {
  return Object.entries(kindsOf).flatMap(([capability, kinds]) =>
    connection.capabilities[capability] === undefined ? [] : kinds,
  );
}

/** The kinds that a `list_changed` notification is about; undefined for all other methods. */
export function changedKinds(method: string): readonly ListKind[] | undefined {
  const [, kind] = /^notifications\/(tools|prompts|resources)\/list_changed$/.exec(method) ?? [];
  return kind === undefined ? undefined : kindsOf[kind];
}

/** Keeps the catalog's part of one session up to date: one listing at a time, with a pause before each but the first. */
export class Lister {
  readonly #options: ListerOptions;
  readonly #due = new Set<ListKind>();
  readonly #pace: RelistPace;
  #running = false;
  #stopped = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: ListerOptions) {
    this.#options = options;
    this.#pace = new RelistPace(options.limits);
  }

  /** Lists everything that the server declared, and resolves when all of it is in the catalog or has failed. */
  async listAll(): Promise<void> {
    const { connection } = this.#options;
    this.#running = true;
    await Promise.all(declaredKinds(connection).map((kind) => this.#list(kind)));
    this.#pace.listed();
    this.#running = false;
    void this.#run();
  }

  refresh(kinds: readonly ListKind[]): void {
    const declared = declaredKinds(this.#options.connection);
    for (const kind of kinds) if (declared.includes(kind)) this.#due.add(kind);
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#due.size > 0 && !this.#stopped) {
      await sleep(this.#pace.waitMs(), undefined, { ref: false });
      if (this.#stopped) break;
      const due = [...this.#due];
      this.#due.clear();
      await Promise.all(due.map((kind) => this.#list(kind)));
      this.#pace.listed();
    }
    this.#running = false;
  }

  async #list(kind: ListKind): Promise<void> {
    const { connection, envelope, limits, onFault } = this.#options;
    try {
      const listing = await listAll(connection, kind, limits, envelope);
      await this.#publish(kind, listing);
      if (!this.#stopped) onFault(kind, undefined);
    } catch (error) {
      if (this.#stopped) return;
      onFault(kind, describe(error));
      if (error instanceof GateError && error.code === 'upstream_timeout') this.#due.add(kind);
    }
  }

  async #publish(kind: ListKind, listing: Listing): Promise<void> {
    const { connection, catalog, onCut } = this.#options;
    if (kind === 'tools') return this.#publishTools(listing);
    if (this.#stopped) return;
    catalog.setList(connection.server, kind, listing);
    if (listing.cut !== undefined) onCut(kind, listing.cut);
  }

  async #publishTools(listing: Listing): Promise<void> {
    const { connection, catalog, pins, limits, onCut } = this.#options;
    const { server } = connection;
    const tools = pinnable(listing.items);
    const observed = await pins.observe(server, tools);
    // The session may have ended meanwhile, and its tools have left the catalog.
    if (this.#stopped) return;
    const unrecorded = new Set(tools.flatMap(({ name }) => (observed.has(name) ? [] : name)));
    const shown = without(listing, unrecorded);
    catalog.setTools(server, shown, observed);
    if (shown.cut !== undefined) onCut('tools', shown.cut);
    if ([...observed.values()].some((pin) => pin.state === 'unknown')) {
      this.#later(limits.pinRetryMs);
    } else if (unrecorded.size > 0) {
      this.#later(limits.pinWithheldMs);
    }
  }

  #later(delayMs: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.refresh(['tools']), delayMs);
    this.#retry.unref();
  }
}

/** A definition that is not on record could be any: its tool is not shown. */
function without({ items, cut }: Listing, names: ReadonlySet<unknown>): Listing {
  if (names.size === 0) return { items, cut };
  const reason =
    'more of them are new or changed than may be recorded in an hour, those are withheld';
  return {
    items: items.filter((item) => !names.has(item['name'])),
    cut: cut === undefined ? reason : `${cut}; ${reason}`,
  };
}
