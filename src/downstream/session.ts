import type { RpcError } from '../core/answer.ts';
import { uuidv7 } from '../core/ids.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { Lifetime } from '../core/lifetime.ts';
import { shortened } from '../core/shortened.ts';
import type { Caller, Identity, Session } from '../core/tool-call.ts';
import type { ClientHello, UpstreamEvents } from '../upstream/contract.ts';
import type {
  Incoming,
  IncomingNotification,
  IncomingRequest,
  LineWriter,
  RequestId,
} from '../wire/contract.ts';
import { lookup } from '../wire/methods.ts';
import { withoutReservedMembers } from '../wire/reserved-meta.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { ClientLink } from './client-link.ts';
import { ClientOutput } from './client-output.ts';
import { clientOf } from './handshake.ts';
import { changedMethods, createLists, type Lists } from './lists.ts';
import { LogLevel } from './log-level.ts';
import { News } from './news.ts';
import type { Receiver } from './reception.ts';
import { createServing, type Serve, type ServeParts } from './serve.ts';
import { createServerRequests } from './server-requests.ts';

export interface SessionParts extends ServeParts {
  readonly writer: LineWriter;
  readonly identity: Identity;
  /** What the client said in `initialize`, which was answered already. */
  readonly hello: ClientHello;
  readonly nowMs: number;
}

/** More requests than this at once are refused: each may hold a call and a place in memory. */
const inFlightLimit = 1024;

/**
 * One client in the legacy era: classifies every message by the method table and maps ids and progress tokens. Owns the
 * requests in flight; `close` ends them.
 */
export class ClientSession implements Receiver {
  readonly #parts: SessionParts;
  readonly #output: ClientOutput;
  readonly #news: News;
  readonly #level: LogLevel;
  readonly #link: ClientLink;
  readonly #lists: Lists;
  readonly #serving: Readonly<Record<'decide' | 'filter' | 'pass', Serve>>;
  readonly #session: Session;
  readonly #inFlight = new Map<RequestId, Lifetime>();
  #idle: (() => void) | undefined;
  /** What servers start by themselves. */
  readonly events: UpstreamEvents;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#output = new ClientOutput(parts.writer);
    this.#news = new News(this.#output, parts.writer);
    this.#level = new LogLevel(parts.pool);
    this.#link = new ClientLink(parts.writer);
    this.#lists = createLists(parts.pool.catalog, parts.visibility);
    this.#serving = createServing(parts, this.#lists);
    const { nowMs: startedMs, hello } = parts;
    const client = clientOf(hello);
    this.#session = { id: uuidv7(startedMs), startedMs, client, calls: 0, denials: 0 };
    this.events = this.#events();
  }

  /** Takes one message of the client; never throws. */
  receive(message: Incoming): void {
    switch (message.kind) {
      case 'request':
        this.#request(message);
        break;
      case 'notification':
        this.#notification(message);
        break;
      case 'response':
        this.#link.answered(message.id, message.response);
        break;
      case 'invalid':
        if (message.answers === null) this.#output.refuse(message.id, message.error);
        else this.#link.garbled(message.answers);
    }
  }

  /** The client has gone: nothing starts on its behalf any more; resolves when nothing is in flight. */
  close(): Promise<void> {
    for (const lifetime of this.#inFlight.values()) lifetime.end('disconnected');
    this.#link.close();
    this.#news.close();
    this.#level.close();
    if (this.#inFlight.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  #events(): UpstreamEvents {
    return {
      onRequest: createServerRequests({
        ...this.#parts,
        client: this.#link,
        session: this.#session,
        declared: this.#parts.hello.capabilities,
      }),
      onNotification: (_server, notification) => {
        const row = lookup('server', 'notification', notification.method);
        if (row?.treatment === 'pass') this.#news.tell(notification);
      },
      onListChanged: (kind) => {
        if (this.#lists.isKnown(kind)) this.#news.tellChange(changedMethods[kind]);
      },
    };
  }

  #request(request: IncomingRequest): void {
    const { id, method } = request;
    const treatment = lookup('client', 'request', method)?.treatment ?? 'refuse';
    if (treatment === 'refuse') {
      const message = `Method not found: ${shortened(method, 100)}`;
      this.#output.refuse(id, { code: rpcCode.methodNotFound, message });
      return;
    }
    const fault = this.#fault(request);
    if (fault !== undefined) this.#output.refuse(id, fault);
    else if (treatment === 'local') this.#local(request);
    else void this.#serve(request, this.#serving[treatment]);
  }

  #fault({ id, method }: IncomingRequest): RpcError | undefined {
    if (method === 'initialize') return invalid('initialize was sent before');
    if (this.#inFlight.has(id)) return invalid('a request with this id is in flight');
    if (this.#inFlight.size >= inFlightLimit) return invalid('too many requests in flight');
    return undefined;
  }

  #local({ id, method, params }: IncomingRequest): void {
    if (method === 'logging/setLevel') this.#level.set(params ?? {});
    this.#output.reply(id, { kind: 'made', result: {} });
  }

  // Settles whatever happens: the answer goes back unless the request was cancelled (MCP, cancellation).
  async #serve(request: IncomingRequest, serve: Serve): Promise<void> {
    const { id } = request;
    const lifetime = new Lifetime();
    this.#inFlight.set(id, lifetime);
    try {
      const reply = await serve(request, this.#caller(request, lifetime));
      if (lifetime.ended === undefined) this.#output.reply(id, reply);
    } catch {
      this.#output.refuse(id, { code: rpcCode.internal, message: 'the gate failed' });
    } finally {
      this.#inFlight.delete(id);
      if (this.#inFlight.size === 0) this.#idle?.();
    }
  }

  #caller({ params }: IncomingRequest, lifetime: Lifetime): Caller {
    const meta = params?.['_meta'];
    const token = isObject(meta) ? meta['progressToken'] : undefined;
    const { identity } = this.#parts;
    const session = this.#session;
    if (token === undefined) {
      return { session, identity, lifetime, progress: undefined, relayProgress: undefined };
    }
    let told = 0;
    const progress = (message: string): void => {
      told += 1;
      // Below one, so that what the tool itself reports afterwards still rises (MCP, progress).
      this.#progress({ progress: told / 1000, message }, token);
    };
    const relayProgress = (params: JsonObject): void => this.#progress(params, token);
    return { session, identity, lifetime, progress, relayProgress };
  }

  #progress(params: JsonObject, progressToken: Json): void {
    const method = 'notifications/progress';
    this.#news.tell({ method, params: { ...params, progressToken }, extras: undefined });
  }

  #notification(notification: IncomingNotification): void {
    const { method, params } = notification;
    const treatment = lookup('client', 'notification', method)?.treatment ?? 'refuse';
    if (treatment === 'pass') {
      const passed = withoutReservedMembers(notification);
      for (const connection of this.#parts.pool.connections(undefined)) connection.notify(passed);
    } else if (method === 'notifications/cancelled') this.#cancel(params);
    else if (method === 'notifications/progress' && params) this.#link.progressed(params);
  }

  #cancel(params: JsonObject | undefined): void {
    const { requestId, reason } = params ?? {};
    if (typeof requestId !== 'string' && typeof requestId !== 'number') return;
    const said = typeof reason === 'string' ? shortened(reason, 200) : 'cancelled';
    this.#inFlight.get(requestId)?.end(said);
  }
}

function invalid(message: string): RpcError {
  return { code: rpcCode.invalidRequest, message };
}
