export interface StreamEvent {
  /** Undefined where the stream names none: an event of type `message`. */
  readonly type: string | undefined;
  /** The bytes of all its data lines; nobody writes to them any more. */
  readonly data: Buffer;
}

export interface EventStreamOptions {
  readonly onEvent: (event: StreamEvent) => void;
  /** The id that a later connection continues behind; undefined when the server took it back. */
  readonly onId: (id: string | undefined) => void;
  readonly onRetry: (delayMs: number) => void;
  /** An event or a line grew beyond the limit. Called once; nothing comes after it. */
  readonly onOverflow: () => void;
  readonly limitBytes: number;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const colon = 0x3a;
const space = 0x20;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** It goes back in a header, so a longer or a stranger one makes a stream that cannot be continued. */
const usableId = /^[\x21-\x7e]([\x20-\x7e]{0,1022}[\x21-\x7e])?$/;
const typeCharacters = 64;

/** As many pieces of a line are joined at once, so that a line sent byte by byte costs no buffer for every byte. */
const joinAt = 1024;
/** What a data line costs beside its bytes: an event of empty lines is bounded too. */
const lineCostBytes = 64;

/** Reads `text/event-stream` (HTML, server-sent events) as it comes. Owns the chunks that it is given. */
export class EventStream {
  readonly #options: EventStreamOptions;
  /** The start of a line whose end has not come yet. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #unjoined = 0;
  #data: Buffer[] = [];
  #dataBytes = 0;
  #type: string | undefined;
  #isFirstLine = true;
  /** A line feed at the start of the next chunk belongs to a carriage return at the end of the last one. */
  #afterReturn = false;
  #overflowed = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    let start = this.#afterReturn && chunk[0] === lineFeed ? 1 : 0;
    if (chunk.length > 0) this.#afterReturn = false;
    const hasReturn = chunk.includes(carriageReturn);
    while (!this.#overflowed) {
      const end = hasReturn ? lineEnd(chunk, start) : chunk.indexOf(lineFeed, start);
      if (end === -1) break;
      this.#line(this.#joined(chunk.subarray(start, end)));
      start = end + (chunk[end] === carriageReturn && chunk[end + 1] === lineFeed ? 2 : 1);
      this.#afterReturn = start === chunk.length && chunk[start - 1] === carriageReturn;
    }
    if (!this.#overflowed && start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#partBytes += part.length;
    this.#unjoined += 1;
    if (this.#unjoined >= joinAt) {
      this.#parts.push(Buffer.concat(this.#parts.splice(-joinAt)));
      this.#unjoined = 0;
    }
    this.#measure();
  }

  #joined(end: Buffer): Buffer {
    if (this.#parts.length === 0) return end;
    const line = Buffer.concat([...this.#parts, end]);
    this.#parts = [];
    this.#partBytes = 0;
    this.#unjoined = 0;
    return line;
  }

  #line(line: Buffer): void {
    const isMarked = this.#isFirstLine && line.subarray(0, 3).equals(byteOrderMark);
    this.#isFirstLine = false;
    const text = isMarked ? line.subarray(3) : line;
    if (text.length === 0) this.#dispatch();
    else this.#field(text);
  }

  #field(line: Buffer): void {
    const at = line.indexOf(colon);
    const name = line.toString('latin1', 0, Math.min(at === -1 ? line.length : at, 8));
    const from = at === -1 ? line.length : at + (line[at + 1] === space ? 2 : 1);
    const value = line.subarray(from);
    switch (name) {
      case 'data':
        this.#data.push(value);
        this.#dataBytes += value.length + lineCostBytes;
        this.#measure();
        break;
      case 'event':
        this.#type = value.toString('utf8', 0, typeCharacters);
        break;
      case 'id':
        this.#identify(value.toString('latin1', 0, 1025));
        break;
      case 'retry':
        this.#retry(value.toString('latin1', 0, 16));
        break;
      default:
        // A comment, which keeps the connection open, or a field that nobody knows.
        break;
    }
  }

  #identify(id: string): void {
    this.#options.onId(usableId.test(id) ? id : undefined);
  }

  #retry(text: string): void {
    if (/^\d{1,15}$/.test(text)) this.#options.onRetry(Number(text));
  }

  #dispatch(): void {
    const [first] = this.#data;
    const type = this.#type === '' ? undefined : this.#type;
    const data = this.#data.length === 1 && first ? first : joinLines(this.#data);
    this.#data = [];
    this.#dataBytes = 0;
    this.#type = undefined;
    // One without data only carries an id, for the time after a disconnection.
    if (data.length > 0) this.#options.onEvent({ type, data });
  }

  #measure(): void {
    if (this.#partBytes + this.#dataBytes <= this.#options.limitBytes) return;
    this.#overflowed = true;
    this.#parts = [];
    this.#data = [];
    this.#options.onOverflow();
  }
}

/** The offset of the next line feed or carriage return, or -1; each byte is looked at once. */
function lineEnd(chunk: Buffer, start: number): number {
  for (let at = start; at < chunk.length; at += 1) {
    if (chunk[at] === lineFeed || chunk[at] === carriageReturn) return at;
  }
  return -1;
}

const lineBreak = Buffer.from('\n');

function joinLines(lines: readonly Buffer[]): Buffer {
  return Buffer.concat(lines.flatMap((line, at) => (at === 0 ? [line] : [lineBreak, line])));
}
