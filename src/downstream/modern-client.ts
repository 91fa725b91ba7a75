import type { Bridge, Crossing, Speaker } from '../bridge/contract.ts';
import { isLoggedAt } from '../bridge/log-levels.ts';
import type { Answer, Reply } from '../core/answer.ts';
import type { CallScope } from '../core/call-scope.ts';
import type { HeldTasks } from '../core/held-task.ts';
import type { JsonObject } from '../core/json.ts';
import type { FarMessage, Related } from '../core/related.ts';
import { sharingScope } from '../core/sharing-scope.ts';
import type { Decide, Target } from '../core/target.ts';
import type { Caller, Identity, Session, ToolCall } from '../core/tool-call.ts';
import type {
  ClientHello,
  ListKind,
  Membership,
  UpstreamEvents,
  UpstreamPools,
} from '../upstream/contract.ts';
import type { IncomingRequest } from '../wire/contract.ts';
import { lookup, type Treatment } from '../wire/methods.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import type { ListTexts } from './lists.ts';
import { noServers } from './no-servers.ts';
import type { OpenRequest } from './open-requests.ts';
import { progressOf, progressToken } from './progress.ts';
import type { ResourceHolds } from './resource-holds.ts';
import { ResourceNews } from './resource-news.ts';
import { ResourceWishes } from './resource-wishes.ts';
import { type ServeParts, serveCall } from './serve.ts';
import { createServerRequests } from './server-requests.ts';
import { Subscriptions } from './subscriptions.ts';
import { openTask } from './tasks/held-task-requests.ts';
import { type HeldTaskParts, isHeldTask } from './tasks/held-task-work.ts';
import { runTask } from './tasks/task-call.ts';
import type { TaskOwners } from './tasks/task-owners.ts';
import type { TaskQuestions } from './tasks/task-questions.ts';
import {
  listenFault,
  noteTask,
  serveTask,
  speaksTasks,
  type TaskParts,
} from './tasks/task-requests.ts';
import type { TaskRuns } from './tasks/task-runs.ts';

export interface ModernClientParts {
  readonly pools: Pick<UpstreamPools, 'join'>;
  readonly bridge: Pick<Bridge, 'cross'>;
  readonly decide: Decide;
  /** Why calls of this scope are stopped; undefined when they are not. */
  readonly frozen: (scope: CallScope) => string | undefined;
  readonly texts: ListTexts;
  readonly holds: ResourceHolds;
  readonly owners: TaskOwners;
  readonly questions: TaskQuestions;
  /** The gate's own tasks; without it nobody gets one. */
  readonly held: { readonly tasks: HeldTasks; readonly runs: TaskRuns } | undefined;
}

/**
 * Everything that one caller asks in the modern era under one name, with one set of declared capabilities. It is no session
 * of the protocol: it only keeps what would be costly to have anew for every request. `close` lets go of the servers.
 */
export class ModernClient {
  readonly #parts: ModernClientParts;
  readonly #identity: Identity;
  /** Outlives this client, and is shared with others of the same caller under the same name. */
  readonly session: Session;
  readonly #membership: Membership;
  readonly #serving: ServeParts;
  readonly #tasks: TaskParts;
  readonly #subscriptions: Subscriptions;
  readonly #resources: ResourceNews;
  readonly #asking: (client: Target) => UpstreamEvents['onRequest'];
  #open = 0;

