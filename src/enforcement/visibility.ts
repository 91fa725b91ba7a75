import type { ResourceType } from '../core/action.ts';
import { canonical } from '../core/canonical.ts';
import type { Clock } from '../core/clock.ts';
import { digestOf } from '../core/digest.ts';
import { Lifetime } from '../core/lifetime.ts';
import { once } from '../core/once.ts';
import type { Caller, Identity, Session, ToolCall, ToolFacts } from '../core/tool-call.ts';
import { buildInput, type CallSettings } from '../facts/input.ts';
import type { ActivePolicy, PolicySource } from '../policy/contract.ts';
import type { CatalogItem, ListKind } from '../upstream/contract.ts';
import { obligationsSupported } from './obligations/read-obligations.ts';

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

const kinds: Readonly<Record<'tool' | 'resource' | 'prompt', ListKind>> = {
  tool: 'tools',
  resource: 'resources',
  prompt: 'prompts',
};

const shown = Promise.resolve(true);

const textOf = once((part: object) => JSON.stringify(part));

/** Names are the agent's word: so many verdicts are remembered at most, and a rule may look at the time. */
const keptVerdicts = 4096;
const keptMs = 1000;

/**
 * What lists show: in enforce mode what policy's `visible` lets through, in observe mode everything. Without a policy, or
 * when it fails on an item, the item is shown in neither case that binds: it could not be called either.
 */
export function createVisibility(parts: VisibilityParts) {
  const known = new Map<string, { readonly verdict: Promise<boolean>; readonly atMs: number }>();
  return {
    /** Whether a list would show what the call names, by the same words: what is hidden is not called either. */
    shows: (call: ToolCall, caller: Pick<Caller, 'identity' | 'session'>): Promise<boolean> => {
      if (call.resourceType === 'client') return shown;
      const active = parts.policy.current();
      const tool = call.tool();
      const { identity, session } = caller;
      const viewer = { identity, client: session.client };
      // Whatever somebody may choose is quoted, so that no two of these look alike.
      const key = `${active?.version.digest} ${parts.settingsRevision()} ${textOf(identity)} ${textOf(session.client)} ${call.resourceType} ${call.server} ${JSON.stringify(call.name)} ${tool?.pin} ${tool?.pinState}`;
      const nowMs = parts.clock();
      const before = known.get(key);
      if (before !== undefined && nowMs - before.atMs < keptMs) return before.verdict;
      const verdict = isShown(
        { parts, active, kind: kinds[call.resourceType], viewer },
        call,
        tool,
      );
      if (known.size >= keptVerdicts) known.clear();
      known.set(key, { verdict, atMs: nowMs });
      return verdict;
    },
    key: () => `${parts.policy.current()?.version.digest ?? 'none'} ${parts.settingsRevision()}`,
    filter: async (kind: ListKind, items: readonly CatalogItem[], viewer: Viewer) => {
      await parts.policy.ready;
      const active = parts.policy.current();
      const look = { parts, active, kind, viewer };
      const verdicts = await Promise.all(items.map((item) => isShown(look, item, toolOf(item))));
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

type Named = Pick<CatalogItem, 'server' | 'name'>;

async function isShown(look: Look, item: Named, tool: ToolFacts | undefined): Promise<boolean> {
  const settings = look.parts.settings(item.server, item.name);
  if (settings.mode === 'observe') return true;
  if (look.active === undefined) return false;
  try {
    return await look.active.visible(JSON.stringify(listInput(look, settings, item, tool)));
  } catch {
    return false;
  }
}

function listInput(
  { parts, kind, viewer }: Look,
  settings: CallSettings,
  item: Named,
  tool: ToolFacts | undefined,
) {
  const nowMs = parts.clock();
  const input = buildInput(callOf(kind, item, tool), tool, callerOf(viewer, nowMs), settings, {
    nowMs,
    round: 1,
    frozen: false,
    paths: [],
    argumentsDigest: digestOf(canonical({})),
    approval: null,
    prior: null,
    settled: [],
    obligationsSupported,
    budget: [],
  });
  return { ...input, action: { name: 'list' } };
}

function callOf(kind: ListKind, item: Named, tool: ToolFacts | undefined): ToolCall {
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
    tool: () => tool,
    sibling: () => undefined,
  };
}

function toolOf(item: CatalogItem): ToolFacts | undefined {
  return isTool(item) ? item : undefined;
}

function isTool(item: CatalogItem): item is CatalogItem & ToolFacts {
  return 'pin' in item;
}

function callerOf({ identity, client }: Viewer, nowMs: number) {
  const session: Session = {
    id: '',
    startedMs: nowMs,
    client,
    calls: 0,
    denials: 0,
    labels: new Set<string>(),
  };
  const none = { progress: undefined, relayProgress: undefined, related: undefined };
  return { session, identity, lifetime: new Lifetime(), ...none };
}
