import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/policy/decision.ts';
import { effective, type HostView } from '../../src/policy/ruling.ts';
import { decisions } from '../gate/rig.ts';

const plain: HostView = { approvalMode: 'auto_execute', satisfied: [], holdable: true };
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
      'deny',
      'gate.outcome-unsupported',
    ],
    [
      'simulation only does not turn a denial into something else',
      deny,
      { ...plain, approvalMode: 'simulation_only' },
      'deny',
      't.deny',
    ],
    [
      'escalate with an obligation denies before anybody is asked',
      { ...escalate, obligations: [{ type: 'redact' }] },
      plain,
      'deny',
      'gate.obligation-unsupported',
    ],
  ])('%s', (_, raw, view, outcome, rule) => {
    const decision = effective(raw, view);
    expect([decision.outcome, decision.rules[0]?.id]).toEqual([outcome, rule]);
  });

  it.each(['identity', 'model', 'data', 'policy'] as const)('denies without %s', (predicate) => {
    const raw: Decision = { ...allow, predicates: { ...allow.predicates, [predicate]: false } };
    expect(effective(raw, plain).outcome).toBe('deny');
  });
});
