import type { ApprovalRow } from '../store/approval-contract.ts';
import type { ApprovalRequest } from './contract.ts';

/** What holds where policy does not ask for more. */
export interface ApprovalDefaults {
  readonly expiresInMs: number;
  readonly quorum: number;
  /** A terminal proves nobody; absent is no. */
  readonly requireCredential?: boolean;
}

/** What a yes must answer, whose it must be, and how long there is time for it. */
export interface Terms {
  readonly rules: readonly string[];
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly requiresCredential: boolean;
  readonly lifeMs: number;
}

const longestMs = 366 * 86_400_000;

/** Of policy's quorum and the configuration's the larger counts; policy's expiry replaces the configuration's. */
export function termsOf({ decision }: ApprovalRequest, defaults: ApprovalDefaults): Terms {
  const { approval, rules } = decision;
  const seconds = approval?.expires_in_s ?? defaults.expiresInMs / 1000;
  return {
    rules: [...new Set(rules.map((rule) => rule.id))],
    approvers: approval?.approvers ?? [],
    quorum: Math.max(approval?.quorum ?? 1, defaults.quorum),
    requiresCredential: defaults.requireCredential === true,
    lifeMs: Math.min(Math.ceil(seconds * 1000), longestMs),
  };
}

/** A yes answers only what it was asked for: a call that more rules, voters or named people must answer is asked anew. */
export function answers(open: ApprovalRow, terms: Terms): boolean {
  return open.state === 'denied' || suffices(open, terms);
}

/** Whether what somebody said yes to is all that is asked. */
export function suffices(
  given: Pick<ApprovalRow, 'rules' | 'approvers' | 'quorum' | 'requiresCredential'>,
  terms: Terms,
): boolean {
  const named =
    terms.approvers.length === 0 ||
    (given.approvers.length > 0 && given.approvers.every((name) => terms.approvers.includes(name)));
  const proven = given.requiresCredential || !terms.requiresCredential;
  const rules = terms.rules.every((rule) => given.rules.includes(rule));
  return named && proven && terms.quorum <= given.quorum && rules;
}

/**
 * The terms of the question that takes the place of an approval: the stricter of both, so that its yes satisfies the
 * rules of both. Where nobody could give that yes, the new terms stand alone and the old rules ask again.
 */
export function together(superseded: ApprovalRow, terms: Terms): Terms {
  const approvers = inBoth(superseded.approvers, terms.approvers);
  if (approvers === undefined) return terms;
  return {
    rules: [...new Set([...superseded.rules, ...terms.rules])],
    approvers,
    quorum: Math.max(superseded.quorum, terms.quorum),
    requiresCredential: superseded.requiresCredential || terms.requiresCredential,
    lifeMs: Math.min(superseded.expiresMs - superseded.createdMs, terms.lifeMs),
  };
}

// An empty list names nobody in particular; an intersection that comes out empty must not turn into one.
function inBoth(
  first: readonly string[],
  second: readonly string[],
): readonly string[] | undefined {
  if (first.length === 0) return second;
  if (second.length === 0) return first;
  const both = first.filter((name) => second.includes(name));
  return both.length === 0 ? undefined : both;
}
