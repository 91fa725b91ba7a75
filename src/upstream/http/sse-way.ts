import { GateError } from '../../core/errors.ts';
import { Passing } from '../../core/passing.ts';
import type { Log } from '../log.ts';
import type { Abortable, HttpRequest, ResponseHead } from './exchange.ts';
import type { HttpClient } from './http-client.ts';
import type { Way, WayCall } from './http-connection.ts';
import type { Inbox } from './inbox.ts';
import { sendNote } from './note.ts';
import { refusalReason, settleRefused } from './refusal.ts';
import { mediaType, ReplyReader, type ReplyTaker } from './reply-reader.ts';

export interface SseOptions {
  readonly client: HttpClient;
  readonly inbox: Inbox;
  readonly log: Log;
  /** The stream, and with it the session, is over. */
  readonly onLost: (reason: string) => void;
}

/** HTTP+SSE of 2024-11-05: one stream for everything that the server says, and POSTs to the endpoint that it names first. */
export class SseWay implements Way, ReplyTaker {
  readonly era = 'legacy';
  readonly isShared = true;
  readonly #options: SseOptions;
  /** POSTs that were not accepted yet. */
  readonly #posts = new Passing<number, Abortable>();
  #stream: Abortable | undefined;
  #endpoint: string | undefined;
  #opening: ((fault: string | undefined) => void) | undefined;
  #isOver = false;

  constructor(options: SseOptions) {
    this.#options = options;
  }

  /** Resolves when the server has said where messages go; rejects when it does not. */
  open(timeoutMs: number): Promise<void> {
    const { client } = this.#options;
    const headers = ['accept', 'text/event-stream'];
    const request: HttpRequest = { method: 'GET', headers, body: undefined, lane: 'messages' };
    return new Promise((resolve, reject) => {
      const late = (): void => this.#opening?.(`named no endpoint within ${timeoutMs} ms`);
      const timer = setTimeout(late, timeoutMs);
      this.#opening = (fault) => {
        clearTimeout(timer);
        this.#opening = undefined;
        if (fault === undefined) resolve();
        else reject(new GateError('upstream_unavailable', fault));
      };
      this.#stream = client.send(request, new ReplyReader(this, client.limits));
    });
  }

  obstacle(): string | undefined {
    if (this.#endpoint === undefined) return 'the server has not named its endpoint yet';
    return this.#options.client.isStuffed ? 'too much waits for its answers already' : undefined;
  }

  send({ id, text }: WayCall): void {
    const { client, inbox } = this.#options;
    const over = (): void => void this.#posts.delete(id);
    const taker: ReplyTaker = {
      onOpen: over,
      onMessage: () => {},
      onId: () => {},
      onRetry: () => {},
      onEnd: over,
      onRefused: (head, body) => {
        over();
        settleRefused(this.#options, id, head, body);
      },
      onUnusable: over,
      onFailed: (reason, written) => {
        over();
        if (written) inbox.pending.lose(id, reason);
        else inbox.pending.unsent(id, reason);
      },
    };
    const exchange = client.send(this.#post(text, 'calls'), new ReplyReader(taker, client.limits));
    if (inbox.pending.has(id)) this.#posts.set(id, exchange);
  }

  cancel(id: number, reason: string): void {
    const { pending } = this.#options.inbox;
    const post = this.#posts.get(id);
    if (post?.isUnwritten === true) {
      post.abort();
      pending.unsent(id, reason);
      return;
    }
    pending.cancel(id, reason);
    const params = { requestId: id, reason };
    this.tell(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
  }

  settled(id: number): void {
    this.#posts.delete(id);
  }

  unwritten(): Iterable<number> {
    return this.#posts.keys().filter((id) => this.#posts.get(id)?.isUnwritten === true);
  }

  tell(text: string | Buffer): void {
    void this.told(text);
  }

  /** Resolves when the server has taken the message or not; with what went wrong. */
  told(text: string | Buffer): Promise<string | undefined> {
    const { client, log } = this.#options;
    return new Promise((resolve) => {
      const failed = (reason: string): void => {
        log.debug({ reason }, 'message to a remote server was lost');
        resolve(reason);
      };
      sendNote(client, this.#post(text, 'messages'), {
        onMessage: () => {},
        onTaken: () => resolve(undefined),
        onRefused: (head, body) => failed(refusalReason(client, head, body)),
        onFailed: failed,
      });
    });
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.#opening?.('the session is over');
    this.#stream?.abort();
    for (const post of this.#posts.values()) post.abort();
  }

  onOpen(head: ResponseHead): void {
    if (mediaType(head) !== 'text/event-stream') this.#lost('answered without a stream of events');
  }

  onMessage(message: Buffer, type: string | undefined): void {
    if (this.#isOver) return;
    if (type === 'endpoint') this.#name(message.toString('utf8'));
    else if (type === undefined || type === 'message')
      this.#options.inbox.receive(message, 'unsaid');
  }

  onId(): void {}

  onRetry(): void {}

  onEnd(): void {
    this.#lost('the server closed the stream of the session');
  }

  onRefused(head: ResponseHead, body: Buffer): void {
    this.#lost(refusalReason(this.#options.client, head, body));
  }

  onUnusable(reason: string): void {
    this.#lost(reason);
  }

  onFailed(reason: string): void {
    this.#lost(reason);
  }

  /** Messages, and the secrets in their headers, go to the origin that the operator named and to no other. */
  #name(text: string): void {
    if (this.#endpoint !== undefined) return;
    const { url } = this.#options.client;
    const endpoint = URL.canParse(text, url.href) ? new URL(text, url.href) : undefined;
    if (endpoint?.origin !== url.origin) {
      this.#lost('named an endpoint that is not at its own origin');
      return;
    }
    this.#endpoint = `${endpoint.pathname}${endpoint.search}`;
    this.#opening?.(undefined);
  }

  #lost(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream?.abort();
    this.#opening?.(reason);
    this.#options.onLost(reason);
  }

  #post(text: string | Buffer, lane: HttpRequest['lane']): HttpRequest {
    const headers = ['content-type', 'application/json', 'accept', 'application/json'];
    return { method: 'POST', headers, body: text, lane, path: this.#endpoint ?? '/' };
  }
}
