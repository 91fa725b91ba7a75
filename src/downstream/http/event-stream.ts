import type { ServerResponse } from 'node:http';
import type { ByteBudget } from './budget.ts';
import { openEvents, writeComment, writeEvent } from './events.ts';
import { endStream } from './exchange.ts';

export interface EventStreamParts {
  /** Names the stream within its session. */
  readonly number: number;
  /** Whether the client understands an event without data (MCP 2025-11-25, Sending Messages, 6). */
  readonly primes: boolean;
  readonly replayBytes: number;
  readonly replays: ByteBudget;
  readonly unreadBytes: number;
  readonly stallMs: number;
  /** The credential of the caller has run out: what stands open without a call gets nothing any more. */
  readonly hasLapsed: () => boolean;
  /** The connection is gone: closed by either side, or cut off. */
  readonly onDetached: () => void;
}

interface Kept {
  readonly sequence: number;
  readonly text: string | Buffer;
}

/** A client whose connection broke waits this long before it comes back. */
const retryMs = 1000;

/**
 * One stream of a legacy session: its events outlive its connection, so that the client can take up where it left off
 * (MCP 2025-11-25, Resumability). It keeps the last events, as many as fit.
 */
export class EventStream {
  readonly #parts: EventStreamParts;
  #kept: Kept[] = [];
  #keptBytes = 0;
  #sequence = 0;
  #res: ServerResponse | undefined;
  /** The connection was opened to listen, and not to call. */
  #isStanding = false;
  #ended = false;

  constructor(parts: EventStreamParts) {
    this.#parts = parts;
  }

  /** Whether somebody reads; whose credential has run out is let go of. */
  isRead(): boolean {
    return this.#reader() !== undefined;
  }

  get number(): number {
    return this.#parts.number;
  }

  get pending(): number {
    return this.#res?.writableLength ?? 0;
  }

  /** Takes the connection of a call. */
  attach(res: ServerResponse): void {
    this.#attach(res, false, undefined);
  }

  /** Takes a connection that stands, in place of the one before; `after` is the last event that the client has seen. */
  stand(res: ServerResponse, after?: number): void {
    this.#attach(res, true, after);
  }

  #attach(res: ServerResponse, isStanding: boolean, after: number | undefined): void {
    this.#res?.destroy();
    this.#res = res;
    this.#isStanding = isStanding;
    res.on('close', () => this.#detached(res));
    openEvents(res);
    // The client learns at once that there is a stream, even before its first event.
    res.flushHeaders();
    if (after === undefined) this.#prime(res);
    else this.#replay(res, after);
    if (this.#ended) endStream(res, this.#parts);
  }

  send(text: string | Buffer): void {
    if (this.#ended) return;
    this.#sequence += 1;
    this.#keep({ sequence: this.#sequence, text });
    const res = this.#reader();
    if (res === undefined) return;
    if (res.writableLength > this.#parts.unreadBytes) res.destroy();
    else writeEvent(res, text, this.#id(this.#sequence));
  }

  /** Keeps the connection in use. */
  pulse(): void {
    const res = this.#reader();
    if (res !== undefined) writeComment(res);
  }

  /** Nothing more will come. What was written may still be lost on the way, so it is kept. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#res !== undefined) endStream(this.#res, this.#parts);
  }

  /** Ends, and nobody can take it up again. */
  abandon(): void {
    this.end();
    this.#forget(this.#kept.length);
  }

  destroy(): void {
    this.abandon();
    this.#res?.destroy();
  }

  /** Whoever may be written to. One whose credential has run out may come back with another. */
  #reader(): ServerResponse | undefined {
    const res = this.#res;
    if (res === undefined || !this.#isStanding || !this.#parts.hasLapsed()) return res;
    endStream(res, this.#parts);
    this.#detached(res);
    return undefined;
  }

  #prime(res: ServerResponse): void {
    if (this.#parts.primes)
      res.write(`id: ${this.#id(this.#sequence)}\nretry: ${retryMs}\ndata: \n\n`);
  }

  #replay(res: ServerResponse, after: number): void {
    for (const { sequence, text } of this.#kept) {
      if (sequence > after) writeEvent(res, text, this.#id(sequence));
    }
  }

  #id(sequence: number): string {
    return `${this.#parts.number}-${sequence}`;
  }

  #detached(res: ServerResponse): void {
    if (this.#res !== res) return;
    this.#res = undefined;
    this.#parts.onDetached();
  }

  // The oldest go first; what does not fit even then is not kept, and with it nothing older.
  #keep(event: Kept): void {
    const { replayBytes, replays } = this.#parts;
    const size = event.text.length;
    while (this.#kept.length > 0 && this.#keptBytes + size > replayBytes) this.#forget(1);
    if (size > replayBytes || !replays.take(size)) return;
    this.#kept.push(event);
    this.#keptBytes += size;
  }

  #forget(count: number): void {
    for (const { text } of this.#kept.splice(0, count)) {
      this.#keptBytes -= text.length;
      this.#parts.replays.give(text.length);
    }
  }
}
