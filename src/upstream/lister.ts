import { setTimeout as sleep } from 'node:timers/promises';
import { describe, GateError } from '../core/errors.ts';
import type { LiveCatalog } from './catalog.ts';
import type { Connection, ListKind } from './contract.ts';
import type { UpstreamLimits } from './limits.ts';
import { type Listing, listAll } from './listing.ts';
import type { PinBook } from './pins.ts';
import { pinnable } from './tools.ts';

export interface ListerOptions {
  readonly connection: Connection;
  readonly catalog: LiveCatalog;
  readonly pins: PinBook;
  readonly limits: UpstreamLimits;
  /** What went wrong with a listing; undefined once it went well. The list stays as it was. */
  readonly onFault: (kind: ListKind, reason: string | undefined) => void;
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

/** Keeps the catalog's part of one session up to date: one listing at a time, with a pause after each. */
export class Lister {
  readonly #options: ListerOptions;
  readonly #due = new Set<ListKind>();
  #running = false;
  #stopped = false;

  constructor(options: ListerOptions) {
    this.#options = options;
  }

  /** Lists everything that the server declared, and resolves when all of it is in the catalog or has failed. */
  async listAll(): Promise<void> {
    const { connection } = this.#options;
    this.#running = true;
    await Promise.all(declaredKinds(connection).map((kind) => this.#list(kind)));
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
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#due.size > 0 && !this.#stopped) {
      const due = [...this.#due];
      this.#due.clear();
      await Promise.all(due.map((kind) => this.#list(kind)));
      await sleep(this.#options.limits.relistPauseMs, undefined, { ref: false });
    }
    this.#running = false;
  }

  async #list(kind: ListKind): Promise<void> {
    const { connection, limits, onFault } = this.#options;
    try {
      const listing = await listAll(connection, kind, limits);
      await this.#publish(kind, listing);
      if (!this.#stopped) onFault(kind, undefined);
    } catch (error) {
      if (this.#stopped) return;
      onFault(kind, describe(error));
      if (error instanceof GateError && error.code === 'upstream_timeout') this.#due.add(kind);
    }
  }

  async #publish(kind: ListKind, listing: Listing): Promise<void> {
    const { connection, catalog, pins, limits } = this.#options;
    const { server } = connection;
    if (kind !== 'tools') {
      if (!this.#stopped) catalog.setList(server, kind, listing);
      return;
    }
    const observed = await pins.observe(server, pinnable(listing.items));
    // The session may have ended meanwhile, and its tools have left the catalog.
    if (this.#stopped) return;
    catalog.setTools(server, listing, observed);
    if ([...observed.values()].some((pin) => pin.state === 'unknown')) {
      setTimeout(() => this.refresh(['tools']), limits.pinRetryMs).unref();
    }
  }
}
