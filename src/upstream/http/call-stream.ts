import type { Related } from '../../core/related.ts';
import { httpBounds } from './bounds.ts';
import type { Abortable, HttpRequest, ResponseHead } from './exchange.ts';
import type { HttpClient } from './http-client.ts';
import type { Inbox } from './inbox.ts';
import { refusalReason } from './refusal.ts';
import { mediaType, ReplyReader, type ReplyTaker } from './reply-reader.ts';

/** The way that a request belongs to. */
export interface CallStreamOwner {
  readonly client: HttpClient;
  readonly inbox: Inbox;
  /** The GET that continues a broken stream behind this event; undefined where streams cannot be continued. */
  resumption(lastEventId: string): HttpRequest | undefined;
  /** The server did not take the request: settles it. */
  onRefused(id: number, head: ResponseHead, body: Buffer): void;
  /** No connection of it is open any more. */
  onOver(stream: CallStream): void;
}

/**
 * One request and everything that its server sends for it: over one response, and over as many more as the server asks for
 * with event ids (MCP 2025-11-25, transports, resumability). It settles the request in the inbox unless an answer does.
 */
export class CallStream implements ReplyTaker {
  readonly id: number;
  readonly #owner: CallStreamOwner;
  readonly #related: Related | undefined;
  #exchange: Abortable | undefined;
  #lastEventId: string | undefined;
  #retryMs: number = httpBounds.retryMs;
  #timer: NodeJS.Timeout | undefined;
  #isFirst = true;
  #isFruitful = false;
  #fruitless = 0;
  #isOver = false;
  /** What came instead of a message. */
  #opened = 'nothing';

  constructor(id: number, related: Related | undefined, owner: CallStreamOwner) {
    this.id = id;
    this.#related = related;
    this.#owner = owner;
  }

  get isUnwritten(): boolean {
    return this.#isFirst && this.#exchange?.isUnwritten === true;
  }

  /** Not between two connections. */
  get isOpen(): boolean {
    return this.#timer === undefined;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  send(request: HttpRequest): void {
    const { client } = this.#owner;
    this.#exchange = client.send(request, new ReplyReader(this, client.limits));
  }

  abort(): void {
    this.#exchange?.abort();
    this.#finish();
  }

  onOpen(head: ResponseHead): void {
    const type = mediaType(head);
    this.#opened = `HTTP ${head.status}${type === '' ? '' : ` with "${type}"`}`;
    // One JSON text is all of the response: the request is over before anybody hears of its answer.
    if (type === 'application/json') this.#isOver = true;
  }

  onMessage(message: Buffer, type: string | undefined): void {
    if (type !== undefined && type !== 'message') return;
    this.#isFruitful = true;
    const { inbox } = this.#owner;
    inbox.receive(message, inbox.pending.has(this.id) ? this.#related : undefined);
  }

  onId(id: string | undefined): void {
    if (id !== this.#lastEventId) this.#isFruitful = true;
    this.#lastEventId = id;
  }

  onRetry(delayMs: number): void {
    const { shortestRetryMs, longestRetryMs } = httpBounds;
    this.#retryMs = Math.min(Math.max(delayMs, shortestRetryMs), longestRetryMs);
  }

  onEnd(): void {
    this.#broken(
      this.#isFruitful ? 'the response ended without an answer' : `answered ${this.#opened} only`,
    );
  }

  onRefused(head: ResponseHead, body: Buffer): void {
    if (!this.#isFirst && head.status >= 500) {
      this.#broken(this.#owner.client.wording.refusal(head.status, body));
      return;
    }
    this.#finish();
    const { inbox, client } = this.#owner;
    // The server took the request before: it may have run, whatever the next connection is refused for.
    if (!this.#isFirst) inbox.pending.lose(this.id, refusalReason(client, head, body));
    this.#owner.onRefused(this.id, head, body);
  }

  onUnusable(reason: string): void {
    this.#lose(reason);
  }

  onFailed(reason: string, written: boolean): void {
    if (this.#isFirst && !written) {
      this.#finish();
      this.#owner.inbox.pending.unsent(this.id, reason);
    } else {
      this.#broken(reason);
    }
  }

  /** A connection is over; the answer may come over the next one. */
  #broken(reason: string): void {
    const { pending } = this.#owner.inbox;
    const next =
      this.#lastEventId === undefined ? undefined : this.#owner.resumption(this.#lastEventId);
    this.#fruitless = this.#isFruitful ? 0 : this.#fruitless + 1;
    const isWorthwhile = this.#fruitless < httpBounds.fruitlessRetries;
    if (next === undefined || !isWorthwhile || !pending.has(this.id)) {
      this.#lose(reason);
      return;
    }
    this.#isFirst = false;
    this.#isFruitful = false;
    this.#exchange = undefined;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.send(next);
    }, this.#retryMs);
  }

  #lose(reason: string): void {
    this.#finish();
    this.#owner.inbox.pending.lose(this.id, reason);
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isOver = true;
    this.#owner.onOver(this);
  }
}
