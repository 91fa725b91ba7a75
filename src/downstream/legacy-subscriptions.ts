import type { Crossing } from '../bridge/contract.ts';
import type { Reply, RpcError } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import type { Caller } from '../core/tool-call.ts';
import type { Connection, UpstreamPool } from '../upstream/contract.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { settleLimitMs } from './lists.ts';
import type { ResourceHolds } from './resource-holds.ts';
import { forwardedMeta } from './tool-calls.ts';

/** A client that shares its servers is told of so many resources at most. */
const heldLimit = 1_000;

/**
 * `resources/subscribe` and `resources/unsubscribe` of one legacy client: they go to the one server whose resource it is,
 * and nobody decides on what stands beside their params. One that is `alone` hears whatever its servers tell; one that
 * shares them hears only what it asked for, and takes nothing from the others when it leaves.
 */
export class LegacySubscriptions {
  readonly #pool: UpstreamPool;
  readonly #holds: ResourceHolds;
  readonly #alone: boolean;
  readonly #held = new Map<string, Connection>();

  constructor(pool: UpstreamPool, holds: ResourceHolds, alone: boolean) {
    this.#pool = pool;
    this.#holds = holds;
    this.#alone = alone;
  }

  /** Whether news of this resource, from this server, is for the client. */
  covers(server: string, params: JsonObject | undefined): boolean {
    if (this.#alone) return true;
    const uri = params?.['uri'];
    return typeof uri === 'string' && this.#held.get(uri)?.server === server;
  }

  async serve(crossing: Crossing, caller: Caller): Promise<Reply> {
    const { method, params } = crossing.request;
    const { _meta: meta, ...fields } = params ?? {};
    const { uri } = fields;
    if (typeof uri !== 'string') {
      return refused(rpcCode.invalidParams, '"params.uri" must be a string');
    }
    await this.#pool.catalog.settled(settleLimitMs);
    const server = this.#pool.catalog.resourceServer(uri);
    const connection = server === undefined ? undefined : this.#pool.connection(server);
    if (connection === undefined) {
      return refused(rpcCode.resourceNotFound, 'Resource not found', { uri });
    }
    const obstacle = this.#alone ? undefined : this.#count(method, uri, connection);
    if (obstacle !== undefined) return obstacle;
    const none = { argumentsText: undefined, extras: undefined };
    const delivery = await crossing
      .target(connection)
      .send(
        { method, fields, meta: forwardedMeta(meta), ...none },
        { lifetime: caller.lifetime, onProgress: caller.relayProgress, related: undefined },
      );
    if (delivery.kind === 'answered') return { kind: 'relayed', response: delivery.response };
    return refused(rpcCode.unavailable, 'the server gave no answer');
  }

  close(): void {
    for (const [uri, connection] of this.#held) {
      // Nobody waits for the answer, and `subscribe` never rejects.
      if (this.#holds.remove(connection, uri)) void connection.subscribe(uri, false);
    }
    this.#held.clear();
  }

  /** The answer when the server is not to be asked. */
  #count(method: string, uri: string, connection: Connection): Reply | undefined {
    const before = this.#held.get(uri);
    if (method === 'resources/subscribe') {
      if (before === undefined && this.#held.size >= heldLimit) {
        return refused(rpcCode.invalidRequest, 'too many subscriptions');
      }
      if (before === connection) return undefined;
      if (before !== undefined) this.#holds.remove(before, uri);
      this.#holds.add(connection, uri);
      this.#held.set(uri, connection);
      return undefined;
    }
    this.#held.delete(uri);
    const isLast = before !== undefined && this.#holds.remove(before, uri);
    return isLast ? undefined : { kind: 'made', result: {} };
  }
}

function refused(code: number, message: string, data?: JsonObject): Reply {
  const error: RpcError = { code, message, ...(data !== undefined && { data }) };
  return { kind: 'refused', error };
}
