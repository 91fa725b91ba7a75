/** The longest line that is read, without its line break. */
export const defaultLimitBytes = 64 * 1024 * 1024;

export interface LineSplitterOptions {
  /** Gets each line without its line break. The buffer may be a view of a chunk; nobody writes to it any more. */
  readonly onLine: (line: Buffer) => void;
  /** A line grew beyond the limit: `bytes` of it were seen so far, and all of it is dropped. Called once for it. */
  readonly onOverflow: (bytes: number) => void;
  readonly limitBytes?: number;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** As many pieces of a line are joined at once, so that a line sent byte by byte costs no buffer for every byte. */
const joinAt = 1024;

/**
 * Cuts a stream of chunks into lines; empty ones are left out. Each byte is searched once and copied at most once, but for
 * lines that come in more than a thousand pieces. Owns the chunks that it is given.
 */
export class LineSplitter {
  readonly #onLine: (line: Buffer) => void;
  readonly #onOverflow: (bytes: number) => void;
  readonly #limit: number;
  /** The start of a line whose end has not come yet. */
  #parts: Buffer[] = [];
  #unjoined = 0;
  #size = 0;
  #dropping = false;

  constructor(options: LineSplitterOptions) {
    this.#onLine = options.onLine;
    this.#onOverflow = options.onOverflow;
    this.#limit = options.limitBytes ?? defaultLimitBytes;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(lineFeed, start);
      if (end === -1) break;
      this.#add(chunk.subarray(start, end));
      this.#finish();
      start = end + 1;
    }
    if (start < chunk.length) this.#add(start === 0 ? chunk : chunk.subarray(start));
  }

  /** The stream is over: a last line without a line break counts, because many peers leave it out. */
  end(): void {
    this.#finish();
  }

  #add(part: Buffer): void {
    if (this.#dropping || part.length === 0) return;
    this.#size += part.length;
    // One byte more is kept, for the carriage return that may end the line.
    if (this.#size > this.#limit + 1) {
      this.#drop();
      return;
    }
    this.#parts.push(part);
    this.#unjoined += 1;
    if (this.#unjoined < joinAt) return;
    this.#parts.push(Buffer.concat(this.#parts.splice(-joinAt)));
    this.#unjoined = 0;
  }

  #drop(): void {
    const size = this.#size;
    this.#clear();
    this.#dropping = true;
    this.#onOverflow(size);
  }

  #finish(): void {
    const [first] = this.#parts;
    const line = this.#parts.length === 1 && first ? first : Buffer.concat(this.#parts, this.#size);
    const length = line.at(-1) === carriageReturn ? line.length - 1 : line.length;
    this.#clear();
    if (length > this.#limit) this.#onOverflow(length);
    else if (length > 0) this.#onLine(length === line.length ? line : line.subarray(0, length));
  }

  #clear(): void {
    this.#parts = [];
    this.#unjoined = 0;
    this.#size = 0;
    this.#dropping = false;
  }
}
