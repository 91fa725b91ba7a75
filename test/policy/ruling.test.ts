import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/policy/decision.ts';
import { effective, type HostView } from '../../src/policy/ruling.ts';
import { decisions } from '../gate/rig.ts';

const plain: HostView = {
  approvalMode: 'auto_execute',
  satisfied: [],
  holdable: true,
  budgets: [],
};
const exceeding = (on_exceed: 'deny' | 'escalate' | 'simulate'): HostView => ({
  ...plain,
  budgets: [{ id: 'daily', exceeded: true, on_exceed }],
});
const human: HostView = { ...plain, approvalMode: 'require_human_approval' };
const { allow, deny, escalate } = decisions;

describe('what the host makes of a decision', () => {
  it.each<[name: string, raw: Decision, view: HostView, outcome: string, rule: string]>([
    ['allow stays', allow, plain, 'allow', 't.allow'],
    ['deny stays', deny, human, 'deny', 't.deny'],
    ['escalate stays where somebody can wait', escalate, plain, 'escalate', 't.ask'],
    [
      'escalate denies where nobody can',
      escalate,
      { ...plain, holdable: false },
      'deny',
      'gate.not-holdable',
    ],
    ['allow escalates when a person is required', allow, human, 'escalate', 't.allow'],
    [
      'allow that a person said yes to runs',
      allow,
      { ...human, satisfied: ['gate.approval-mode'] },
      'allow',
      't.allow',
    ],
    [
      'an approval of another rule is not enough',
      allow,
      { ...human, satisfied: ['t.allow'] },
      'escalate',
      't.allow',
    ],
    [
      'simulation only never runs',
      allow,
      { ...plain, approvalMode: 'simulation_only' },
      'simulate',
      't.allow',
    ],
    [
      'simulation only does not turn a denial into something else',
      deny,
      { ...plain, approvalMode: 'simulation_only' },
      'deny',
      't.deny',
    ],
    ['a budget without room denies', allow, exceeding('deny'), 'deny', 'gate.budget.daily'],
    ['a budget without room asks', allow, exceeding('escalate'), 'escalate', 't.allow'],
    [
      'a yes to going over the budget is one',
      allow,
      { ...exceeding('escalate'), satisfied: ['gate.budget.daily'] },
      'allow',
      't.allow',
    ],
    [
      'no yes goes over a budget that denies',
      allow,
      { ...exceeding('deny'), satisfied: ['gate.budget.daily'] },
      'deny',
      'gate.budget.daily',
    ],
    ['a budget without room simulates', allow, exceeding('simulate'), 'simulate', 't.allow'],
    ['a budget does not undo a denial', deny, exceeding('simulate'), 'deny', 't.deny'],
    [
      'a budget is no matter of a call that does not run',
      { ...allow, outcome: 'compute' },
      exceeding('deny'),
      'compute',
      't.allow',
    ],
  ])('%s', (_, raw, view, outcome, rule) => {
    const decision = effective(raw, view);
    expect([decision.outcome, decision.rules[0]?.id]).toEqual([outcome, rule]);
  });

  it('asks one question where policy and the approval mode ask', () => {
    const asked = effective(escalate, human);
    expect([asked.outcome, asked.reason]).toEqual(['escalate', escalate.reason]);
    const satisfied = asked.rules.map(({ id }) => id);
    expect(satisfied).toEqual(['t.ask', 'gate.approval-mode']);
    expect(effective(allow, { ...human, satisfied }).outcome).toBe('allow');
  });

  it.each(['identity', 'model', 'data', 'policy'] as const)('denies without %s', (predicate) => {
    const raw: Decision = { ...allow, predicates: { ...allow.predicates, [predicate]: false } };
    expect(effective(raw, plain).outcome).toBe('deny');
  });
});