  constructor(parts: ModernClientParts, hello: ClientHello, identity: Identity, session: Session) {
    this.#parts = parts;
    this.#identity = identity;
    this.session = session;
    const { scope } = identity;
    const events = this.#events();
    this.#membership = parts.pools.join({ hello, scope, alone: false, events });
    const { pool } = this.#membership;
    const { decide } = parts;
    this.#resources = new ResourceNews(pool, parts.holds);
    const wishes = new ResourceWishes({ decide, pool, session, identity });
    this.#subscriptions = new Subscriptions(pool, this.#resources, wishes);
    const declared = hello.capabilities;
    this.#asking = createServerRequests({ decide, pool, session, declared });
    const held = parts.held && this.#heldTasks(parts.held, hello);
    const subject = identity.id;
    this.#tasks = { ...parts, pool, scope, subject, hello, asking: this.#asking, held };
    const answered = ({ server, name }: ToolCall, reply: Reply) =>
      noteTask(this.#tasks, { server, tool: name }, reply);
    this.#serving = { pool, decide, era: 'modern', answered };
  }

  /** Nothing is in flight, and nobody listens. */
  get isIdle(): boolean {
    return this.#open === 0;
  }

  /** The answer; undefined when the request has answered for itself. */
  async serve(
    treatment: Exclude<Treatment, 'refuse'>,
    request: IncomingRequest,
    speaker: Speaker,
    open: OpenRequest,
  ): Promise<Reply | undefined> {
    const obstacle = this.#membership.obstacle();
    if (obstacle !== undefined) return noServers(obstacle);
    this.#open += 1;
    try {
      return await this.#ways[treatment](request, speaker, open);
    } finally {
      this.#open -= 1;
    }
  }

  tool(name: string): JsonObject | undefined {
    return this.#serving.pool.catalog.tool(name)?.definition;
  }

  listChanged(kind: ListKind): void {
    this.#subscriptions.listChanged(kind);
  }

  /** Ends the subscriptions, each with its answer. */
  endSubscriptions(): void {
    this.#subscriptions.close();
  }

  close(): void {
    this.#subscriptions.close();
    this.#membership.leave();
  }

  readonly #ways: Readonly<
    Record<
      Exclude<Treatment, 'refuse'>,
      (request: IncomingRequest, speaker: Speaker, open: OpenRequest) => Promise<Reply | undefined>
    >
  > = {
    decide: (request, speaker, open) => this.#decide(request, speaker, open),
    filter: (request) => this.#list(request),
    pass: (request, _speaker, open) => serveTask(this.#tasks, request, open.lifetime),
    local: (request, _speaker, open) => this.#listen(request, open),
  };

  /** Takes the call to where policy decides it, and the answer back in words of this era. */
  async #decide(request: IncomingRequest, speaker: Speaker, open: OpenRequest): Promise<Reply> {
    const crossing = this.#parts.bridge.cross(request, speaker, this.#identity.scope);
    if ('code' in crossing) return { kind: 'refused', error: crossing };
    try {
      const caller = this.#caller(crossing, speaker, open);
      const reply = await serveCall(this.#serving, crossing, caller);
      const { params = {}, extras } = crossing.request;
      const { held } = this.#tasks;
      const isHeld = held !== undefined && isHeldTask(reply);
      return crossing.reply(isHeld ? await openTask(held, { params, extras }, reply) : reply);
    } finally {
      crossing.end();
    }
  }

  async #list({ method }: IncomingRequest): Promise<Reply> {
    const viewer = {
      era: 'modern',
      identity: this.#identity,
      client: this.session.client,
    } as const;
    const { catalog } = this.#serving.pool;
    return { kind: 'text', text: await this.#parts.texts.textOf(method, catalog, viewer) };
  }

  async #listen(request: IncomingRequest, open: OpenRequest): Promise<Reply | undefined> {
    const fault = listenFault(request, this.#tasks.hello);
    const error = fault ?? (await this.#subscriptions.listen(request, open));
    return error && { kind: 'refused', error };
  }

  #caller({ request, client, rounds }: Crossing, speaker: Speaker, open: OpenRequest): Caller {
    const { held, hello } = this.#tasks;
    // Whoever goes on with a server brings along what a task would lose.
    const isFresh = rounds !== undefined && request.method === 'tools/call';
    const mayBeTask = isFresh && held !== undefined && speaksTasks(hello);
    return {
      session: this.session,
      identity: this.#identity,
      lifetime: open.lifetime,
      ...progressOf(open, progressToken(request.params)),
      related: {
        client: this,
        ask: client === undefined ? nobodyAsked : this.#asking(client),
        tell: (_server, notification) => tellLog(notification, speaker, open),
      },
      ...(rounds !== undefined && { rounds }),
      ...(mayBeTask && { asTask: 'offered' as const }),
    };
  }

  #heldTasks(held: NonNullable<ModernClientParts['held']>, hello: ClientHello): HeldTaskParts {
    const { bridge } = this.#parts;
    const { session } = this;
    const identity = this.#identity;
    const speaker = { hello, logLevel: undefined };
    const about = { client: this, ask: nobodyAsked, tell: () => {} };
    return {
      ...held,
      scope: () => sharingScope({ identity, session }),
      run: async (task, waited, run) => {
        this.#open += 1;
        try {
          const caller = { session, identity, related: about };
          return await runTask(
            { bridge, serving: this.#serving, speaker, caller },
            task,
            waited,
            run,
          );
        } finally {
          this.#open -= 1;
        }
      },
    };
  }

  #events(): UpstreamEvents {
    return {
      // What belongs to no request has no way to the client (MCP 2026-07-28, basic/transports/stdio).
      onRequest: nobodyAsked,
      onNotification: (server, notification) => {
        if (notification.method === 'notifications/resources/updated')
          this.#subscriptions.updated(server, notification);
      },
      onListChanged: (kind) => {
        this.#resources.renew();
        this.#subscriptions.listChanged(kind);
      },
    };
  }
}

const nobodyAsked: Related['ask'] = (_server, { method }, _lifetime, reply) =>
  reply(nobody(method));

function nobody(method: string): Answer {
  const message = `there is no client to ask for "${method.slice(0, 100).toWellFormed()}"`;
  return { kind: 'refused', error: { code: rpcCode.unavailable, message } };
}

/** Logs are for a request that asked for them, from the level on that it named (server/utilities/logging). */
function tellLog(notification: FarMessage, { logLevel }: Speaker, open: OpenRequest): void {
  const { method, params } = notification;
  if (lookup('server', 'notification', method, 'modern')?.treatment !== 'pass') return;
  if (method !== 'notifications/message' || logLevel === undefined) return;
  if (isLoggedAt(params?.['level'], logLevel)) open.tell(notification);
}
