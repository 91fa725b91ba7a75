import type { Refused, RpcError } from '../core/answer.ts';
import type { Obstacle } from '../upstream/contract.ts';
import { rpcCode } from '../wire/rpc-error.ts';

/** What a client gets for everything that its servers would answer, as long as it has none. */
export function noServers({ reason, limit, retryAfterS }: Obstacle): Refused {
  const data = {
    ...(limit !== undefined && { limit: { ...limit } }),
    retryAfterSeconds: retryAfterS,
  };
  return noRoom({ code: rpcCode.unavailable, message: reason, data }, retryAfterS);
}

/** A refusal of somebody who may be served later. */
export function noRoom(error: RpcError, retryAfterS: number): Refused {
  return { kind: 'refused', error, retryAfterS };
}
