import type { Readable, Writable } from 'node:stream';
import type { Answer, Delivery } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import { Lifetime } from '../core/lifetime.ts';
import type { FarMessage } from '../core/related.ts';
import { shortened } from '../core/shortened.ts';
import type { SendOptions } from '../core/target.ts';
import type { ForwardedRequest } from '../core/tool-call.ts';
import type {
  Incoming,
  IncomingNotification,
  IncomingRequest,
  LineWriter,
  RequestId,
} from '../wire/contract.ts';
import { LineSplitter } from '../wire/line-splitter.ts';
import { createLineWriter } from '../wire/line-writer.ts';
import { readMessage } from '../wire/read-message.ts';
import { cleanResponse, withoutReserved, withoutReservedMembers } from '../wire/reserved-meta.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import type { Connection } from './contract.ts';
import { FaultMeter } from './fault-meter.ts';
import type { UpstreamLimits } from './limits.ts';
import { PendingRequests } from './pending-requests.ts';
import { requestLine } from './request-line.ts';
import { ServerRequests } from './server-requests.ts';

export interface ConnectionEvents {
  onRequest(request: IncomingRequest, lifetime: Lifetime, reply: (answer: Answer) => void): void;
  /** All but those that belong to this hop: cancellations and progress. */
  onNotification(notification: IncomingNotification): void;
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

/** How long a server that no longer takes anything may stay without exiting. */
const exitMs = 1_000;

/**
 * One MCP session with a process, over its stdin and stdout. It owns the ids and progress tokens of this hop. `close` settles
 * everything that waits; it does not end the process.
 */
export class StdioConnection implements Connection {
  readonly server: string;
  readonly era = 'legacy';
  /** What the server declared; empty until the handshake is over. */
  capabilities: JsonObject = {};
  readonly #limits: UpstreamLimits;
  readonly #events: ConnectionEvents;
  readonly #writer: LineWriter;
  readonly #pending: PendingRequests;
  readonly #asked: ServerRequests;
  readonly #faults: FaultMeter;
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
    this.#asked = new ServerRequests(this.#writer);
    this.#faults = new FaultMeter(options.limits.faultsPerMinute);
    const splitter = new LineSplitter({
      onLine: (line) => this.#receive(line),
      onOverflow: () => this.#overflow(),
      limitBytes: options.limits.messageBytes,
    });
    options.stdout.on('data', (chunk: Buffer) => splitter.push(chunk));
    options.stdout.on('end', () => splitter.end());
  }

  send(request: ForwardedRequest, { lifetime, onProgress }: SendOptions): Promise<Delivery> {
    const obstacle = lifetime.ended ?? this.#stalled();
    if (obstacle !== undefined) return Promise.resolve({ kind: 'unsent', reason: obstacle });
    const id = this.#nextId;
    this.#nextId += 1;
    const line = requestLine(id, request, onProgress !== undefined);
    return new Promise((resolve) => {
      const release = lifetime.onEnd(() => this.#cancel(id, lifetime.ended ?? ''));
      this.#pending.add(id, { resolve, onProgress, release });
      this.#writer.write(line);
    });
  }

  notify({ method, params, extras }: FarMessage): void {
    if (this.#stalled() !== undefined) return;
    this.#writer.write(JSON.stringify({ ...extras, jsonrpc: '2.0', method, params }));
  }

  subscribe(uri: string, wanted: boolean): Promise<Delivery> {
    const method = wanted ? 'resources/subscribe' : 'resources/unsubscribe';
    const none = { meta: undefined, argumentsText: undefined, extras: undefined };
    return this.send(
      { method, fields: { uri }, ...none },
      { lifetime: new Lifetime(), onProgress: undefined, related: undefined },
    );
  }

  close(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#pending.loseAll(reason);
    this.#asked.endAll(reason);
  }

  /** A request that was cancelled may still be answered: the gate must know what a tool has done. */
  #cancel(id: number, reason: string): void {
    if (!this.#pending.has(id)) return;
    this.#pending.cancel(id, reason);
    this.notify({
      method: 'notifications/cancelled',
      params: { requestId: id, reason },
      extras: undefined,
    });
  }

  #receive(line: Buffer): void {
    if (this.#closed !== undefined) return;
    const message = readMessage(line);
    switch (message.kind) {
      case 'response':
        if (!this.#answer(message.id, () => cleanResponse(message.response))) this.#fault();
        break;
      case 'request':
        this.#request(message);
        break;
      case 'notification':
        this.#notification(message);
        break;
      case 'invalid':
        this.#invalid(message);
        break;
    }
  }

  #answer(id: RequestId, response: () => ReturnType<typeof cleanResponse>): boolean {
    return typeof id === 'number' && this.#pending.has(id) && this.#pending.answer(id, response());
  }

  #request(request: IncomingRequest): void {
    if (request.method === 'ping') {
      this.#reply(request.id, { kind: 'made', result: {} });
    } else if (this.#asked.has(request.id)) {
      // An answer would go to the request that has this id already.
      this.#fault();
    } else if (this.#asked.size >= this.#limits.serverRequests) {
      this.#fault();
      this.#refuse(request.id, rpcCode.unavailable, 'too many requests are waiting');
    } else {
      const { lifetime, reply } = this.#asked.begin(request.id);
      this.#events.onRequest(withoutReservedMembers(request), lifetime, reply);
    }
  }

  #notification(notification: IncomingNotification): void {
    const params = notification.params ?? {};
    if (notification.method === 'notifications/progress') {
      const token = params['progressToken'];
      // One for a request that is over is no fault: it may have crossed the answer or the cancellation.
      if (typeof token === 'number') this.#pending.progress(token, withoutReserved(params));
    } else if (notification.method === 'notifications/cancelled') {
      const { requestId, reason } = params;
      if (typeof requestId === 'string' || typeof requestId === 'number') {
        const said = typeof reason === 'string' ? shortened(reason, 200) : 'cancelled';
        this.#asked.cancel(requestId, said);
      }
    } else {
      this.#events.onNotification(withoutReservedMembers(notification));
    }
  }

  #invalid(message: Incoming & { readonly kind: 'invalid' }): void {
    const { id, answers, error } = message;
    if (typeof answers === 'number') {
      this.#pending.lose(answers, `the answer is unusable: ${error.message}`);
    } else if (id !== null && !this.#asked.has(id)) {
      this.#reply(id, { kind: 'refused', error });
    }
    this.#fault();
  }

  /** Nobody can tell whose answer it was, unless only one is awaited: then none of them can be waited for any longer. */
  #overflow(): void {
    if (this.#closed !== undefined) return;
    const reason = `a message is longer than ${this.#limits.messageBytes} bytes`;
    if (this.#pending.size > 1) this.#break(reason);
    else this.#pending.loseAll(reason);
    this.#fault();
  }

  #refuse(id: RequestId, code: number, message: string): void {
    this.#reply(id, { kind: 'refused', error: { code, message } });
  }

  #reply(id: RequestId, answer: Answer): void {
    if (this.#stalled() === undefined) this.#asked.write(JSON.stringify(id), answer);
  }

  #fault(): void {
    if (this.#faults.add()) this.#break('it floods the gate with messages that nobody can use');
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
