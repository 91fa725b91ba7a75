import type { RpcError } from '../core/answer.ts';
import { uuidv7 } from '../core/ids.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { Lifetime } from '../core/lifetime.ts';
import type { Related } from '../core/related.ts';
import { shortened } from '../core/shortened.ts';
import type { Target } from '../core/target.ts';
import type { Caller, Identity, Session } from '../core/tool-call.ts';
import type { ClientHello, UpstreamEvents } from '../upstream/contract.ts';
import type {
  Incoming,
  IncomingNotification,
  IncomingRequest,
  RequestId,
} from '../wire/contract.ts';
import { lookup } from '../wire/methods.ts';
import { withoutReservedMembers } from '../wire/reserved-meta.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { ClientLink } from './client-link.ts';
import type { Outlet, Receiver } from './contract.ts';
import { clientOf } from './handshake.ts';
import { changedMethods, createLists, type Lists } from './lists.ts';
import { LogLevel } from './log-level.ts';
import { News } from './news.ts';
import { createServing, type Serve, type ServeParts } from './serve.ts';
import { createServerRequests } from './server-requests.ts';

export interface SessionParts extends ServeParts {
  /** Where everything goes that belongs to no request of the client. */
  readonly outlet: Outlet;
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
  readonly #news: News;
  readonly #level: LogLevel;
  readonly #link = new ClientLink();
  readonly #asking: (client: Target) => UpstreamEvents['onRequest'];
  readonly #lists: Lists;
  readonly #serving: Readonly<Record<'decide' | 'filter' | 'pass', Serve>>;
  readonly #session: Session;
  readonly #inFlight = new Map<RequestId, Lifetime>();
  #idle: (() => void) | undefined;
  /** What servers start by themselves. */
  readonly events: UpstreamEvents;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#news = new News(parts.outlet);
    this.#level = new LogLevel(parts.pool);
    this.#lists = createLists(parts.pool.catalog, parts.visibility);
    this.#serving = createServing(parts, this.#lists);
    const { nowMs: startedMs, hello } = parts;
    const client = clientOf(hello);
    this.#session = { id: uuidv7(startedMs), startedMs, client, calls: 0, denials: 0 };
    const declared = hello.capabilities;
    this.#asking = createServerRequests({ ...parts, session: this.#session, declared });
    this.events = this.#events();
  }

  /** Takes one message of the client; never throws. */
  receive(message: Incoming, outlet: Outlet): void {
    switch (message.kind) {
      case 'request':
        this.#request(message, outlet);
        break;
      case 'notification':
        this.#notification(message);
        break;
      case 'response':
        this.#link.answered(message.id, message.response);
        break;
      case 'invalid':
        if (message.answers === null) outlet.refuse(message.id, message.error);
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
      onRequest: this.#asking(this.#link.over(this.#parts.outlet)),
      onNotification: (_server, notification) => {
        const row = lookup('server', 'notification', notification.method);
        if (row?.treatment === 'pass') this.#news.tell(notification);
      },
      onListChanged: (kind) => {
        if (this.#lists.isKnown(kind)) this.#news.tellChange(changedMethods[kind]);
      },
    };
  }

  #request(request: IncomingRequest, outlet: Outlet): void {
    const { id, method } = request;
    const treatment = lookup('client', 'request', method)?.treatment ?? 'refuse';
    if (treatment === 'refuse') {
      const message = `Method not found: ${shortened(method, 100)}`;
      outlet.refuse(id, { code: rpcCode.methodNotFound, message });
      return;
    }
    const fault = this.#fault(request);
    if (fault !== undefined) outlet.refuse(id, fault);
    else if (treatment === 'local') this.#local(request, outlet);
    else void this.#serve(request, outlet, this.#serving[treatment]);
  }

  #fault({ id, method }: IncomingRequest): RpcError | undefined {
    if (method === 'initialize') return invalid('initialize was sent before');
    if (this.#inFlight.has(id)) return invalid('a request with this id is in flight');
    if (this.#inFlight.size >= inFlightLimit) return invalid('too many requests in flight');
    return undefined;
  }

  #local({ id, method, params }: IncomingRequest, outlet: Outlet): void {
    if (method === 'logging/setLevel') this.#level.set(params ?? {});
    outlet.reply(id, { kind: 'made', result: {} });
  }

  // Settles whatever happens: the answer goes back unless the request was cancelled (MCP, cancellation).
  async #serve(request: IncomingRequest, outlet: Outlet, serve: Serve): Promise<void> {
    const { id } = request;
    const lifetime = new Lifetime();
    this.#inFlight.set(id, lifetime);
    try {
      const reply = await serve(request, this.#caller(request, outlet, lifetime));
      if (lifetime.ended === undefined) outlet.reply(id, reply);
    } catch {
      outlet.refuse(id, { code: rpcCode.internal, message: 'the gate failed' });
    } finally {
      this.#inFlight.delete(id);
      if (this.#inFlight.size === 0) this.#idle?.();
    }
  }

  #caller({ params }: IncomingRequest, outlet: Outlet, lifetime: Lifetime): Caller {
    const meta = params?.['_meta'];
    const token = isObject(meta) ? meta['progressToken'] : undefined;
    const { identity } = this.#parts;
    const news = outlet === this.#parts.outlet ? this.#news : new News(outlet);
    lifetime.onEnd(() => news !== this.#news && news.close());
    return {
      session: this.#session,
      identity,
      lifetime,
      ...progressOf(news, token),
      related: this.#related(outlet, news),
    };
  }

  /** What a server says while it works on a request goes where that request's answer goes. */
  #related(outlet: Outlet, news: News): Related {
    return {
      ask: this.#asking(this.#link.over(outlet)),
      tell: (_server, notification) => {
        const row = lookup('server', 'notification', notification.method);
        if (row?.treatment === 'pass') news.tell(notification);
      },
    };
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

function progressOf(
  news: News,
  progressToken: Json | undefined,
): Pick<Caller, 'progress' | 'relayProgress'> {
  if (progressToken === undefined) return { progress: undefined, relayProgress: undefined };
  const method = 'notifications/progress';
  const relayProgress = (params: JsonObject): void =>
    news.tell({ method, params: { ...params, progressToken }, extras: undefined });
  let told = 0;
  const progress = (message: string): void => {
    told += 1;
    // Below one, so that what the tool itself reports afterwards still rises (MCP, progress).
    relayProgress({ progress: told / 1000, message });
  };
  return { progress, relayProgress };
}

function invalid(message: string): RpcError {
  return { code: rpcCode.invalidRequest, message };
}
