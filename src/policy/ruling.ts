import type { Decision, Rule } from './decision.ts';
import type { PolicyInput } from './input.ts';

/** What the host knows about the call that policy does not decide. */
export interface HostView {
  readonly approvalMode: 'auto_execute' | 'require_human_approval' | 'simulation_only';
  /** The rules that a person has said yes to. */
  readonly satisfied: readonly string[];
  /** Whether this kind of request can wait for a person. */
  readonly holdable: boolean;
  readonly budgets: readonly BudgetView[];
}

type BudgetView = Pick<PolicyInput['context']['budget'][number], 'id' | 'exceeded' | 'on_exceed'>;

/** What the input document says of it: a replay sees what was seen then. */
export function viewOf({ action, context }: PolicyInput): HostView {
  return {
    approvalMode: context.approval_mode,
    satisfied: context.approval?.rules ?? [],
    // Only a tool call has an answer that says "ask your user, and repeat".
    holdable: action.name === 'tools/call',
    budgets: context.budget,
  };
}

/**
 * What the host makes of policy's word. It may only tighten: the AND of the four predicates, the approval mode and the
 * budgets that the configuration sets, and a denial where nobody can be asked.
 */
export function effective(raw: Decision, view: HostView): Decision {
  return [predicates, approvalMode, budgets, askable].reduce(
    (decision, tighten) => tighten(decision, view),
    raw,
  );
}

/** A denial that the host itself gives, in the form of a policy decision. */
export function hostDenial(id: string, reason: string, rules: readonly Rule[] = []): Decision {
  return {
    outcome: 'deny',
    reason,
    rules: [{ id, reason, predicate: 'policy' }, ...rules],
    predicates: { identity: true, model: true, data: true, policy: false },
    obligations: [],
    risk: null,
    approval: null,
  };
}

/** The rule under which `require_human_approval` asks; an approval of it satisfies that mode. */
const approvalModeRule = 'gate.approval-mode';

function predicates(decision: Decision): Decision {
  const { identity, model, data, policy } = decision.predicates;
  if (decision.outcome === 'deny' || (identity && model && data && policy)) return decision;
  const reason = 'a predicate does not hold';
  return { ...deny(decision, 'gate.predicates', reason), predicates: decision.predicates };
}

function approvalMode(decision: Decision, view: HostView): Decision {
  if (decision.outcome === 'deny' || view.approvalMode === 'auto_execute') return decision;
  if (view.approvalMode === 'simulation_only') return { ...decision, outcome: 'simulate' };
  const asks = ['escalate', 'reuse', 'adapt', 'allow'].includes(decision.outcome);
  if (!asks || view.satisfied.includes(approvalModeRule)) return decision;
  const reason = 'the configuration asks for a yes to every call of this tool';
  const all = { ...decision, rules: [...decision.rules, { id: approvalModeRule, reason }] };
  // Where policy asks as well, one yes answers both.
  return decision.outcome === 'escalate' ? all : asking(all, reason);
}

/** A yes to a call beyond this budget is a yes to this rule. */
export function budgetRule(id: string): string {
  return `gate.budget.${id}`;
}

function budgets(decision: Decision, view: HostView): Decision {
  if (['deny', 'simulate', 'compute'].includes(decision.outcome)) return decision;
  const asked = ({ id, on_exceed }: BudgetView) =>
    on_exceed === 'escalate' && view.satisfied.includes(budgetRule(id));
  const exceeded = view.budgets.filter((budget) => budget.exceeded && !asked(budget));
  const strictest = (['deny', 'simulate', 'escalate'] as const)
    .map((wanted) => exceeded.find(({ on_exceed }) => on_exceed === wanted))
    .find((budget) => budget !== undefined);
  if (strictest === undefined) return decision;
  const reason = `budget "${strictest.id}" has no room for this call`;
  const rules = exceeded.map(({ id }) => ({ id: budgetRule(id), reason }));
  if (strictest.on_exceed === 'deny') return deny(decision, budgetRule(strictest.id), reason);
  const all = { ...decision, rules: [...decision.rules, ...rules] };
  if (strictest.on_exceed === 'simulate') return { ...all, outcome: 'simulate', reason };
  return decision.outcome === 'escalate' ? all : asking(all, reason);
}

function askable(decision: Decision, { holdable }: HostView): Decision {
  if (decision.outcome !== 'escalate' || holdable) return decision;
  return deny(decision, 'gate.not-holdable', `${decision.reason}, and this request cannot wait`);
}

function asking(decision: Decision, reason: string): Decision {
  const approval = decision.approval ?? { expires_in_s: null, quorum: 1, approvers: [] };
  return { ...decision, outcome: 'escalate', reason, approval };
}

/** The denials that the host gives when it cannot carry out what policy said; the last two are those of earlier versions. */
const lastWords = [
  'gate.compute',
  'gate.edited',
  'gate.hidden',
  'gate.idempotency',
  'gate.obligation',
  'gate.reuse',
  'gate.rounds',
  'gate.simulate',
  'gate.obligation-unsupported',
  'gate.outcome-unsupported',
] as const;

/** Whether this rule of a recorded decision is one of them. */
export function hasLastWord(rule: string | undefined): boolean {
  return lastWords.some((each) => each === rule);
}

/** The same decision as a denial of the host; what policy had said stays among the rules. */
export function deny(decision: Decision, id: string, reason: string): Decision {
  return { ...hostDenial(id, reason, decision.rules), risk: decision.risk };
}
