import { isObject, type JsonObject } from '../core/json.ts';
import { shortened } from '../core/shortened.ts';
import type { ClientHello } from '../upstream/contract.ts';
import { negotiate } from '../wire/revisions.ts';

/**
 * What the gate offers before any server has answered: everything that it can relay. A list of what no server has is
 * empty, and later arrivals are told by `list_changed`.
 */
const capabilities = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  completions: {},
  logging: {},
} as const satisfies JsonObject;

/** The result of `initialize`, given at once. */
export function welcome(hello: ClientHello, version: string, instructions: string): JsonObject {
  return {
    protocolVersion: hello.protocolVersion,
    capabilities,
    serverInfo: { name: 'mcp-gate', version },
    instructions,
  };
}

/** What a client said in `initialize`; what it left out or got wrong counts as nothing declared. */
export function helloOf(params: JsonObject | undefined): ClientHello {
  const { protocolVersion, capabilities: declared, clientInfo } = params ?? {};
  return {
    era: 'legacy',
    protocolVersion: negotiate(protocolVersion),
    capabilities: isObject(declared) ? declared : {},
    clientInfo: isObject(clientInfo) ? clientInfo : { name: 'unknown', version: '0' },
  };
}

/** Name and version as the client gives them, cut to what an entry may hold. */
export function clientOf({ clientInfo }: ClientHello) {
  const text = (value: unknown) => (typeof value === 'string' ? shortened(value, 100) : 'unknown');
  return { name: text(clientInfo['name']), version: text(clientInfo['version']) };
}
