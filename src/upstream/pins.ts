import { canonical } from '../core/canonical.ts';
import type { Clock } from '../core/clock.ts';
import { digestOf } from '../core/digest.ts';
import type { JsonObject } from '../core/json.ts';
import type { EntryKind, PinRow, Store, Tx } from '../store/contract.ts';
import { PinBudget } from './pin-budget.ts';

export type PinState = 'pinned' | 'changed' | 'unknown';

export interface ToolDefinition {
  readonly name: string;
  /** As the server gave it. */
  readonly definition: JsonObject;
}

export interface ObservedPin {
  readonly digest: string;
  readonly state: PinState;
}

/**
 * What each tool's definition was when it was first seen, or last accepted. A definition that differs is `changed` until
 * somebody accepts it; without the store nothing is known of any tool, and the digests are all that `observe` can say.
 * `observe` never rejects; `accept` does, with `store_unavailable`. A server that has used up its budget of new and changed
 * definitions for this hour gets no pin for further ones: they are missing in the answer, and nobody may call such a tool.
 */
export interface PinBook {
  /** One transaction for all tools of a server, and none when nothing is new. */
  observe(
    server: string,
    tools: readonly ToolDefinition[],
  ): Promise<ReadonlyMap<string, ObservedPin>>;
  /** The state by now: an operator may have accepted a definition from another process. */
  state(server: string, tool: string, digest: string): PinState;
  /** Accepts the changed definitions of a server, or of one of its tools; the names of those that there were. */
  accept(server: string, tool: string | undefined): Promise<readonly string[]>;
  list(): readonly PinRow[];
}

/** Entries of one server in the journal within an hour. */
const entriesPerHour = 2_000;

export function createPinBook(
  store: Store,
  gateKey: string,
  clock: Clock,
  budget: PinBudget = new PinBudget(entriesPerHour),
): PinBook {
  return new StoredPinBook(store, gateKey, clock, budget);
}

type Digests = ReadonlyMap<string, string>;

class StoredPinBook implements PinBook {
  readonly #store: Store;
  readonly #gate: string;
  readonly #clock: Clock;
  readonly #budget: PinBudget;

  constructor(store: Store, gate: string, clock: Clock, budget: PinBudget) {
    this.#store = store;
    this.#gate = gate;
    this.#clock = clock;
    this.#budget = budget;
  }

  async observe(
    server: string,
    tools: readonly ToolDefinition[],
  ): Promise<ReadonlyMap<string, ObservedPin>> {
    const digests = new Map(tools.map((each) => [each.name, definitionDigest(each.definition)]));
    let taken = 0;
    try {
      const news = [...digests].filter(
        ([tool, digest]) => !isKnown(this.#row(server, tool), digest),
      );
      const costly = news.filter(([tool, digest]) => this.#row(server, tool)?.digest !== digest);
      taken = this.#budget.take(server, costly.length, this.#clock());
      const refused = new Set(costly.slice(taken).map(([tool]) => tool));
      const recorded = new Map(news.filter(([tool]) => !refused.has(tool)));
      if (recorded.size > 0) {
        await this.#store.write('decision', (tx) => this.#record(tx, server, recorded));
      }
      for (const tool of refused) digests.delete(tool);
    } catch {
      this.#budget.giveBack(server, taken);
      // Without the store nothing can be compared: the state says so, and policy decides what that is worth.
      return observed(digests, () => 'unknown');
    }
    return observed(digests, (tool, digest) => this.state(server, tool, digest));
  }

  // One row by its key: tools that are not pinned are asked about at every call, and a server has a say in how many there are.
  state(server: string, tool: string, digest: string): PinState {
    try {
      const row = this.#row(server, tool);
      if (row === undefined) return 'unknown';
      return row.digest === digest ? 'pinned' : 'changed';
    } catch {
      return 'unknown';
    }
  }

  async accept(server: string, tool: string | undefined): Promise<readonly string[]> {
    return this.#store.write('decision', (tx) => {
      const changed = tx
        .pins(this.#gate)
        .filter((row) => row.server === server && (tool === undefined || row.tool === tool))
        .filter((row) => row.changedDigest !== undefined);
      for (const row of changed) this.#acceptRow(tx, row);
      return changed.map((row) => row.tool);
    });
  }

  list(): readonly PinRow[] {
    return this.#store.pins(this.#gate);
  }

  #row(server: string, tool: string): PinRow | undefined {
    return this.#store.pin(this.#gate, server, tool);
  }

  #record(tx: Tx, server: string, digests: Digests): void {
    for (const [tool, digest] of digests) {
      const row = tx.pin(this.#gate, server, tool);
      if (isKnown(row, digest)) continue;
      const seenMs = this.#clock();
      if (row === undefined) {
        tx.putPin({ gate: this.#gate, server, tool, digest, changedDigest: undefined, seenMs });
        this.#append(tx, 'pin.added', { server, tool, pinned: digest });
      } else if (row.digest === digest) {
        tx.putPin({ ...row, changedDigest: undefined, seenMs });
      } else {
        tx.putPin({ ...row, changedDigest: digest, seenMs });
        this.#append(tx, 'pin.changed', { server, tool, pinned: row.digest, seen: digest });
      }
    }
  }

  #acceptRow(tx: Tx, row: PinRow): void {
    const { server, tool, digest, changedDigest } = row;
    if (changedDigest === undefined) return;
    tx.putPin({ ...row, digest: changedDigest, changedDigest: undefined, seenMs: this.#clock() });
    this.#append(tx, 'pin.accepted', { server, tool, pinned: changedDigest, before: digest });
  }

  #append(tx: Tx, kind: EntryKind, fields: JsonObject): void {
    tx.append({ kind, timeMs: this.#clock(), fields });
  }
}

/** True when the store already says all there is to say about a tool with this digest. */
function isKnown(row: PinRow | undefined, digest: string): boolean {
  if (row === undefined) return false;
  return row.digest === digest ? row.changedDigest === undefined : row.changedDigest === digest;
}

function observed(
  digests: Digests,
  state: (tool: string, digest: string) => PinState,
): ReadonlyMap<string, ObservedPin> {
  return new Map(
    [...digests].map(([tool, digest]) => [tool, { digest, state: state(tool, digest) }]),
  );
}

function definitionDigest(definition: JsonObject): string {
  return digestOf(canonical(definition));
}
