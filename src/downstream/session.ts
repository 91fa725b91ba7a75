import type { Bridge, Speaker } from '../bridge/contract.ts';
import { isLogLevel } from '../bridge/log-levels.ts';
import type { Reply, RpcError } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import { Lifetime } from '../core/lifetime.ts';
import { Passing } from '../core/passing.ts';
import { shortened } from '../core/shortened.ts';
import type { Decide, Target } from '../core/target.ts';
import type { Caller, Identity, Session } from '../core/tool-call.ts';
import type { ClientHello, Membership, UpstreamEvents } from '../upstream/contract.ts';
import type {
  Incoming,
  IncomingNotification,
  IncomingRequest,
  RequestId,
} from '../wire/contract.ts';
import { lookup, type Treatment } from '../wire/methods.ts';
import { cleanResponse, withoutReservedMembers } from '../wire/reserved-meta.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { withoutType } from '../wire/without-type.ts';
import { cancelledBy } from './cancellation.ts';
import { ClientLink } from './client-link.ts';
import { SessionUser } from './client-user.ts';
import type { LegacySession, Outlet } from './contract.ts';
import { clientOf } from './handshake.ts';
import { type LegacyCallerParts, legacyCaller } from './legacy-caller.ts';
import { LegacySubscriptions } from './legacy-subscriptions.ts';
import { changedMethods, KnownLists, type ListTexts } from './lists.ts';
import { LogLevel } from './log-level.ts';
import { newSession } from './new-session.ts';
import { News } from './news.ts';
import { noServers } from './no-servers.ts';
import type { ResourceHolds } from './resource-holds.ts';
import { type ServeParts, serveCall } from './serve.ts';
import { createServerRequests } from './server-requests.ts';
import { isTaskMethod, SessionTasks, type TaskStock, treatmentOf } from './tasks/session-tasks.ts';

export interface SessionParts {
  /** Takes the session to its servers; it leaves them when it closes. */
  readonly join: (events: UpstreamEvents) => Membership;
  readonly bridge: Pick<Bridge, 'cross'>;
  readonly decide: Decide;
  readonly texts: ListTexts;
  readonly holds: ResourceHolds;
  /** Where everything goes that belongs to no request of the client. */
  readonly outlet: Outlet;
  readonly identity: Identity;
  /** What the client said in `initialize`, which was answered already. */
  readonly hello: ClientHello;
  /** It shares its servers with nobody. */
  readonly alone: boolean;
  readonly nowMs: number;
  /** Where its calls may be tasks; undefined for a client that was not told so. */
  readonly tasks: TaskStock | undefined;
  readonly onClosed: () => void;
}

/** More requests than this at once are refused: each may hold a call and a place in memory. */
const inFlightLimit = 1024;

/**
 * One client in the legacy era: classifies every message by the method table and maps ids and progress tokens. Owns the
 * requests in flight; `close` ends them.
 */
