import { isObject, type JsonObject } from '../core/json.ts';
import { shortened } from '../core/shortened.ts';
import type { ClientHello } from '../upstream/contract.ts';
import { negotiate } from '../wire/revisions.ts';
import type { SelfDescription } from './discovery.ts';
import { knowsTasks, taskCapability } from './tasks/task-offer.ts';

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
export function welcome(hello: ClientHello, self: SelfDescription): JsonObject {
  const { version, instructions } = self;
  return {
    protocolVersion: hello.protocolVersion,
    capabilities: takesTasks(hello, self)
      ? { ...capabilities, tasks: taskCapability }
      : capabilities,
    serverInfo: { name: 'mcp-gate', version },
    instructions: instructions(),
  };
}

/** Whether the calls of a legacy client may be tasks: only where it is known what it makes of that. */
export function takesTasks(
  hello: ClientHello,
  { tasksFor }: Pick<SelfDescription, 'tasksFor'>,
): boolean {
  return knowsTasks(hello) && tasksFor?.(clientOf(hello).name) === true;
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
