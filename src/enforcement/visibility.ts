import type { ResourceType } from '../core/action.ts';
import { canonical } from '../core/canonical.ts';
import type { Clock } from '../core/clock.ts';
import { digestOf } from '../core/digest.ts';
import { Lifetime } from '../core/lifetime.ts';
import type { Identity, Session, ToolCall, ToolFacts } from '../core/tool-call.ts';
import { buildInput, type CallSettings } from '../facts/input.ts';
import type { ActivePolicy, PolicySource } from '../policy/contract.ts';
import type { CatalogItem, ListKind } from '../upstream/contract.ts';

export interface VisibilityParts {
  /** `ready` resolves once the first policy is in force or refused. */
  readonly policy: PolicySource & { readonly ready: Promise<void> };
  readonly clock: Clock;
  readonly settings: (server: string, tool: string) => CallSettings;
  /** Changes whenever the settings may. */
  readonly settingsRevision: () => number;
}

/** Who looks at a list. */
export interface Viewer {
  readonly identity: Identity;
  readonly client: Session['client'];
}

const resourceTypes: Readonly<Record<ListKind, ResourceType>> = {
  tools: 'tool',
  resources: 'resource',
  resourceTemplates: 'resource',
  prompts: 'prompt',
};

/**
 * What lists show: in enforce mode what policy's `visible` lets through, in observe mode everything. Without a policy, or
 * when it fails on an item, the item is shown in neither case that binds: it could not be called either.
 */
export function createVisibility(parts: VisibilityParts) {
  return {
    key: () => `${parts.policy.current()?.version.digest ?? 'none'} ${parts.settingsRevision()}`,
    filter: async (kind: ListKind, items: readonly CatalogItem[], viewer: Viewer) => {
      await parts.policy.ready;
      const active = parts.policy.current();
      const look = { parts, active, kind, viewer };
      const verdicts = await Promise.all(items.map((item) => isShown(look, item)));
      return items.filter((_, at) => verdicts[at]);
    },
  };
}

/** One look of one viewer at one list. */
interface Look {
  readonly parts: VisibilityParts;
  readonly active: ActivePolicy | undefined;
  readonly kind: ListKind;
  readonly viewer: Viewer;
}

async function isShown(look: Look, item: CatalogItem): Promise<boolean> {
  const settings = look.parts.settings(item.server, item.name);
  if (settings.mode === 'observe') return true;
  if (look.active === undefined) return false;
  try {
    return await look.active.visible(JSON.stringify(listInput(look, settings, item)));
  } catch {
    return false;
  }
}

function listInput({ parts, kind, viewer }: Look, settings: CallSettings, item: CatalogItem) {
  const nowMs = parts.clock();
  const input = buildInput(callOf(kind, item), toolOf(item), callerOf(viewer, nowMs), settings, {
    nowMs,
    round: 1,
    frozen: false,
    paths: [],
    argumentsDigest: digestOf(canonical({})),
    approval: null,
    prior: null,
  });
  return { ...input, action: { name: 'list' } };
}

function callOf(kind: ListKind, item: CatalogItem): ToolCall {
  return {
    action: 'tools/call',
    resourceType: resourceTypes[kind],
    server: item.server,
    name: item.name,
    arguments: {},
    argumentsText: '{}',
    request: {
      method: '',
      fields: undefined,
      meta: undefined,
      argumentsText: undefined,
      extras: undefined,
    },
    traceId: '',
    claims: { model: undefined, idempotencyKey: undefined },
    tool: () => toolOf(item),
  };
}

function toolOf(item: CatalogItem): ToolFacts | undefined {
  return isTool(item) ? item : undefined;
}

function isTool(item: CatalogItem): item is CatalogItem & ToolFacts {
  return 'pin' in item;
}

function callerOf({ identity, client }: Viewer, nowMs: number) {
  const session: Session = { id: '', startedMs: nowMs, client, calls: 0, denials: 0 };
  const none = { progress: undefined, relayProgress: undefined, related: undefined };
  return { session, identity, lifetime: new Lifetime(), ...none };
}