export class ClientSession implements LegacySession {
  readonly #parts: SessionParts;
  readonly #news: News;
  readonly #level: LogLevel;
  readonly #link = new ClientLink();
  readonly #user: SessionUser;
  readonly #calling: LegacyCallerParts;
  readonly #asking: (client: Target) => UpstreamEvents['onRequest'];
  readonly #membership: Membership;
  readonly #serving: ServeParts;
  readonly #subscriptions: LegacySubscriptions;
  readonly #lists = new KnownLists();
  readonly #session: Session;
  readonly #inFlight = new Passing<RequestId, Lifetime>();
  readonly #tasks: SessionTasks | undefined;
  #speaker: Speaker;
  #closed: Promise<void> | undefined;
  #idle: (() => void) | undefined;
  /** What servers start by themselves. */
  readonly events: UpstreamEvents;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    const { decide, holds, alone, hello, nowMs: startedMs } = parts;
    this.#news = new News(parts.outlet);
    this.#session = newSession(clientOf(hello), startedMs);
    this.#speaker = { hello, logLevel: undefined };
    this.#user = new SessionUser(hello.capabilities, this.#news);
    this.events = this.#events();
    this.#membership = parts.join(this.events);
    const { pool } = this.#membership;
    this.#level = new LogLevel(pool);
    this.#subscriptions = new LegacySubscriptions(pool, holds, alone);
    const through: ServeParts['through'] = (...way) => this.#subscriptions.through(...way);
    this.#serving = { pool, decide, era: 'legacy', through };
    const declared = hello.capabilities;
    this.#asking = createServerRequests({ decide, pool, session: this.#session, declared });
    const own = { session: this.#session, link: this.#link, user: this.#user };
    this.#calling = { ...own, asking: this.#asking, identity: parts.identity, client: this };
    this.#tasks = this.#sessionTasks();
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
        this.#link.answered(message.id, withoutType(cleanResponse(message.response)));
        break;
      case 'invalid':
        if (message.answers === null) outlet.refuse(message.id, message.error);
        else this.#link.garbled(message.answers);
    }
  }

  /** The client has gone: nothing starts on its behalf any more; resolves when nothing is in flight. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const lifetime of this.#inFlight.values()) lifetime.end('disconnected');
    this.#user.close();
    this.#link.close();
    this.#news.close();
    this.#level.close();
    this.#subscriptions.close();
    if (this.#inFlight.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    // What was sent for a task goes on without its client, and its server is needed until then.
    await this.#tasks?.idle();
    this.#membership.leave();
    this.#parts.onClosed();
  }

  #events(): UpstreamEvents {
    const link = this.#link.over(this.#parts.outlet);
    return {
      onRequest: (...asked) => this.#asking(link)(...asked),
      onNotification: (server, notification) => {
        const { method, params } = notification;
        const row = lookup('server', 'notification', method, 'legacy');
        if (row?.treatment !== 'pass') return;
        const isUpdate = method === 'notifications/resources/updated';
        if (isUpdate && !this.#subscriptions.covers(server, params)) return;
        this.#news.tell(notification);
      },
      onListChanged: (kind) => {
        if (this.#lists.has(kind)) this.#news.tellChange(changedMethods[kind]);
      },
    };
  }

  #request(request: IncomingRequest, outlet: Outlet): void {
    const { id, method } = request;
    const treatment = treatmentOf(method, this.#tasks !== undefined);
    if (treatment === 'refuse') {
      const message = `Method not found: ${shortened(method, 100)}`;
      outlet.refuse(id, { code: rpcCode.methodNotFound, message });
      return;
    }
    const fault = this.#fault(request);
    if (fault !== undefined) outlet.refuse(id, fault);
    else if (treatment === 'local' && !isTaskMethod(method)) this.#local(request, outlet);
    else void this.#serve(request, outlet, treatment);
  }

  #fault({ id, method }: IncomingRequest): RpcError | undefined {
    if (method === 'initialize') return invalid('initialize was sent before');
    if (this.#closed !== undefined) return invalid('the session is over');
    if (this.#inFlight.has(id)) return invalid('a request with this id is in flight');
    if (this.#inFlight.size >= inFlightLimit) return invalid('too many requests in flight');
    return undefined;
  }

  #local({ id, method, params }: IncomingRequest, outlet: Outlet): void {
    if (method === 'logging/setLevel') this.#setLevel(params ?? {});
    outlet.reply(id, { kind: 'made', result: {} });
  }

  #setLevel(params: JsonObject): void {
    const { level } = params;
    const { hello } = this.#parts;
    this.#speaker = { hello, logLevel: isLogLevel(level) ? level : undefined };
    this.#level.set(params);
  }

  // Settles whatever happens: the answer goes back unless the request was cancelled (MCP, cancellation).
  async #serve(
    request: IncomingRequest,
    outlet: Outlet,
    treatment: Exclude<Treatment, 'refuse'>,
  ): Promise<void> {
    const { id } = request;
    const lifetime = new Lifetime();
    const news = outlet === this.#parts.outlet ? this.#news : new News(outlet);
    this.#inFlight.set(id, lifetime);
    try {
      const caller = () => legacyCaller(this.#calling, request, outlet, news, lifetime);
      const reply = await (treatment === 'local'
        ? this.#tasks?.serve(request, lifetime)
        : this.#answer(request, treatment, caller));
      if (lifetime.ended === undefined && reply !== undefined) outlet.reply(id, reply);
    } catch {
      outlet.refuse(id, { code: rpcCode.internal, message: 'the gate failed' });
    } finally {
      if (news !== this.#news) news.close();
      this.#inFlight.delete(id);
      if (this.#inFlight.size === 0) this.#idle?.();
    }
  }

  #answer(
    request: IncomingRequest,
    treatment: 'decide' | 'filter' | 'pass',
    caller: () => Caller,
  ): Promise<Reply> | Reply {
    const obstacle = this.#membership.obstacle();
    if (obstacle !== undefined) {
      // It is told when there is something to list.
      this.#lists.add(request.method);
      return noServers(obstacle);
    }
    if (treatment === 'filter') return this.#list(request.method);
    const cross = (asked: IncomingRequest, by: Caller) => this.#cross(asked, by, treatment);
    const sender = caller();
    return this.#tasks?.take(request, sender, cross) ?? cross(request, sender);
  }

  async #list(method: string): Promise<Reply> {
    const { identity, texts } = this.#parts;
    const { client } = this.#session;
    const takesTasks = this.#tasks !== undefined;
    const viewer = { era: 'legacy', identity, client, takesTasks } as const;
    const text = await texts.textOf(method, this.#serving.pool.catalog, viewer);
    this.#lists.add(method);
    return { kind: 'text', text };
  }

  /** Takes the request to where it is served, and the answer back in words of this era. */
  async #cross(
    request: IncomingRequest,
    caller: Caller,
    treatment: 'decide' | 'pass',
  ): Promise<Reply> {
    const { bridge, identity } = this.#parts;
    const crossing = bridge.cross(request, this.#speaker, identity.scope);
    if ('code' in crossing) return { kind: 'refused', error: crossing };
    try {
      const serving =
        treatment === 'decide'
          ? serveCall(this.#serving, crossing, caller)
          : this.#subscriptions.takeBack(crossing, caller);
      return crossing.reply(await serving);
    } finally {
      crossing.end();
    }
  }

  #sessionTasks(): SessionTasks | undefined {
    const { tasks, bridge, identity } = this.#parts;
    const about = { serving: this.#serving, speaker: this.#speaker, session: this.#session };
    return tasks && new SessionTasks(tasks, { bridge, identity, ...about });
  }

  #notification(notification: IncomingNotification): void {
    const { method } = notification;
    const treatment = lookup('client', 'notification', method, 'legacy')?.treatment ?? 'refuse';
    if (treatment === 'pass') {
      const passed = withoutReservedMembers(notification);
      for (const connection of this.#serving.pool.connections(undefined)) connection.notify(passed);
    } else if (method === 'notifications/progress') {
      this.#link.progressed(withoutReservedMembers(notification));
    }
    const cancelled = cancelledBy(notification);
    if (cancelled !== undefined) this.#inFlight.get(cancelled.id)?.end(cancelled.reason);
  }
}

function invalid(message: string): RpcError {
  return { code: rpcCode.invalidRequest, message };
}
