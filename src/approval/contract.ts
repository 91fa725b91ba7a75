import type { Action } from '../core/action.ts';
import type { Held } from '../core/held.ts';
import type { Lifetime } from '../core/lifetime.ts';
import type { Caller } from '../core/tool-call.ts';
import type { Decision } from '../policy/decision.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { Reader, Tx } from '../store/contract.ts';
import type { GrantRow } from '../store/grant-contract.ts';

/** What a person is asked, before anybody is: everything the yes is bound to. */
export interface ApprovalRequest {
  readonly gate: string;
  /** A tool, a prompt and a resource may share a name; a yes to one is none to the others. */
  readonly action: Action;
  /** Who asks, for separation of duty and for the scope of joining: `os:alice`. */
  readonly requester: string;
  /** Which callers may join each other's approvals: issuer, subject, tenant, delegation, server, environment. */
  readonly scope: string;
  readonly server: string;
  readonly tool: string;
  readonly pin: string | undefined;
  /** True when the call carries nothing to the tool but its arguments. */
  readonly isPlain: boolean;
  /** RFC 8785 text of the arguments. */
  readonly canonicalArguments: string;
  readonly policyDigest: string;
  readonly environment: string;
  readonly decision: Decision;
  readonly decisionId: string;
  readonly traceId: string;
  /** The approval that an earlier request of this call has waited for. */
  readonly awaited?: Held | undefined;
  /** Present where a person has changed the arguments. */
  readonly edited?: EditedRequest | undefined;
}

export interface EditedRequest {
  /** RFC 8785 text of what the caller had asked with: the call is found by it. */
  readonly asked: string;
  /** The approval that came of the change. */
  readonly row: ApprovalRow;
}

/** A yes that a decision may rest on: to this call, or a standing one to calls like it. */
export type Yes =
  | { readonly kind: 'once'; readonly row: ApprovalRow }
  | { readonly kind: 'standing'; readonly row: GrantRow };

/** What became of the wait for a person. */
export type Verdict =
  /** `edited` is what the yes is bound to, where that is not what was asked: RFC 8785 text. */
  | { readonly kind: 'approved'; readonly approval: ApprovalRow; readonly edited?: string }
  | { readonly kind: 'denied'; readonly approval: ApprovalRow }
  | { readonly kind: 'expired'; readonly approval: ApprovalRow }
  /** Somebody took the question back: the call is over. */
  | { readonly kind: 'withdrawn'; readonly approval: ApprovalRow }
  /** The hold budget is used up or the caller has gone; the approval stays open. */
  | { readonly kind: 'pending'; readonly approval: ApprovalRow };

/**
 * Where held calls wait. `open` runs inside the transaction that records the decision: it joins the approval of an
 * identical call that is still open (pending, approved and unused, or denied and not expired), gives back the one that this
 * call has waited for when that ended in the meantime without a yes, or makes a new one.
 * `wait` watches the store, so a decision from any process is seen; it ends at the latest with the hold budget.
 * `consume` runs inside the transaction of the re-decision and is true for exactly one caller. `granted` finds a standing
 * grant that answers everything that is asked of the call; `use` takes one of its uses, inside the transaction of the
 * re-decision, and gives back the used-up approval that stands for it; undefined when none was left.
 * A person may change the arguments while a call waits: `wait` goes on with the approval that came of it, and says what its
 * yes is for. `isAbout` tells whether an approval is one for this very request; `overrule` ends one that policy will not have.
 */
export interface ApprovalDesk {
  /** The key under which identical calls meet. */
  callKey(request: ApprovalRequest): string;
  isAbout(reader: Reader, approval: ApprovalRow, request: ApprovalRequest): boolean;
  overrule(tx: Tx, approval: ApprovalRow, decisionId: string, nowMs: number): void;
  open(tx: Tx, request: ApprovalRequest, nowMs: number): ApprovalRow;
  wait(approval: ApprovalRow, hold: Hold): Promise<Verdict>;
  consume(tx: Tx, approval: ApprovalRow, decisionId: string, nowMs: number): boolean;
  granted(tx: Tx, request: ApprovalRequest, nowMs: number): GrantRow | undefined;
  use(tx: Tx, grant: GrantRow, request: ApprovalRequest, nowMs: number): ApprovalRow | undefined;
}

export interface Hold {
  readonly budgetMs: number;
  readonly lifetime: Lifetime;
  readonly progress: ((message: string) => void) | undefined;
  /** Whose call it is; absent where nobody can be asked about it. */
  readonly caller?: Caller;
  /** What the decision that the call waits under wishes of the caller's client. */
  readonly client?: ClientWish | undefined;
}

export type ClientWish = NonNullable<NonNullable<Decision['approval']>['client']>;
