import { isObject, type JsonObject } from '../core/json.ts';
import type { ListKind } from './contract.ts';

// What one `subscriptions/listen` asks for (MCP 2026-07-28, subscriptions, notification filter).

const changes = [
  { capability: 'tools', field: 'toolsListChanged', kinds: ['tools'] },
  { capability: 'prompts', field: 'promptsListChanged', kinds: ['prompts'] },
  {
    capability: 'resources',
    field: 'resourcesListChanged',
    kinds: ['resources', 'resourceTemplates'],
  },
] as const;

export function tellsOfResources(capabilities: JsonObject): boolean {
  return says(capabilities, 'resources', 'subscribe');
}

export function tellableKinds(capabilities: JsonObject): readonly ListKind[] {
  return tellableChanges(capabilities).flatMap(({ kinds }) => kinds);
}

/** Undefined when there is nothing to listen for. */
export function listenFilter(
  capabilities: JsonObject,
  uris: Iterable<string>,
): JsonObject | undefined {
  const resourceSubscriptions = [...uris];
  const declared = tellableChanges(capabilities).map(({ field }) => [field, true] as const);
  const filter = {
    ...Object.fromEntries(declared),
    ...(resourceSubscriptions.length > 0 && { resourceSubscriptions }),
  };
  return Object.keys(filter).length === 0 ? undefined : filter;
}

/** The resources that a server has acknowledged that it will tell of. */
export function acknowledgedUris(params: JsonObject | undefined): ReadonlySet<unknown> {
  const filter = params?.['notifications'];
  const uris = isObject(filter) ? filter['resourceSubscriptions'] : undefined;
  return new Set(Array.isArray(uris) ? uris : []);
}

/** The lists whose changes a server says that it tells of. */
function tellableChanges(capabilities: JsonObject): readonly (typeof changes)[number][] {
  return changes.filter(({ capability }) => says(capabilities, capability, 'listChanged'));
}

function says(capabilities: JsonObject, capability: string, member: string): boolean {
  const declared = capabilities[capability];
  return isObject(declared) && declared[member] === true;
}
