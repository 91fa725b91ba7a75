import type { Reply, RpcError } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import type { Decide } from '../core/target.ts';
import type { Caller } from '../core/tool-call.ts';
import type { UpstreamPool } from '../upstream/contract.ts';
import type { IncomingRequest } from '../wire/contract.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { type Lists, settleLimitMs, type Visibility } from './lists.ts';
import { forwardedMeta, resolveCall } from './tool-calls.ts';

export interface ServeParts {
  readonly pool: UpstreamPool;
  readonly decide: Decide;
  readonly visibility: Visibility;
}

export type Serve = (request: IncomingRequest, caller: Caller) => Promise<Reply>;

/** The three ways in which a client's request is served when the gate itself is not its far side. */
export function createServing(parts: ServeParts, lists: Lists) {
  return {
    decide: (request: IncomingRequest, caller: Caller) => decideCall(parts, request, caller),
    filter: async ({ method }: IncomingRequest): Promise<Reply> => ({
      kind: 'text',
      text: await lists.textOf(method),
    }),
    pass: (request: IncomingRequest, caller: Caller) => pass(parts, request, caller),
  } satisfies Record<string, Serve>;
}

async function decideCall(
  { pool, decide }: ServeParts,
  request: IncomingRequest,
  caller: Caller,
): Promise<Reply> {
  let resolved = resolveCall(request, pool.catalog);
  if (resolved.kind === 'refused') {
    // A client may know the name from an earlier run, while the servers are still starting.
    const isThere = () => resolveCall(request, pool.catalog).kind === 'call';
    await pool.catalog.settled(settleLimitMs, isThere);
    resolved = resolveCall(request, pool.catalog);
  }
  if (resolved.kind === 'refused') return resolved;
  const { call } = resolved;
  return decide(call, caller, () => pool.connection(call.server));
}

// Subscriptions: they go to the one server whose resource it is, and nobody decides on what stands beside their params.
async function pass(
  { pool }: ServeParts,
  { method, params }: IncomingRequest,
  caller: Caller,
): Promise<Reply> {
  const { _meta: meta, ...fields } = params ?? {};
  const { uri } = fields;
  if (typeof uri !== 'string') {
    return refused(rpcCode.invalidParams, '"params.uri" must be a string');
  }
  await pool.catalog.settled(settleLimitMs);
  const server = pool.catalog.resourceServer(uri);
  const connection = server === undefined ? undefined : pool.connection(server);
  if (connection === undefined) {
    return refused(rpcCode.resourceNotFound, 'Resource not found', { uri });
  }
  const none = { argumentsText: undefined, extras: undefined };
  const delivery = await connection.send(
    { method, fields, meta: forwardedMeta(meta), ...none },
    { lifetime: caller.lifetime, onProgress: caller.relayProgress, related: undefined },
  );
  if (delivery.kind === 'answered') return { kind: 'relayed', response: delivery.response };
  return refused(rpcCode.unavailable, 'the server gave no answer');
}

function refused(code: number, message: string, data?: JsonObject): Reply {
  const error: RpcError = { code, message, ...(data !== undefined && { data }) };
  return { kind: 'refused', error };
}
