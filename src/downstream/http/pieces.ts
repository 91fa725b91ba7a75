/** A piece of one byte costs hundreds: so many of them, and they are joined as they come. */
const manyPieces = 1024;

/** The pieces of a body in order; what they cost beside their bytes is bounded. */
export class Pieces {
  #joined: Buffer[] = [];
  #latest: Buffer[] = [];

  add(piece: Buffer): void {
    this.#latest.push(piece);
    if (this.#latest.length < manyPieces) return;
    this.#joined.push(Buffer.concat(this.#latest));
    this.#latest = [];
  }

  get count(): number {
    return this.#joined.length + this.#latest.length;
  }

  /** All of them as one, copied only where there is more than one. */
  whole(): Buffer {
    const all = [...this.#joined, ...this.#latest];
    const [first] = all;
    return all.length === 1 && first !== undefined ? first : Buffer.concat(all);
  }
}
