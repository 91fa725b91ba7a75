import type { Answer } from '../core/answer.ts';
import { newTraceId, traceIdOf } from '../core/ids.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import type { Lifetime } from '../core/lifetime.ts';
import type { FarMessage } from '../core/related.ts';
import { shortened } from '../core/shortened.ts';
import type { Decide, Target } from '../core/target.ts';
import type { Caller, Session, ToolCall } from '../core/tool-call.ts';
import type { UpstreamEvents, UpstreamPool } from '../upstream/contract.ts';
import { lookup } from '../wire/methods.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { forwardedMeta } from './tool-calls.ts';

export interface ServerRequestParts {
  readonly decide: Decide;
  readonly pool: UpstreamPool;
  readonly session: Session;
  /** What the client declared, in `initialize` or in its request. */
  readonly declared: JsonObject;
}

/** What a server may ask a client, and the capability without which it is not passed on. */
const askable: Readonly<Record<string, { action: ToolCall['action']; capability: string }>> = {
  'sampling/createMessage': { action: 'sampling/createMessage', capability: 'sampling' },
  'elicitation/create': { action: 'elicitation/create', capability: 'elicitation' },
  'roots/list': { action: 'roots/list', capability: 'roots' },
};

/** More open requests than this of one server: what is left of the client's are for the others. */
const openLimit = 20;

/**
 * Requests that servers start: decided like every other, with the server as the subject and the client as the target. The
 * way to the client may be another one for every request.
 */
export function createServerRequests(
  parts: ServerRequestParts,
): (client: Target) => UpstreamEvents['onRequest'] {
  const open = new Map<string, number>();
  const shareOf = (server: string, client: Target): Target => ({
    send: async (sent, options) => {
      const others = open.get(server) ?? 0;
      if (others >= openLimit) {
        return { kind: 'unsent', reason: 'the server has too many open requests' };
      }
      open.set(server, others + 1);
      const delivery = await client.send(sent, options);
      open.set(server, (open.get(server) ?? 1) - 1);
      return delivery;
    },
  });
  return (client) => (server, request, lifetime, reply) => {
    const asked = askable[request.method];
    const decided = lookup('server', 'request', request.method, 'legacy')?.treatment === 'decide';
    if (asked === undefined || !decided || parts.declared[asked.capability] === undefined) {
      reply(notFound(request.method));
      return;
    }
    const call = callOf(server, asked.action, request);
    const caller = callerOf(parts, server, request, lifetime);
    parts.decide(call, caller, () => shareOf(server, client)).then(reply, () => reply(failed));
  };
}

function callOf(server: string, action: ToolCall['action'], request: FarMessage): ToolCall {
  const { method, params, extras } = request;
  const { _meta: meta, ...fields } = params ?? {};
  return {
    action,
    resourceType: 'client',
    server,
    name: method,
    arguments: fields,
    argumentsText: JSON.stringify(fields),
    request: {
      method,
      fields: params === undefined ? undefined : fields,
      meta: forwardedMeta(meta),
      argumentsText: undefined,
      extras,
    },
    traceId: traceIdOf(isObject(meta) ? meta['traceparent'] : undefined) ?? newTraceId(),
    claims: { model: undefined, idempotencyKey: undefined },
    tool: () => undefined,
    sibling: () => undefined,
  };
}

function callerOf(
  { pool, session }: ServerRequestParts,
  server: string,
  { params }: FarMessage,
  lifetime: Lifetime,
): Caller {
  const meta = params?.['_meta'];
  const token = isObject(meta) ? meta['progressToken'] : undefined;
  const method = 'notifications/progress';
  return {
    session,
    identity: {
      type: 'server',
      id: server,
      source: 'upstream',
      verified: true,
      scope: `server:${server}`,
    },
    lifetime,
    progress: undefined,
    related: undefined,
    relayProgress:
      token === undefined
        ? undefined
        : (progress, extras) => {
            const restored = { ...progress, progressToken: token };
            pool.connection(server)?.notify({ method, params: restored, extras });
          },
  };
}

function notFound(method: string): Answer {
  const message = `Method not found: ${shortened(method, 100)}`;
  return { kind: 'refused', error: { code: rpcCode.methodNotFound, message } };
}

const failed: Answer = {
  kind: 'refused',
  error: { code: rpcCode.internal, message: 'the gate failed; the client was not asked' },
};
