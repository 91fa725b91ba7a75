import type { Answer, Delivery } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import type { Lifetime } from '../core/lifetime.ts';
import type { FarMessage } from '../core/related.ts';
import type { Target } from '../core/target.ts';
import type { ToolFacts } from '../core/tool-call.ts';
import type { Era } from '../wire/eras.ts';

/** What the client said of itself, in `initialize` or in a request; passed on, because servers offer tools by it. */
export interface ClientHello {
  /** What the client speaks: tried first with servers that may speak both. */
  readonly era: Era;
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly clientInfo: JsonObject;
}

/**
 * All tool servers of one config. `start` spawns them at once; `open` opens the MCP session on each, now and after every
 * restart. A server that dies, stalls or floods loses its tools and comes back with a back-off; nothing here throws for it.
 * `close` ends every process group and resolves when all are gone; it is idempotent.
 */
export interface UpstreamPool {
  readonly catalog: Catalog;
  start(): void;
  open(hello: ClientHello): void;
  /** The way to a server; undefined while it has no open session. */
  connection(server: string): Connection | undefined;
  /** Every open connection whose server declared this capability (all when undefined). */
  connections(capability: string | undefined): readonly Connection[];
  status(): readonly UpstreamStatus[];
  /** Called when a server's state changes, for `status`. */
  onChange(listener: () => void): void;
  close(): Promise<void>;
}

export interface Connection extends Target {
  readonly server: string;
  /** What the server speaks. Requests must be in its words already: `bridge/` puts them so. */
  readonly era: Era;
  readonly capabilities: JsonObject;
  /** Tells a legacy server something; a modern one is told nothing but cancellations, which `send` sees to. */
  notify(notification: FarMessage): void;
  /**
   * News of a resource from now on, or no longer: `resources/subscribe` and `unsubscribe` in the legacy era, the one
   * `subscriptions/listen` of the connection in the modern one. The result is empty. As with those, the second of two equal
   * calls changes nothing: clients that share a connection have their wishes counted by whoever speaks for them all. A
   * session that is opened anew knows of none.
   */
  subscribe(uri: string, wanted: boolean): Promise<Delivery>;
}

/**
 * Tool servers for many clients. Clients with the same scope and the same declared capabilities share one pool, but for
 * those that are `alone`. A pool that nobody uses any more is closed after a while.
 */
export interface UpstreamPools {
  /** Starts the servers of the first client before it has come. */
  warm(): void;
  /**
   * Never fails: a client that there is no room for gets a pool in which every server has failed and says why, until there is
   * room. One with a session is given it as soon as somebody leaves; every other one when it asks.
   */
  join(client: PoolClient): Membership;
  /** Of all pools together, by server: the state of the most recent pool, counts added up. */
  status(): readonly UpstreamStatus[];
  onChange(listener: () => void): void;
  /** Ends every pool; idempotent. */
  close(): Promise<void>;
}

export interface PoolClient {
  readonly hello: ClientHello;
  /** Who calls (`Identity.scope`): nobody shares servers with somebody else. */
  readonly scope: string;
  /** It has a session with the servers: it may be asked at any time, and what they remember is its own. */
  readonly alone: boolean;
  readonly events: UpstreamEvents;
}

export interface Membership {
  /** The same object for good, whoever's servers stand behind it. */
  readonly pool: UpstreamPool;
  /** Why the client has no servers; undefined when it has. To ask is to try again. */
  obstacle(): Obstacle | undefined;
  leave(): void;
}

/** There is no room for the servers of a client. */
export interface Obstacle {
  /** What there is too much of, the limit, and what to do, for the client. */
  readonly reason: string;
  /** Its name in the config, and how much it lets in; undefined when the gate is about to end. */
  readonly limit: { readonly name: string; readonly most: number } | undefined;
  readonly retryAfterS: number;
}

/** What servers start by themselves, beside what belongs to one request; the face to the client takes it. */
export interface UpstreamEvents {
  /** A server asks the client. `lifetime` ends when the server cancels or dies; `reply` may be called once. */
  onRequest(
    server: string,
    request: FarMessage,
    lifetime: Lifetime,
    reply: (answer: Answer) => void,
  ): void;
  onNotification(server: string, notification: FarMessage): void;
  /** The merged list of this kind is another than before. */
  onListChanged(kind: ListKind): void;
}

export const listKinds = ['tools', 'resources', 'resourceTemplates', 'prompts'] as const;
export type ListKind = (typeof listKinds)[number];

export interface UpstreamStatus {
  readonly server: string;
  readonly state: 'starting' | 'ready' | 'failed' | 'stopped';
  /** How it is reached: as a process, or as a remote server. */
  readonly transport: 'stdio' | 'http' | 'sse';
  /** What it speaks; undefined while it has no open session. */
  readonly era: Era | undefined;
  /** Why it failed, in words without secrets. */
  readonly reason: string | undefined;
  readonly restarts: number;
  readonly tools: number;
  /** Names that are withheld, and why. */
  readonly withheld: readonly { readonly name: string; readonly reason: string }[];
}

/** The tools, resources and prompts of all servers under the names that the client sees. */
export interface Catalog {
  /**
   * Resolves when every server has either listed what it has or failed, or as soon as what has come is enough, at the
   * latest after `timeoutMs`.
   */
  settled(timeoutMs: number, isEnough?: () => boolean): Promise<void>;
  /** Grows with every change of any list. */
  readonly revision: number;
  list(kind: ListKind): readonly CatalogItem[];
  tool(exposedName: string): CatalogTool | undefined;
  /** The same by its server and the server's own name for it. */
  toolOf(server: string, name: string): CatalogTool | undefined;
  prompt(exposedName: string): CatalogItem | undefined;
  /** The server that listed this URI, or whose template fits; undefined when none or several do. */
  resourceServer(uri: string): string | undefined;
}

export interface CatalogItem {
  readonly server: string;
  /** The server's own name for it: tool name, prompt name, URI or URI template. */
  readonly name: string;
  /** The definition as the client sees it: the server's, with nothing changed but the name. */
  readonly definition: JsonObject;
}

export interface CatalogTool extends CatalogItem, ToolFacts {
  readonly exposedName: string;
}
