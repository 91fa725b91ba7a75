/** A tile holds this many hashes (C2SP tlog-tiles). */
export const tileWidth = 256;

/**
 * The newest leaves, as far as this process appended them itself one after another: a tile is mostly made of them, and need
 * not read its entries back. What they were appended to is checked by its root whenever the journal is read anew, so what
 * another process put in between, or a commit that failed, makes them forgotten.
 */
export class TileLeaves {
  /** By their place in a tile; those of the last tile are overwritten by the next. */
  readonly #leaves: Buffer[] = [];
  #since = Number.POSITIVE_INFINITY;
  #size = 0;
  #root: Buffer | undefined;

  add(index: number, leaf: Buffer): void {
    this.#leaves[index % tileWidth] = leaf;
  }

  /** Where the journal will stand once the transaction is committed. */
  leaveAt(size: number, root: Buffer): void {
    this.#size = size;
    this.#root = root;
  }

  /** Where the journal stands. */
  goOnAt(size: number, root: Buffer): void {
    const isSame = size === this.#size && this.#root?.equals(root) === true;
    if (!isSame || this.#since > size) this.#since = size;
  }

  /** Something that was added was taken back: nothing is known until the journal is read again. */
  forget(): void {
    this.#since = Number.POSITIVE_INFINITY;
  }

  /** The leaves of the tile that has just been filled; undefined when they are not all known. */
  from(first: number): readonly Buffer[] | undefined {
    return this.#since <= first ? this.#leaves.slice() : undefined;
  }
}
