import { Passing } from '../../core/passing.ts';
import { httpBounds } from './bounds.ts';
import { CallStream, type CallStreamOwner } from './call-stream.ts';
import type { HttpRequest, ResponseHead } from './exchange.ts';
import type { HttpClient } from './http-client.ts';
import type { WayCall } from './http-connection.ts';
import type { Inbox } from './inbox.ts';
import { Lingering } from './lingering.ts';

export interface CallStreamsOptions extends Pick<CallStreamOwner, 'resumption'> {
  readonly client: HttpClient;
  readonly inbox: Inbox;
  /** The server did not take the request: settles it. */
  readonly onRefused: (id: number, head: ResponseHead, body: Buffer) => void;
}

/** The requests of one session that have a response open, by their id. */
export class CallStreams implements CallStreamOwner {
  readonly client: HttpClient;
  readonly inbox: Inbox;
  readonly #options: CallStreamsOptions;
  readonly #streams = new Passing<number, CallStream>();
  readonly #lingering = new Lingering(httpBounds.lingerMs);

  constructor(options: CallStreamsOptions) {
    this.client = options.client;
    this.inbox = options.inbox;
    this.#options = options;
  }

  send({ id, related }: WayCall, request: HttpRequest): void {
    const stream = new CallStream(id, related, this);
    this.#streams.set(id, stream);
    stream.send(request);
  }

  /** True when the request has not left, and now never will. */
  recall(id: number): boolean {
    const stream = this.#streams.get(id);
    if (stream?.isUnwritten !== true) return false;
    stream.abort();
    return true;
  }

  abort(id: number): void {
    this.#streams.get(id)?.abort();
  }

  /** One that is answered may end by itself, so that its connection serves the next request. */
  settled(id: number, isAnswered: boolean): void {
    const stream = this.#streams.get(id);
    if (stream === undefined || (isAnswered && stream.isOver)) return;
    if (isAnswered && stream.isOpen) this.#lingering.add(stream);
    else stream.abort();
  }

  unwritten(): Iterable<number> {
    return this.#streams.values().flatMap(({ id, isUnwritten }) => (isUnwritten ? [id] : []));
  }

  abortAll(): void {
    for (const stream of this.#streams.values()) stream.abort();
    this.#lingering.abortAll();
  }

  resumption(lastEventId: string): HttpRequest | undefined {
    return this.#options.resumption(lastEventId);
  }

  onRefused(id: number, head: ResponseHead, body: Buffer): void {
    this.#options.onRefused(id, head, body);
  }

  onOver(stream: CallStream): void {
    this.#streams.delete(stream.id);
    this.#lingering.delete(stream);
  }
}
