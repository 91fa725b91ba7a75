import type { Crossing } from '../bridge/contract.ts';
import { errorResponse } from '../bridge/result-bytes.ts';
import type { Delivery, Reply, RpcError } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import type { Target } from '../core/target.ts';
import type { Caller, ForwardedRequest, ToolCall } from '../core/tool-call.ts';
import type { Connection, UpstreamPool } from '../upstream/contract.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { settleLimitMs } from './lists.ts';
import type { ResourceHolds } from './resource-holds.ts';
import { forwardedMeta } from './tool-calls.ts';

/** A client that shares its servers is told of so many resources at most. */
const heldLimit = 1_000;

/**
 * What one legacy client has subscribed to. `resources/subscribe` comes here when it has been decided, `resources/unsubscribe`
 * as it is; nothing that stands beside their params goes further. A client that is `alone` hears whatever its servers tell;
 * one that shares them hears only what it asked for, and takes nothing from the others when it leaves.
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

  /** The way to the server for a decided call: a subscription is counted in the tick in which it is sent. */
  through({ action }: ToolCall, connection: Connection, target: Target): Target {
    if (action !== 'resources/subscribe') return target;
    return {
      send: (request, options) => {
        const obstacle = this.#alone ? undefined : this.#add(request, connection);
        return obstacle === undefined
          ? target.send({ ...request, extras: undefined }, options)
          : Promise.resolve(obstacle);
      },
    };
  }

  /** `resources/unsubscribe`: to the one server whose resource it is, unless others still want it. */
  async takeBack(crossing: Crossing, caller: Caller): Promise<Reply> {
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
    if (!this.#alone && !this.#remove(uri)) return { kind: 'made', result: {} };
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

  /** What came of it when the server is not to be asked. */
  #add({ fields }: ForwardedRequest, connection: Connection): Delivery | undefined {
    const uri = fields?.['uri'];
    if (typeof uri !== 'string') return { kind: 'unsent', reason: 'no "uri" to subscribe to' };
    const before = this.#held.get(uri);
    if (before === undefined && this.#held.size >= heldLimit) return tooMany;
    if (before === connection) return undefined;
    if (before !== undefined) this.#holds.remove(before, uri);
    this.#holds.add(connection, uri);
    this.#held.set(uri, connection);
    return undefined;
  }

  /** Whether nobody else wants it, so that the server is to be told. */
  #remove(uri: string): boolean {
    const before = this.#held.get(uri);
    this.#held.delete(uri);
    return before !== undefined && this.#holds.remove(before, uri);
  }
}

const tooMany: Delivery = {
  kind: 'answered',
  response: errorResponse({ code: rpcCode.invalidRequest, message: 'too many subscriptions' }),
};

function refused(code: number, message: string, data?: JsonObject): Reply {
  const error: RpcError = { code, message, ...(data !== undefined && { data }) };
  return { kind: 'refused', error };
}
