import type { Reply, RpcError } from '../core/answer.ts';
import type { Rounds } from '../core/held.ts';
import type { Target } from '../core/target.ts';
import type { ClientHello, Connection } from '../upstream/contract.ts';
import type { IncomingRequest } from '../wire/contract.ts';

/** What a client speaks and says of itself: in `initialize` for a session, in every request of the modern era. */
export interface Speaker {
  readonly hello: ClientHello;
  /** The level of logs that it wants; undefined when it wants none. */
  readonly logLevel: string | undefined;
}

/**
 * Carries requests of clients of either era to servers of either era. It holds the calls that wait for a modern client's
 * answers, which end with the process. `close` gives up what is held.
 */
export interface Bridge {
  /** `scope` is who calls: what was sealed for one caller is refused from another. */
  cross(request: IncomingRequest, speaker: Speaker, scope: string): Crossing | RpcError;
  close(): void;
}

/** One request on its way. Owned by the face: `end` is called once, whatever came of it. */
export interface Crossing {
  /** What is to be resolved, decided and forwarded; a sealed `requestState` is the server's own again, or gone. */
  readonly request: IncomingRequest;
  /** The client as a target, as far as it can be asked in the answer to this request; undefined in the legacy era. */
  readonly client: Target | undefined;
  /** Whether the answer may be that the request is to come again; undefined where that is nothing the client can be told. */
  readonly rounds: Rounds | undefined;
  /** The way to the server for this request; the connection itself when both speak the same legacy words. */
  target(connection: Connection): Target;
  /** The answer in the client's words. */
  reply(reply: Reply): Reply;
  /** The request is over: what it went on with and did not use is cancelled. */
  end(): void;
}
