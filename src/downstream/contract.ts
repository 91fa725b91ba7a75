import type { Speaker } from '../bridge/contract.ts';
import type { Reply, RpcError } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import type { FarMessage } from '../core/related.ts';
import type { Identity } from '../core/tool-call.ts';
import type { ClientHello } from '../upstream/contract.ts';
import type { Incoming, IncomingRequest, RequestId } from '../wire/contract.ts';

/**
 * One way to a client: all of standard output, one stream, or the answer to one HTTP request with what is told before it.
 * Nothing here throws; what is written to a client that has gone is dropped.
 */
export interface Outlet {
  reply(id: RequestId, reply: Reply): void;
  /** `id` is null where the request could not be told. */
  refuse(id: RequestId | null, error: RpcError): void;
  notify(notification: FarMessage): void;
  /** A request of the gate's own, as JSON text with its id. */
  request(text: string): void;
  /** About how many bytes the client has not taken yet: what bounds a slow reader. */
  readonly pending: number;
}

/**
 * Whoever takes the messages of a client; never throws. `outlet` is where the answer to this message goes, and what belongs
 * to it.
 */
export interface Receiver {
  receive(message: Incoming, outlet: Outlet): void;
}

/**
 * Serves the clients of every face. Opening a session or taking a request never throws. `close` ends all of them, answers
 * the subscriptions, and resolves when nothing is in flight.
 */
export interface Host {
  legacy(client: LegacyClient): LegacySession;
  readonly modern: ModernRequests;
  /** Policy or settings are others than before: lists may show something else. */
  changed(): void;
  close(): Promise<void>;
}

export interface LegacyClient {
  /** What it said in `initialize`; the face has answered that. */
  readonly hello: ClientHello;
  readonly identity: Identity;
  /** Where everything goes that belongs to no request of the client. */
  readonly outlet: Outlet;
  /** Nobody else can come: it shares its servers with nobody. So does one that may be asked at any time. */
  readonly alone: boolean;
}

/** One client after `initialize`. `close` ends what it asked for and resolves when nothing is in flight. */
export interface LegacySession extends Receiver {
  close(): Promise<void>;
}

/**
 * Requests of the modern era, each on its own. The answer, and what is told before it, go over `outlet`, which stands for
 * one connection (stdio) or one response (HTTP): ids are unique on it, not between two.
 */
export interface ModernRequests {
  /** `speaker` is what `readEnvelope` made of this request. */
  request(request: IncomingRequest, speaker: Speaker, identity: Identity, outlet: Outlet): void;
  /** The definition of a tool as this caller is shown it; undefined when it is shown none of this name. */
  tool(name: string, speaker: Speaker, identity: Identity): JsonObject | undefined;
  /** The client gave this request up: nothing more is written for it. An unknown id is ignored. */
  cancel(outlet: Outlet, id: RequestId, reason: string): void;
  /** Nobody reads there any more: everything that was asked over it is given up. */
  gone(outlet: Outlet): void;
}
