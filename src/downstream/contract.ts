import type { Reply, RpcError } from '../core/answer.ts';
import type { FarMessage } from '../core/related.ts';
import type { Incoming, RequestId } from '../wire/contract.ts';

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
