import { type Frontier, pushLeaf, rootOf, rootOfLeaves } from '../journal/merkle.ts';
import type { Connection } from './connection.ts';
import type { EntryDraft, EntryKind, Head, LedgerId } from './contract.ts';
import { bytes, integer } from './row.ts';
import { type SealedEntry, sealEntry } from './seal-entry.ts';
import { TileLeaves, tileWidth } from './tile-leaves.ts';

interface Tail {
  readonly size: number;
  readonly frontier: Frontier;
}

/** What an entry is found by. */
interface EntryIndex {
  readonly kind: EntryKind;
  readonly timeMs: number;
  readonly traceId?: string | undefined;
  readonly decisionId?: string | undefined;
}

/**
 * The end of the journal within one transaction: read from the database when first needed, written back once by
 * `flush`, and forgotten by `restart` when the next transaction begins, so that memory never runs ahead of the disk.
 */
export class Ledger {
  readonly #connection: Connection;
  #stored: Tail | undefined;
  #tail: Tail | undefined;
  readonly #leaves = new TileLeaves();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  restart(): void {
    if (this.#tail !== this.#stored) this.#leaves.forget();
    this.#stored = undefined;
    this.#tail = undefined;
  }

  append(draft: EntryDraft): LedgerId {
    const sealed = sealEntry(draft);
    return { seq: this.insert(draft, sealed), leaf: sealed.leaf.toString('hex') };
  }

  /** Returns the place of the entry. */
  insert({ kind, timeMs, traceId, decisionId }: EntryIndex, { body, leaf }: SealedEntry): number {
    const { size, frontier } = this.#read();
    this.#connection.run(
      'insertEntry',
      size,
      timeMs,
      kind,
      traceId ?? null,
      decisionId ?? null,
      body,
      leaf,
    );
    this.#tail = { size: size + 1, frontier: pushLeaf(frontier, size, leaf) };
    this.#leaves.add(size, leaf);
    if ((size + 1) % tileWidth === 0) this.#addTiles(size + 1, tileRoot(frontier, leaf));
    return size;
  }

  head(): Head {
    const { size, frontier } = this.#read();
    return { size, root: rootOf(frontier).toString('hex') };
  }

  /** Runs `part`; when it throws, what it appended never was. */
  nest<T>(part: () => T): T {
    const before = this.#tail;
    try {
      return part();
    } catch (error) {
      this.#tail = before;
      this.#leaves.forget();
      throw error;
    }
  }

  flush(): void {
    if (this.#tail === undefined || this.#tail === this.#stored) return;
    const { size, frontier } = this.#tail;
    const root = rootOf(frontier);
    this.#connection.run('setHead', size, Buffer.concat(frontier), root);
    this.#stored = this.#tail;
    this.#leaves.leaveAt(size, root);
  }

  #read(): Tail {
    if (this.#tail !== undefined) return this.#tail;
    const row = this.#connection.get('head') ?? {};
    this.#stored = { size: integer(row, 'size'), frontier: split(bytes(row, 'frontier')) };
    this.#tail = this.#stored;
    this.#leaves.goOnAt(this.#stored.size, bytes(row, 'root'));
    return this.#tail;
  }

  /** Full tiles are kept beside the leaves: proofs and exports read 8 KiB instead of 256 entries. */
  #addTiles(size: number, firstRoot: Buffer): void {
    let position = size / tileWidth - 1;
    for (let level = 0; Number.isInteger(position); level += 1) {
      const hashes = level === 0 ? this.#leavesOf(position) : this.#rootsOf(level, position);
      const root = level === 0 ? firstRoot : rootOfLeaves(hashes);
      this.#connection.run('insertTile', level, position, Buffer.concat(hashes), root);
      position = (position + 1) / tileWidth - 1;
    }
  }

  #leavesOf(position: number): readonly Buffer[] {
    const first = position * tileWidth;
    const known = this.#leaves.from(first);
    if (known !== undefined) return known;
    return this.#connection.all('leavesFrom', first, tileWidth).map((row) => bytes(row, 'leaf'));
  }

  #rootsOf(level: number, position: number): readonly Buffer[] {
    const rows = this.#connection.all('tileRootsFrom', level - 1, position * tileWidth, tileWidth);
    return rows.map((row) => bytes(row, 'root'));
  }
}

/** The root of the tile that `leaf` completes: its other leaves are the last subtrees of the frontier, 128 to 1 wide. */
function tileRoot(frontier: Frontier, leaf: Buffer): Buffer {
  return rootOf([...frontier.slice(-Math.log2(tileWidth)), leaf]);
}

function split(frontier: Buffer): Frontier {
  return Array.from({ length: frontier.length / 32 }, (_, at) =>
    frontier.subarray(at * 32, at * 32 + 32),
  );
}
