import type { Decision, Outcome, Rule } from './decision.ts';

/** What the host knows about the call that policy does not decide. */
export interface HostView {
  readonly approvalMode: 'auto_execute' | 'require_human_approval' | 'simulation_only';
  /** The rules that a person has said yes to. */
  readonly satisfied: readonly string[];
  /** Whether this kind of request can wait for a person. */
  readonly holdable: boolean;
}

/**
 * What the host makes of policy's word. It may only tighten: the AND of the four predicates, the approval mode that the
 * configuration sets, and a denial for whatever this gate cannot carry out.
 */
export function effective(raw: Decision, view: HostView): Decision {
  return [predicates, approvalMode, obligations, outcomesInForce].reduce(
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
  const asks = ['reuse', 'adapt', 'allow'].includes(decision.outcome);
  if (!asks || view.satisfied.includes(approvalModeRule)) return decision;
  const reason = 'the configuration asks for a yes to every call of this tool';
  return {
    ...decision,
    outcome: 'escalate',
    reason,
    rules: [...decision.rules, { id: approvalModeRule, reason }],
    approval: decision.approval ?? { expires_in_s: null, quorum: 1, approvers: [] },
  };
}

// An obligation nobody performs would be a promise to policy that is not kept.
function obligations(decision: Decision): Decision {
  const first = decision.obligations[0];
  if (decision.outcome === 'deny' || first === undefined) return decision;
  const reason = `obligation "${String(first['type']).slice(0, 60)}" is not supported`;
  return deny(decision, 'gate.obligation-unsupported', reason);
}

const inForce: readonly Outcome[] = ['deny', 'escalate', 'allow'];

function outcomesInForce(decision: Decision, { holdable }: HostView): Decision {
  if (!inForce.includes(decision.outcome)) {
    const reason = `outcome "${decision.outcome}" is not supported by this version`;
    return deny(decision, 'gate.outcome-unsupported', reason);
  }
  if (decision.outcome !== 'escalate' || holdable) return decision;
  return deny(decision, 'gate.not-holdable', `${decision.reason}, and this request cannot wait`);
}

function deny(decision: Decision, id: string, reason: string): Decision {
  return { ...hostDenial(id, reason, decision.rules), risk: decision.risk };
}
