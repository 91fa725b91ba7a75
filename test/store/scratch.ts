import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { leafHash, rootOfLeaves } from '../../src/journal/merkle.ts';
import type { EntryDraft, Reader, Store } from '../../src/store/contract.ts';
import { type Database, loadDriver } from '../../src/store/driver.ts';
import { openStore, type StoreOptions } from '../../src/store/sqlite-store.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  let failure: unknown;
  for (const cleanup of cleanups.splice(0).reverse()) {
    try {
      await cleanup();
    } catch (error) {
      // The others run all the same, so that a broken test leaves no folder and no process.
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
});

/** Runs after the test, the last one first. */
export function atEnd(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

/** A state folder that does not exist yet. */
export function scratchFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), 'mcp-gate-store-'));
  atEnd(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, 'state');
}

export function openScratch(dir: string, options: Partial<StoreOptions> = {}): Store {
  const store = openStore({ dir, durability: 'power', clock: () => 1_000, ...options });
  atEnd(() => store.close());
  return store;
}

/** A connection beside the store, as another process would have one. */
export function openBeside(dir: string): Database {
  const { DatabaseSync } = loadDriver();
  const database = new DatabaseSync(join(dir, 'gate.db'));
  atEnd(() => database.close());
  return database;
}

export function decision(decisionId: string, fields: EntryDraft['fields'] = {}): EntryDraft {
  return { kind: 'decision', timeMs: 1_700_000_000_123, traceId: 'trace', decisionId, fields };
}

/** The journal is whole: places without gaps, and head and leaves as RFC 6962 makes them from the bodies. */
export function expectSound(reader: Reader, size: number): void {
  const entries = reader.journal.range(0, size + 1);
  const leaves = entries.map((entry) => leafHash(entry.body));
  expect(entries.map((entry) => entry.seq)).toEqual(Array.from({ length: size }, (_, at) => at));
  expect(entries.map((entry) => entry.leaf)).toEqual(leaves.map((leaf) => leaf.toString('hex')));
  expect(reader.journal.head()).toEqual({ size, root: rootOfLeaves(leaves).toString('hex') });
}
