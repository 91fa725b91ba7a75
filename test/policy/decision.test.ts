import { describe, expect, test } from 'vitest';
import { GateError } from '../../src/core/errors.ts';
import { parseDecision } from '../../src/policy/decision.ts';

const good = {
  outcome: 'escalate',
  reason: 'asks',
  rules: [{ id: 'a', reason: 'asks', predicate: 'policy', version: '1' }],
  predicates: { identity: true, model: true, data: true, policy: true },
  obligations: [{ type: 'notify', channel: 'ops' }],
  risk: { domain: 'files', score: 3 },
  approval: { expires_in_s: 900, quorum: 2, approvers: ['bob'] },
};

describe('a decision document', () => {
  test('is taken as it is', () => expect(parseDecision(good)).toEqual(good));
  test('may do without risk and approval', () => {
    const bare = { ...good, outcome: 'allow', risk: null, approval: null, obligations: [] };
    expect(parseDecision(bare)).toEqual(bare);
  });
});

describe('anything else is a policy error', () => {
  test.each([
    ['nothing', undefined, ''],
    ['a boolean', true, ''],
    ['a text', 'allow', ''],
    ['a list', [good], ''],
    ['an outcome of its own', { ...good, outcome: 'ALLOW' }, 'outcome'],
    ['no outcome', { ...good, outcome: undefined }, 'outcome'],
    ['a member of its own', { ...good, allow: true }, ''],
    [
      'three predicates',
      { ...good, predicates: { identity: true, model: true, data: true } },
      'predicates.policy',
    ],
    [
      'a predicate that is no boolean',
      { ...good, predicates: { ...good.predicates, data: 1 } },
      'predicates.data',
    ],
    ['a rule without an id', { ...good, rules: [{ reason: 'r' }] }, 'rules.0.id'],
    [
      'a rule with an unknown member',
      { ...good, rules: [{ id: 'a', reason: 'r', x: 1 }] },
      'rules.0',
    ],
    ['an obligation without a type', { ...good, obligations: [{}] }, 'obligations.0.type'],
    [
      'a quorum of nobody',
      { ...good, approval: { ...good.approval, quorum: 0 } },
      'approval.quorum',
    ],
    [
      'a quorum of a half',
      { ...good, approval: { ...good.approval, quorum: 1.5 } },
      'approval.quorum',
    ],
    [
      'an expiry that is over',
      { ...good, approval: { ...good.approval, expires_in_s: 0 } },
      'approval.expires_in_s',
    ],
    ['a reason without end', { ...good, reason: 'x'.repeat(2001) }, 'reason'],
    ['too many rules', { ...good, rules: Array(101).fill(good.rules[0]) }, 'rules'],
    ['a risk without a domain', { ...good, risk: { score: 1 } }, 'risk.domain'],
  ])('%s', (_claim, value, path) => {
    expect.assertions(2);
    try {
      parseDecision(value);
    } catch (error) {
      if (!(error instanceof GateError)) throw error;
      expect(error.code).toBe('policy_engine');
      expect(error.message).toMatch(
        new RegExp(`^policy did not answer with a decision document at "${path}": `),
      );
    }
  });
});
