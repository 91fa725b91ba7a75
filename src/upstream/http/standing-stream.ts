import { httpBounds } from './bounds.ts';
import type { Abortable, HttpRequest, ResponseHead } from './exchange.ts';
import type { HttpClient } from './http-client.ts';
import { mediaType, ReplyReader, type ReplyTaker } from './reply-reader.ts';

export interface StandingStreamOptions {
  readonly client: HttpClient;
  /** The request that opens it, behind this event if there is one. */
  readonly request: (lastEventId: string | undefined) => HttpRequest;
  readonly onMessage: (message: Buffer, type: string | undefined) => void;
  /** True when it may be tried again; `opened`: how often it was open before. */
  readonly onRefused: (head: ResponseHead, body: Buffer, opened: number) => boolean;
  /** It is open, for the `count`th time. */
  readonly onOpen?: (count: number) => void;
  /** It is closed, and is opened again after a pause unless `stop` is called. */
  readonly onClosed?: (reason: string) => void;
  /** The server has no such stream: it is not opened again. */
  readonly onGone?: (reason: string) => void;
}

/** A stream of what a server says by itself: opened again with a back-off whenever it ends, until it is stopped. */
export class StandingStream implements ReplyTaker {
  readonly #options: StandingStreamOptions;
  #exchange: Abortable | undefined;
  #lastEventId: string | undefined;
  #retryMs: number | undefined;
  #attempt = 0;
  #opened = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: StandingStreamOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#isStopped) return;
    const { client, request } = this.#options;
    const reader = new ReplyReader(this, client.limits);
    this.#exchange = client.send(request(this.#lastEventId), reader);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#exchange?.abort();
  }

  onOpen(head: ResponseHead): void {
    if (mediaType(head) !== 'text/event-stream') {
      this.#gone('answered without a stream of events');
      return;
    }
    this.#opened += 1;
    this.#options.onOpen?.(this.#opened);
  }

  onMessage(message: Buffer, type: string | undefined): void {
    if (this.#isStopped) return;
    this.#attempt = 0;
    this.#options.onMessage(message, type);
  }

  onId(id: string | undefined): void {
    this.#attempt = 0;
    this.#lastEventId = id;
  }

  onRetry(delayMs: number): void {
    const { shortestRetryMs, longestRetryMs } = httpBounds;
    this.#retryMs = Math.min(Math.max(delayMs, shortestRetryMs), longestRetryMs);
  }

  onEnd(): void {
    this.#again('the server closed the stream');
  }

  onRefused(head: ResponseHead, body: Buffer): void {
    if (this.#isStopped) return;
    if (this.#options.onRefused(head, body, this.#opened))
      this.#again(`answered HTTP ${head.status}`);
    else this.#gone(`answered HTTP ${head.status}`);
  }

  onUnusable(reason: string): void {
    this.#again(reason);
  }

  onFailed(reason: string): void {
    this.#again(reason);
  }

  #gone(reason: string): void {
    this.stop();
    this.#options.onGone?.(reason);
  }

  #again(reason: string): void {
    if (this.#isStopped) return;
    this.#attempt += 1;
    this.#options.onClosed?.(reason);
    // What the server asks for is for streams that it closed itself; one that fails again and again is left alone for longer.
    const backoffMs = this.#options.client.limits.backoffMs(this.#attempt);
    const pauseMs = this.#attempt === 1 ? (this.#retryMs ?? backoffMs) : backoffMs;
    this.#timer = setTimeout(() => this.start(), Math.max(pauseMs, this.#retryMs ?? 0));
    this.#timer.unref();
  }
}
