import type { Json, JsonObject } from '../core/json.ts';
import type { ToolCall, ToolFacts } from '../core/tool-call.ts';
import type { Decision, Rule } from '../policy/decision.ts';
import { deny } from '../policy/ruling.ts';
import { adapt } from './obligations/adapt.ts';
import { concernsNoResult, type Plan as Obligations } from './obligations/plan.ts';
import { readObligations } from './obligations/read-obligations.ts';
import { type Order, rewrite } from './rewrite.ts';
import { simulated } from './simulate.ts';

/** What is to be done about a call, with everything at hand that it takes: what could not be done is a denial already. */
export type Plan =
  | { readonly kind: 'refuse' }
  | { readonly kind: 'ask' | 'run'; readonly obligations: Obligations }
  /** Nothing reaches a server. */
  | { readonly kind: 'simulate'; readonly result: JsonObject }
  /** This call is decided in the place of the one that was asked for. */
  | { readonly kind: 'rewrite'; readonly call: ToolCall; readonly settled: readonly string[] };

/** How the call came to be what it is. */
interface Circumstances {
  readonly rewritten: { readonly times: number } | undefined;
  readonly edited?: object | undefined;
}

export interface Planned {
  readonly decision: Decision;
  readonly plan: Plan;
}

/** A call is rewritten so often at most; rules that want it to change for ever get a denial. */
const rewritesLimit = 3;

/** Turns a decision into what can be carried out. Obligations are read before anything runs: one that is not known denies. */
export function planFor(
  decision: Decision,
  call: ToolCall,
  tool: ToolFacts | undefined,
  { rewritten, edited }: Circumstances,
): Planned {
  if (decision.outcome === 'deny') return { decision, plan: { kind: 'refuse' } };
  const obligations = readObligations(decision.obligations);
  if (obligations.kind === 'fault') {
    return refused(decision, 'gate.obligation', obligations.reason);
  }
  switch (decision.outcome) {
    case 'simulate': {
      const result = simulation(decision, call, tool, obligations);
      if (result === undefined) return refused(decision, 'gate.simulate', noSimulation);
      return { decision, plan: { kind: 'simulate', result } };
    }
    case 'compute':
      return computed(decision, call, rewritten?.times ?? 0, edited !== undefined);
    case 'escalate':
      return { decision, plan: { kind: 'ask', obligations } };
    case 'reuse':
      if (decision.reuse == null)
        return refused(decision, 'gate.reuse', 'no time was given for it');
      return { decision, plan: { kind: 'run', obligations } };
    case 'adapt':
    case 'allow':
      return { decision, plan: { kind: 'run', obligations } };
  }
}

/** The made result as it may be delivered: policy's own words are under the obligations of all rules, too. */
function simulation(
  decision: Decision,
  call: ToolCall,
  tool: ToolFacts | undefined,
  obligations: Obligations,
): JsonObject | undefined {
  const result = simulated(call, wantedOf(decision), tool?.output);
  if (result === undefined || concernsNoResult(obligations)) return result;
  const done = adapt(obligations, result, 'result', tool?.output);
  if (done.kind === 'withheld') return undefined;
  return done.kind === 'changed' ? done.value : result;
}

function computed(
  decision: Decision,
  call: ToolCall,
  rewrites: number,
  isEdited: boolean,
): Planned {
  // An order for nothing would be settled at once, and let the call run as it is.
  if (decision.compute == null || Object.keys(decision.compute).length === 0) {
    return refused(decision, 'gate.compute', 'no safe path was given');
  }
  const made = rewrite(call, orderOf(decision.compute));
  if (made.kind === 'fault') return refused(decision, 'gate.compute', made.reason);
  // What changes nothing has nothing left to say: the call is decided again without it.
  // A person said yes to what they wrote, and to nothing that a rule makes of it.
  if (made.changed && isEdited) return refused(decision, 'gate.edited', notAsEdited);
  const settled = made.changed ? [] : decision.rules.map(({ id }: Rule) => id);
  if (made.changed && rewrites >= rewritesLimit) {
    return refused(decision, 'gate.compute', `the call had changed ${rewritesLimit} times`);
  }
  return { decision, plan: { kind: 'rewrite', call: made.call, settled } };
}

function refused(decision: Decision, id: string, reason: string): Planned {
  return { decision: deny(decision, id, reason), plan: { kind: 'refuse' } };
}

const notAsEdited = 'policy wants other arguments than a person had written';

const noSimulation = 'no simulated result can be made for this call';

// Policy's own words came out of the engine as text, so they are JSON.
function wantedOf({ simulate }: Decision): Json {
  return (simulate?.result ?? null) as Json;
}

function orderOf({ arguments: args, patch, tool }: NonNullable<Decision['compute']>): Order {
  return {
    arguments: args as JsonObject | undefined,
    patch: patch as JsonObject | undefined,
    tool,
  };
}
