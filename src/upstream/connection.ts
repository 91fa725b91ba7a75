import type { Readable, Writable } from 'node:stream';
import type { Delivery } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import type { Lifetime } from '../core/lifetime.ts';
import type { FarMessage } from '../core/related.ts';
import type { SendOptions } from '../core/target.ts';
import type { ForwardedRequest } from '../core/tool-call.ts';
import type { LineWriter } from '../wire/contract.ts';
import type { Era } from '../wire/eras.ts';
import { LineSplitter } from '../wire/line-splitter.ts';
import { createLineWriter } from '../wire/line-writer.ts';
import type { Connection, ListKind } from './contract.ts';
import { IncomingMessages, type MessageEvents } from './incoming-messages.ts';
import { LegacySubscriptions } from './legacy-subscriptions.ts';
import type { UpstreamLimits } from './limits.ts';
import { Listening, type SentListen } from './listening.ts';
import { PendingRequests } from './pending-requests.ts';
import { requestLine } from './request-line.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface ConnectionEvents extends MessageEvents {
  /** Lists may be others than before, and nobody was told. */
  onGap(kinds: readonly ListKind[]): void;
  /** Once, when nothing useful can come over it any more; whoever owns the process ends it then. */
  onBroken(reason: string): void;
}

export interface ConnectionOptions {
  readonly server: string;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly limits: UpstreamLimits;
  readonly events: ConnectionEvents;
}

/** What the handshake has found out. */
export interface Session {
  readonly era: Era;
  readonly capabilities: JsonObject;
  /** What every request to a modern server must carry. */
  readonly envelope: JsonObject;
}

/** How long a server that no longer takes anything may stay without exiting. */
const exitMs = 1_000;

/**
 * One MCP session with a process, over its stdin and stdout. It owns the ids and progress tokens of this hop. Until
 * `establish` the server may be of either era. `close` settles everything that waits; it does not end the process.
 */
export class StdioConnection implements Connection {
  readonly server: string;
  era: Era = 'legacy';
  /** What the server declared; empty until the handshake is over. */
  capabilities: JsonObject = {};
  readonly #limits: UpstreamLimits;
  readonly #events: ConnectionEvents;
  readonly #writer: LineWriter;
  readonly #pending: PendingRequests;
  readonly #incoming: IncomingMessages;
  #subscriptions: Subscriptions;
  #nextId = 1;
  #closed: string | undefined;
  /** Why nothing can be written any more, while there may still be something to read. */
  #deaf: string | undefined;

  constructor(options: ConnectionOptions) {
    this.server = options.server;
    this.#limits = options.limits;
    this.#events = options.events;
    this.#writer = createLineWriter(options.stdin, (reason) => this.#unwritable(reason));
    this.#pending = new PendingRequests(options.limits.lateAnswerMs);
    this.#incoming = new IncomingMessages({
      ...options,
      pending: this.#pending,
      writer: this.#writer,
      mayWrite: () => this.#stalled() === undefined,
      onFlood: () => this.#break('it floods the gate with messages that nobody can use'),
    });
    this.#subscriptions = new LegacySubscriptions(this, options.limits.subscribedUris);
    const splitter = new LineSplitter({
      onLine: (line) => {
        if (this.#closed === undefined) this.#incoming.receive(line);
      },
      onOverflow: () => this.#overflow(),
      limitBytes: options.limits.messageBytes,
    });
    options.stdout.on('data', (chunk: Buffer) => splitter.push(chunk));
    options.stdout.on('end', () => splitter.end());
  }

  /** The handshake is over, and all that this connection itself has to say to the server is said first. */
  establish({ era, capabilities, envelope }: Session): void {
    this.era = era;
    this.capabilities = capabilities;
    if (era === 'legacy') {
      this.#tell({ method: 'notifications/initialized', params: undefined, extras: undefined });
      return;
    }
    const listening = new Listening({
      capabilities,
      limits: this.#limits,
      send: (fields, lifetime) => this.#listen(fields, envelope, lifetime),
      onGap: (kinds) => this.#events.onGap(kinds),
    });
    this.#subscriptions = listening;
    this.#incoming.speakModern(listening);
    listening.start();
  }

  send(request: ForwardedRequest, options: SendOptions): Promise<Delivery> {
    return this.#send(this.#takeId(), request, options, false);
  }

  notify(notification: FarMessage): void {
    if (this.era === 'legacy') this.#tell(notification);
  }

  subscribe(uri: string, wanted: boolean): Promise<Delivery> {
    return this.#subscriptions.subscribe(uri, wanted);
  }

  close(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#subscriptions.close(reason);
    this.#pending.loseAll(reason);
    this.#incoming.close(reason);
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId += 1;
    return id;
  }

  #send(
    id: number,
    request: ForwardedRequest,
    { lifetime, onProgress, related }: SendOptions,
    isStanding: boolean,
  ): Promise<Delivery> {
    const obstacle = lifetime.ended ?? this.#stalled();
    if (obstacle !== undefined) return Promise.resolve({ kind: 'unsent', reason: obstacle });
    const line = requestLine(id, request, onProgress !== undefined);
    return new Promise((resolve) => {
      const release = lifetime.onEnd(() => this.#cancel(id, lifetime.ended ?? ''));
      this.#pending.add(id, { resolve, onProgress, release, related, isStanding });
      this.#writer.write(line);
    });
  }

  #listen(fields: JsonObject, meta: JsonObject, lifetime: Lifetime): SentListen {
    const id = this.#takeId();
    const request = { fields, meta, argumentsText: undefined, extras: undefined };
    const options = { lifetime, onProgress: undefined, related: undefined };
    const over = this.#send(id, { method: 'subscriptions/listen', ...request }, options, true);
    return { id, over };
  }

  #tell({ method, params, extras }: FarMessage): void {
    if (this.#stalled() !== undefined) return;
    this.#writer.write(JSON.stringify({ ...extras, jsonrpc: '2.0', method, params }));
  }

  /** A request that was cancelled may still be answered: the gate must know what a tool has done. */
  #cancel(id: number, reason: string): void {
    if (!this.#pending.has(id)) return;
    this.#pending.cancel(id, reason);
    this.#tell({
      method: 'notifications/cancelled',
      params: { requestId: id, reason },
      extras: undefined,
    });
  }

  /** Nobody can tell whose answer it was, unless only one is awaited: then none of them can be waited for any longer. */
  #overflow(): void {
    if (this.#closed !== undefined) return;
    const reason = `a message is longer than ${this.#limits.messageBytes} bytes`;
    if (this.#pending.size > 1) this.#break(reason);
    else this.#pending.loseAnswers(reason);
    this.#incoming.fault();
  }

  /** Why nothing more is written; found out here when too much waits for a server that does not read. */
  #stalled(): string | undefined {
    if (this.#closed === undefined && this.#writer.pending > this.#limits.unreadBytes) {
      this.#break('it does not read what it is sent');
    }
    return this.#closed ?? this.#deaf;
  }

  /** A server that has exited breaks the pipe first: its last answers and its exit code are still on their way. */
  #unwritable(reason: string): void {
    this.#deaf = `it has closed its stdin: ${reason}`;
    setTimeout(() => this.#break(this.#deaf ?? reason), exitMs).unref();
  }

  #break(reason: string): void {
    if (this.#closed !== undefined) return;
    this.close(reason);
    this.#events.onBroken(reason);
  }
}
