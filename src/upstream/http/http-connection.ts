import type { Delivery, RawResponse } from '../../core/answer.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Lifetime } from '../../core/lifetime.ts';
import type { FarMessage, Related } from '../../core/related.ts';
import type { SendOptions } from '../../core/target.ts';
import type { ForwardedRequest } from '../../core/tool-call.ts';
import type { Era } from '../../wire/eras.ts';
import type { ClientHello, Connection, ListKind } from '../contract.ts';
import { LegacySubscriptions } from '../legacy-subscriptions.ts';
import type { UpstreamLimits } from '../limits.ts';
import { Listening, type SentListen } from '../listening.ts';
import { requestLine } from '../request-line.ts';
import type { Subscriptions } from '../subscriptions.ts';
import type { Inbox } from './inbox.ts';

/** One request as it goes over a way. */
export interface WayCall {
  readonly id: number;
  readonly text: string;
  readonly request: ForwardedRequest;
  readonly related: Related | undefined;
}

/** How the messages of one session travel: each transport has its own. What comes back goes to the session's inbox. */
export interface Way {
  readonly era: Era;
  /** All that the server says comes on one stream, so nobody can tell which request it belongs to. */
  readonly isShared: boolean;
  /** Why nothing can be sent just now; undefined when it can. */
  obstacle(): string | undefined;
  /** The request in the words that this way needs; undefined where every request has them. */
  worded?(request: ForwardedRequest): ForwardedRequest;
  /** A page of tools as it may be listed; undefined where every tool may. */
  listed?(request: ForwardedRequest, page: RawResponse): RawResponse;
  send(call: WayCall): void;
  /** Its caller is gone; the request is pending still. */
  cancel(id: number, reason: string): void;
  /** It is pending no longer; without an answer nothing more is wanted of it. */
  settled(id: number, isAnswered: boolean): void;
  /** The requests that have not left yet. */
  unwritten(): Iterable<number>;
  /** A notification, or an answer to what the server asked. */
  tell(text: string | Buffer): void;
  /** The handshake is over: what the server says by itself is wanted from now on. */
  listen?(): void;
  /** Ends everything under way; resolves when nothing of it is left. */
  close(): Promise<void>;
}

export interface HttpConnectionOptions {
  readonly server: string;
  readonly capabilities: JsonObject;
  readonly hello: ClientHello;
  readonly inbox: Inbox;
  readonly way: Way;
  readonly limits: UpstreamLimits;
  /** Nobody listened for a while: these lists may be others than before. */
  readonly onGap: (kinds: readonly ListKind[]) => void;
}

/** One MCP session with a remote server; `close` settles all that waits. */
export class HttpConnection implements Connection {
  readonly server: string;
  readonly era: Era;
  readonly capabilities: JsonObject;
  readonly #inbox: Inbox;
  readonly #way: Way;
  /** A question on a stream for no request goes to one of these: the client has no other way to be asked. */
  readonly #isGuessed: boolean;
  readonly #subscriptions: Subscriptions;
  readonly #listening: Listening | undefined;
  #closed: string | undefined;

  constructor(options: HttpConnectionOptions) {
    const { server, capabilities, hello, inbox, way, limits, onGap } = options;
    this.server = server;
    this.era = way.era;
    this.capabilities = capabilities;
    this.#inbox = inbox;
    this.#way = way;
    this.#isGuessed = way.isShared || hello.era === 'modern';
    if (way.era === 'modern') {
      const send = (fields: JsonObject, lifetime: Lifetime): SentListen =>
        this.#listen(fields, lifetime);
      this.#listening = new Listening({ capabilities, limits, send, onGap });
      inbox.speakModern(this.#listening);
    }
    this.#subscriptions = this.#listening ?? new LegacySubscriptions(this, limits.subscribedUris);
  }

  /** What the server says by itself is wanted from now on. */
  listen(): void {
    if (this.#closed !== undefined) return;
    this.#listening?.start();
    this.#way.listen?.();
  }

  send(request: ForwardedRequest, options: SendOptions): Promise<Delivery> {
    return this.#send(this.#inbox.nextId(), request, options, false);
  }

  notify({ method, params, extras }: FarMessage): void {
    // A modern server is told nothing: closing a stream is all the news it gets.
    if (this.#closed !== undefined || this.era === 'modern') return;
    this.#way.tell(JSON.stringify({ ...extras, jsonrpc: '2.0', method, params }));
  }

  subscribe(uri: string, wanted: boolean): Promise<Delivery> {
    if (this.#closed !== undefined) {
      return Promise.resolve({ kind: 'unsent', reason: this.#closed });
    }
    return this.#subscriptions.subscribe(uri, wanted);
  }

  /** Settles everything at once and resolves when no request of it is under way. */
  async close(reason: string): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = reason;
      this.#subscriptions.close(reason);
      for (const id of [...this.#way.unwritten()]) this.#inbox.pending.unsent(id, reason);
      this.#inbox.close(reason);
    }
    await this.#way.close();
  }

  #send(
    id: number,
    request: ForwardedRequest,
    { lifetime, onProgress, related }: SendOptions,
    isStanding: boolean,
  ): Promise<Delivery> {
    const obstacle = lifetime.ended ?? this.#closed ?? this.#way.obstacle();
    if (obstacle !== undefined) return Promise.resolve({ kind: 'unsent', reason: obstacle });
    const worded = this.#way.worded?.(request) ?? request;
    const text = requestLine(id, worded, onProgress !== undefined);
    return new Promise((settle) => {
      const resolve = (delivery: Delivery): void => {
        this.#way.settled(id, delivery.kind === 'answered');
        settle(request.method === 'tools/list' ? this.#listed(request, delivery) : delivery);
      };
      const release = lifetime.onEnd(() => this.#cancel(id, lifetime.ended ?? ''));
      const guessed = this.#isGuessed ? related : undefined;
      this.#inbox.pending.add(id, { resolve, onProgress, release, isStanding, related: guessed });
      this.#way.send({ id, text, request: worded, related });
    });
  }

  #listed(request: ForwardedRequest, delivery: Delivery): Delivery {
    if (delivery.kind !== 'answered') return delivery;
    const response = this.#way.listed?.(request, delivery.response) ?? delivery.response;
    return { kind: 'answered', response };
  }

  #listen(fields: JsonObject, lifetime: Lifetime): SentListen {
    const id = this.#inbox.nextId();
    const none = { meta: undefined, argumentsText: undefined, extras: undefined };
    const request = { method: 'subscriptions/listen', fields, ...none };
    const options = { lifetime, onProgress: undefined, related: undefined };
    return { id, over: this.#send(id, request, options, true) };
  }

  #cancel(id: number, reason: string): void {
    if (this.#inbox.pending.has(id)) this.#way.cancel(id, reason);
  }
}
