import type { Yes } from '../approval/contract.ts';
import type { BudgetCall, BudgetFact, KeyUse } from '../control/contract.ts';
import { type CallScope, scopeOf } from '../core/call-scope.ts';
import { canonical } from '../core/canonical.ts';
import type { Clock } from '../core/clock.ts';
import { digestOf } from '../core/digest.ts';
import { describe } from '../core/errors.ts';
import { uuidv7 } from '../core/ids.ts';
import type { Caller, ToolCall, ToolFacts } from '../core/tool-call.ts';
import { buildInput, type CallSettings } from '../facts/input.ts';
import { inputTextOf } from '../facts/input-text.ts';
import { noPathFacts, type PathRoots, pathFacts } from '../facts/paths.ts';
import type { ActivePolicy, PolicySource, PolicyVersion } from '../policy/contract.ts';
import type { Decision } from '../policy/decision.ts';
import type { PolicyInput } from '../policy/input.ts';
import { deny, effective, hostDenial, viewOf } from '../policy/ruling.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import { hostRefusal } from './host-refusal.ts';
import { keyUse } from './key-use.ts';
import { noObligations } from './obligations/draft.ts';
import type { Plan as Obligations } from './obligations/plan.ts';
import { obligationsSupported } from './obligations/read-obligations.ts';
import { type Plan, planFor } from './plan.ts';
import { spenderOf } from './spender.ts';

export interface DecideParts {
  readonly policy: PolicySource;
  readonly clock: Clock;
  /** Why calls of this scope are stopped; undefined when they are not. */
  readonly frozen: (scope: CallScope) => string | undefined;
  readonly roots: (server: string) => PathRoots;
  /** Hash of the config's path: whose calls these are. */
  readonly gateKey: string;
  /** The budgets that the call counts in, as they stand; empty when there are none. */
  readonly budgets: (call: BudgetCall, nowMs: number) => readonly BudgetFact[];
  /** Whether a list would show what the call names: what is hidden cannot be called. */
  readonly isVisible: (
    call: ToolCall,
    caller: Caller,
    settings: CallSettings,
  ) => boolean | Promise<boolean>;
}

/** One decision about one call, with everything that it rests on. */
export interface Ruling {
  readonly decisionId: string;
  readonly nowMs: number;
  readonly call: ToolCall;
  /** The tool as it was when this was decided. */
  readonly tool: ToolFacts | undefined;
  readonly caller: Caller;
  readonly settings: CallSettings;
  readonly input: PolicyInput;
  /** Exactly what policy saw. */
  readonly inputText: string;
  readonly canonicalArguments: string;
  readonly raw: Decision | undefined;
  readonly decision: Decision;
  readonly error: string | undefined;
  /** What is wrong with the arguments by the tool's schema; a server in `report` mode gets them all the same. */
  readonly schemaFault: string | undefined;
  readonly policy: PolicyVersion | undefined;
  /** Whether the decision binds; in observe mode it is only recorded. */
  readonly enforced: boolean;
  /** What the decision comes to, were it to bind. */
  readonly plan: Plan;
  /** What holds for the result; nothing where the decision does not bind. */
  readonly obligations: Obligations;
  readonly spender: BudgetCall;
  readonly key: KeyUse | undefined;
  readonly standing: Standing;
}

/** What earlier rounds have brought: a call may be decided several times before it runs. */
export interface Standing {
  readonly round: number;
  /** A person's yes that the re-decision may rest on. */
  readonly approval: Yes | undefined;
  readonly prior: PolicyInput['context']['prior'];
  /** Rules that wanted another call than this one, and have got it. */
  readonly settled: readonly string[];
  /** How this call came to stand in the place of another. */
  readonly rewritten: Rewritten | undefined;
  /** The person's change that this call comes from. */
  readonly edited: Edited | undefined;
}

export const first: Standing = {
  round: 1,
  approval: undefined,
  prior: null,
  settled: [],
  rewritten: undefined,
  edited: undefined,
};

/** How a call came to stand in the place of another. */
export interface Rewritten {
  /** How often. */
  readonly times: number;
  /** The decision that put this call there. */
  readonly by: string;
  /** What the caller had asked for. */
  readonly asked: ToolCall;
  /** What the configuration says about that call: its key is read from there. */
  readonly settings: CallSettings;
  /** What the rules that wanted this call want for its result. */
  readonly obligations: Decision['obligations'];
}

/** A call whose arguments a person has changed when asked about it. */
export interface Edited {
  /** The yes that goes with the change. */
  readonly row: ApprovalRow;
  /** RFC 8785 text of what was asked about. */
  readonly asked: string;
  /** The call that was asked about, and how it had come to stand there. */
  readonly call: ToolCall;
  readonly rewritten: Rewritten | undefined;
}

