import type { RpcError } from '../core/answer.ts';
import { newTraceId, traceIdOf } from '../core/ids.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { shortened } from '../core/shortened.ts';
import type { Claims, ToolCall } from '../core/tool-call.ts';
import type { Catalog } from '../upstream/contract.ts';
import type { IncomingRequest } from '../wire/contract.ts';
import type { Era } from '../wire/eras.ts';
import { withoutReserved } from '../wire/reserved-meta.ts';
import { rpcCode } from '../wire/rpc-error.ts';

/** A client's request as a call that can be decided, or why it is none. */
export type Resolved =
  | { readonly kind: 'call'; readonly call: ToolCall }
  | { readonly kind: 'refused'; readonly error: RpcError };

/** What differs between the methods: whose request it is, and what policy sees of it. */
type Resolve = (params: JsonObject, catalog: Catalog, era: Era) => Part | RpcError;
interface Part {
  readonly seen: Pick<
    ToolCall,
    'resourceType' | 'server' | 'name' | 'arguments' | 'tool' | 'sibling'
  >;
  readonly fields: JsonObject;
  readonly argumentsText: string | undefined;
}

const resolvers: Readonly<Record<string, { action: ToolCall['action']; resolve: Resolve }>> = {
  'tools/call': { action: 'tools/call', resolve: toolCall },
  'resources/read': { action: 'resources/read', resolve: resourceOf },
  'resources/subscribe': { action: 'resources/subscribe', resolve: resourceOf },
  'prompts/get': { action: 'prompts/get', resolve: promptGet },
  'completion/complete': { action: 'completion/complete', resolve: complete },
};

export function resolveCall(request: IncomingRequest, catalog: Catalog, era: Era): Resolved {
  const resolver = resolvers[request.method];
  if (resolver === undefined) return refused(invalid(`method "${request.method}" is not known`));
  const params = request.params ?? {};
  const part = resolver.resolve(withoutMeta(params), catalog, era);
  if ('code' in part) return refused(part);
  const key = objectOf(params['_meta'])?.[keyName];
  // Who sends a key relies on it: one that cannot be used must not be left out without a word.
  if (key !== undefined && !isKey(key)) {
    return refused(expected(`params._meta["${keyName}"]`, 'a string of 1 to 200 characters'));
  }
  return { kind: 'call', call: toCall(request, resolver.action, part, objectOf(params['_meta'])) };
}

function withoutMeta(params: JsonObject): JsonObject {
  if (params['_meta'] === undefined) return params;
  const { _meta: _, ...rest } = params;
  return rest;
}

/** `params._meta` as it is forwarded: without the progress token and the keys that are the gate's own. */
export function forwardedMeta(meta: Json | undefined): JsonObject | undefined {
  if (!isObject(meta)) return undefined;
  const { progressToken: _, ...rest } = meta;
  return objectOf(withoutReserved({ _meta: rest })['_meta']);
}

function objectOf(value: Json | undefined): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

function toCall(
  request: IncomingRequest,
  action: ToolCall['action'],
  part: Part,
  meta: JsonObject | undefined,
): ToolCall {
  const { seen, fields, argumentsText } = part;
  const { resourceType, server, name, tool, sibling } = seen;
  // Member by member: an object that begins as a copy costs more than all the rest of this.
  return {
    action,
    resourceType,
    server,
    name,
    arguments: seen.arguments,
    argumentsText: argumentsText ?? JSON.stringify(seen.arguments),
    tool,
    sibling,
    request: {
      method: request.method,
      fields,
      meta: forwardedMeta(meta),
      argumentsText,
      extras: request.extras && withoutReserved(request.extras),
    },
    traceId: traceIdOf(meta?.['traceparent']) ?? newTraceId(),
    claims: claimsOf(meta ?? {}),
  };
}

function claimsOf(meta: JsonObject): Claims {
  const model = meta['dev.mcp-gate/model'];
  const key = meta[keyName];
  return {
    model: isObject(model) ? model : undefined,
    idempotencyKey: isKey(key) ? key : undefined,
  };
}

const keyName = 'dev.mcp-gate/idempotency-key';

function isKey(key: Json | undefined): key is string {
  return typeof key === 'string' && key !== '' && key.length <= 200;
}

function toolCall(params: JsonObject, catalog: Catalog, era: Era): Part | RpcError {
  const { name, arguments: args, task, ...others } = params;
  if (typeof name !== 'string') return expected('params.name', 'a string');
  // The tool would run in the background, and nothing of it would come back through the gate. The modern era does not
  // know the member: there it goes no further, for a legacy server would.
  if (task !== undefined && era === 'legacy') return invalid('tasks are not supported');
  if (args !== undefined && !isObject(args)) return expected('params.arguments', 'an object');
  const tool = catalog.tool(name);
  if (tool === undefined) return invalid(`Unknown tool: ${shortened(name, 200)}`);
  return {
    seen: {
      resourceType: 'tool',
      server: tool.server,
      name: tool.name,
      arguments: args ?? {},
      tool: () => catalog.tool(name),
      sibling: (server, own) => catalog.toolOf(server, own) && (() => catalog.toolOf(server, own)),
    },
    fields: { name: tool.name, ...withoutReserved(others) },
    argumentsText: args === undefined ? undefined : JSON.stringify(args),
  };
}

function resourceOf(params: JsonObject, catalog: Catalog): Part | RpcError {
  const { uri } = params;
  if (typeof uri !== 'string') return expected('params.uri', 'a string');
  const server = catalog.resourceServer(uri);
  if (server === undefined) {
    return { code: rpcCode.resourceNotFound, message: 'Resource not found', data: { uri } };
  }
  return whole('resource', server, uri, params);
}

function promptGet(params: JsonObject, catalog: Catalog): Part | RpcError {
  const { name } = params;
  if (typeof name !== 'string') return expected('params.name', 'a string');
  const prompt = catalog.prompt(name);
  if (prompt === undefined) return invalid(`Unknown prompt: ${shortened(name, 200)}`);
  return whole('prompt', prompt.server, prompt.name, { ...params, name: prompt.name });
}

function complete(params: JsonObject, catalog: Catalog): Part | RpcError {
  const { ref } = params;
  if (!isObject(ref)) return expected('params.ref', 'an object');
  if (typeof ref['name'] === 'string') {
    const prompt = catalog.prompt(ref['name']);
    if (prompt === undefined) return invalid(`Unknown prompt: ${shortened(ref['name'], 200)}`);
    const original = { ...params, ref: { ...ref, name: prompt.name } };
    return whole('prompt', prompt.server, prompt.name, original);
  }
  if (typeof ref['uri'] !== 'string') return expected('params.ref', 'a prompt or a resource');
  const server = catalog.resourceServer(ref['uri']);
  if (server === undefined) return invalid(`Unknown resource: ${shortened(ref['uri'], 200)}`);
  return whole('resource', server, ref['uri'], params);
}

// Everything but a tool call is decided on its whole params, exactly as they are forwarded.
function whole(
  resourceType: ToolCall['resourceType'],
  server: string,
  name: string,
  said: JsonObject,
): Part {
  const params = withoutReserved(said);
  const none = () => undefined;
  const seen = { resourceType, server, name, arguments: params, tool: none, sibling: none };
  return { seen, fields: params, argumentsText: undefined };
}

function expected(where: string, what: string): RpcError {
  return invalid(`"${where}" must be ${what}`);
}

function invalid(message: string): RpcError {
  return { code: rpcCode.invalidParams, message };
}

function refused(error: RpcError): Resolved {
  return { kind: 'refused', error };
}
