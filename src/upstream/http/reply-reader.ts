import type { UpstreamLimits } from '../limits.ts';
import { EventStream } from './event-stream.ts';
import type { Abortable, ExchangeTaker, ResponseHead } from './exchange.ts';

/** Takes what a server answers to one request of the transport. One of the last four comes last, once. */
export interface ReplyTaker {
  /** The server takes the request: what follows are messages, if any. */
  onOpen(head: ResponseHead, exchange: Abortable): void;
  /** One message: the whole body, or one event. */
  onMessage(message: Buffer, type: string | undefined): void;
  onId(id: string | undefined): void;
  onRetry(delayMs: number): void;
  onEnd(): void;
  /** A status other than 2xx, with the start of its body. */
  onRefused(head: ResponseHead, body: Buffer): void;
  /** It breaks a bound or a rule: no part of the rest can be used. */
  onUnusable(reason: string): void;
  onFailed(reason: string, written: boolean): void;
}

type Mode = 'json' | 'events' | 'refusal' | 'nothing';

/** More of a body that says why something failed is not read. */
const refusalBytes = 64 * 1024;

/** Reads a response as the transport has them: one JSON text or a stream of events; whatever is too long ends it. */
export class ReplyReader implements ExchangeTaker {
  readonly #taker: ReplyTaker;
  readonly #limits: Pick<UpstreamLimits, 'messageBytes'>;
  #exchange: Abortable | undefined;
  #head: ResponseHead | undefined;
  #mode: Mode = 'nothing';
  #events: EventStream | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(taker: ReplyTaker, limits: Pick<UpstreamLimits, 'messageBytes'>) {
    this.#taker = taker;
    this.#limits = limits;
  }

  onHead(head: ResponseHead, exchange: Abortable): void {
    this.#exchange = exchange;
    this.#head = head;
    const encoding = head.header('content-encoding') ?? 'identity';
    this.#mode = modeOf(head);
    if (this.#mode === 'refusal') return;
    if (encoding !== 'identity') {
      this.#fail('the answer is compressed, which was not asked for');
      return;
    }
    if (
      this.#mode === 'json' &&
      Number(head.header('content-length')) > this.#limits.messageBytes
    ) {
      this.#overflow();
      return;
    }
    if (this.#mode === 'events') this.#events = this.#openEvents();
    this.#taker.onOpen(head, exchange);
  }

  onData(chunk: Buffer): void {
    if (this.#events !== undefined) {
      this.#events.push(chunk);
      return;
    }
    this.#bytes += chunk.length;
    if (this.#mode === 'json') {
      if (this.#bytes > this.#limits.messageBytes) this.#overflow();
      else this.#chunks.push(chunk);
    } else if (this.#bytes > refusalBytes) {
      // The rest would say no more, and a connection that is read to no end serves nobody.
      this.#exchange?.abort();
      this.onEnd();
    } else {
      this.#chunks.push(chunk);
    }
  }

  onEnd(): void {
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    this.#chunks = [];
    if (this.#mode === 'refusal' && this.#head !== undefined) {
      this.#taker.onRefused(this.#head, body);
      return;
    }
    if (this.#mode === 'json' && body.length > 0) this.#taker.onMessage(body, undefined);
    this.#taker.onEnd();
  }

  onFailed(reason: string, written: boolean): void {
    this.#chunks = [];
    this.#taker.onFailed(reason, written);
  }

  #openEvents(): EventStream {
    const taker = this.#taker;
    return new EventStream({
      onEvent: ({ data, type }) => taker.onMessage(data, type),
      onId: (id) => taker.onId(id),
      onRetry: (delayMs) => taker.onRetry(delayMs),
      onOverflow: () => this.#overflow(),
      limitBytes: this.#limits.messageBytes,
    });
  }

  #overflow(): void {
    this.#fail(`a message is longer than ${this.#limits.messageBytes} bytes`);
  }

  #fail(reason: string): void {
    this.#chunks = [];
    this.#exchange?.abort();
    this.#taker.onUnusable(reason);
  }
}

function modeOf(head: ResponseHead): Mode {
  if (head.status >= 300) return 'refusal';
  switch (mediaType(head)) {
    case 'application/json':
      return 'json';
    case 'text/event-stream':
      return 'events';
    default:
      return 'nothing';
  }
}

export function mediaType(head: ResponseHead): string {
  return (head.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