/** Gathers the facts and asks policy, once. Never throws: whatever goes wrong is a denial. */
export async function decide(
  parts: DecideParts,
  call: ToolCall,
  caller: Caller,
  settings: CallSettings,
  standing: Standing,
): Promise<Ruling> {
  const nowMs = parts.clock();
  const frozen = parts.frozen(scopeOf(call, caller));
  const active = parts.policy.current();
  const tool = call.tool();
  const canonicalArguments = canonical(call.arguments);
  const { paths, protectedAt } =
    call.resourceType === 'client'
      ? noPathFacts
      : pathFacts(call.arguments, parts.roots(call.server));
  const spender = spenderOf(call, caller, settings);
  const budgets = budgetsOf(parts, spender, nowMs);
  const input = buildInput(call, tool, caller, settings, {
    nowMs,
    round: standing.round,
    frozen: frozen !== undefined,
    paths,
    argumentsDigest: digestOf(canonicalArguments),
    approval: approvalFact(standing.approval),
    prior: standing.prior,
    settled: standing.settled,
    obligationsSupported,
    budget: budgets ?? [],
  });
  const inputText = inputTextOf(input);
  const schemaFault = tool?.fault(call.arguments);
  const unbounded = budgets === undefined;
  const seen = { call, tool, settings, frozen, protectedAt, schemaFault, unbounded };
  const refusal = hostRefusal(seen);
  const judged: Judged = refusal ?? (await askPolicy(active, inputText, input));
  const seenAs = await visible(parts, bounded(judged.decision, standing), call, caller, settings);
  const wanted = obliged(seenAs, standing.rewritten);
  const { decision, plan } = planFor(wanted, call, tool, standing);
  const obligations = 'obligations' in plan ? plan.obligations : noObligations;
  const { rewritten } = standing;
  // Only what binds is decided again, and it goes on to bind: wherever policy sends it, and whatever becomes of the mode.
  const enforced =
    settings.mode === 'enforce' ||
    standing.round > 1 ||
    refusal?.binds === true ||
    settings.approvalMode === 'simulation_only';
  return {
    decisionId: uuidv7(nowMs),
    nowMs,
    call,
    tool,
    caller,
    settings,
    input,
    inputText,
    canonicalArguments,
    raw: judged.raw,
    decision,
    plan,
    obligations: enforced ? obligations : noObligations,
    spender,
    key: keyUse(parts.gateKey, rewritten ?? { asked: call, settings }, caller, obligations),
    standing,
    error: judged.error,
    schemaFault,
    policy: active?.version,
    enforced,
  };
}

/** What no list shows is not called either. Policy's own denial says more. */
async function visible(
  { isVisible }: DecideParts,
  decision: Decision,
  call: ToolCall,
  caller: Caller,
  settings: CallSettings,
): Promise<Decision> {
  if (decision.outcome === 'deny' || (await isVisible(call, caller, settings))) return decision;
  return hostDenial('gate.hidden', 'policy hides it from this caller');
}

function budgetsOf(
  { budgets }: DecideParts,
  spender: BudgetCall,
  nowMs: number,
): readonly BudgetFact[] | undefined {
  try {
    return budgets(spender, nowMs);
  } catch {
    // The journal will say why the store cannot be read.
    return undefined;
  }
}

type Judged = Pick<Ruling, 'decision'> & Partial<Pick<Ruling, 'raw' | 'error'>>;

async function askPolicy(
  active: ActivePolicy | undefined,
  inputText: string,
  input: PolicyInput,
): Promise<Judged> {
  if (active === undefined) {
    return { decision: hostDenial('gate.no-policy', 'no policy could be loaded') };
  }
  try {
    const raw = await active.decide(inputText, input);
    return { raw, decision: effective(raw, viewOf(input)) };
  } catch (thrown) {
    const decision = hostDenial('gate.policy-error', 'policy could not decide');
    return { decision, error: describe(thrown) };
  }
}

/** Approvals for one rule after another, or calls that run into each other, are what takes more rounds. */
const roundsLimit = 9;

// A policy that asks for ever gets a denial instead of another round.
function bounded(decision: Decision, { round }: Standing): Decision {
  if (round <= roundsLimit || decision.outcome === 'deny') return decision;
  return deny(decision, 'gate.rounds', 'approvals did not settle this call');
}

/** A rule that has got the call it wanted need not match any more: what it wants for the result holds all the same. */
function obliged(decision: Decision, rewritten: Rewritten | undefined): Decision {
  if (rewritten === undefined || rewritten.obligations.length === 0) return decision;
  const all = [...rewritten.obligations, ...decision.obligations];
  const distinct = new Map(all.map((each) => [JSON.stringify(each), each]));
  return { ...decision, obligations: [...distinct.values()] };
}

function approvalFact(yes: Yes | undefined): PolicyInput['context']['approval'] {
  if (yes === undefined) return null;
  const { id, rules, decidedBy, expiresMs } = yes.row;
  return {
    id,
    rules: [...rules],
    approvers: [...decidedBy],
    expires: new Date(expiresMs).toISOString(),
  };
}
