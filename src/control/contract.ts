import type { Amounts, BudgetScope, OnExceed, Tariff } from '../core/budget.ts';
import type { Reader, Tx } from '../store/contract.ts';

/** One call as budgets see it. */
export interface BudgetCall {
  /** Whose call it is, as approvals mean it: everybody who proved nothing shares one. */
  readonly subject: string;
  readonly session: string;
  readonly server: string;
  /** The tool's name. For what is no tool the action's: names of resources are the caller's to make up. */
  readonly tool: string;
  /** What the caller says of its model; its word, never proof. */
  readonly model: string | null;
  /** Bytes of the arguments as they would be sent. */
  readonly bytesIn: number;
  readonly tariff: Tariff;
}

/** One budget as policy sees it in `context.budget`; what is reserved for calls in flight is spent. */
export interface BudgetFact {
  readonly id: string;
  readonly scope: readonly BudgetScope[];
  readonly window_ends: string;
  readonly limit_usd: string | null;
  readonly limit_calls: number | null;
  readonly limit_bytes: number | null;
  readonly spent_usd: string;
  readonly calls: number;
  readonly bytes: number;
  readonly remaining_usd: string | null;
  readonly remaining_calls: number | null;
  readonly remaining_bytes: number | null;
  /** There is no room for this call, or the scope is closed. */
  readonly exceeded: boolean;
  readonly closed: boolean;
  readonly on_exceed: OnExceed;
}

/**
 * What calls may spend. Everything is in the store, so processes share it; `reserve`, `settle` and `release` belong into the
 * transactions of the decision and of its outcome. A gate that dies leaves what it had reserved as spent.
 */
export interface Spending {
  /** Whether any budget counts the call: without one the others have nothing to do. */
  counts(call: BudgetCall): boolean;
  facts(reader: Reader, call: BudgetCall, nowMs: number): BudgetFact[];
  /**
   * Takes what the call is known to cost from every budget that counts it, or from none. The call is asked for once: calling
   * this again reserves again.
   */
  reserve(tx: Tx, call: BudgetCall, nowMs: number, terms: ReserveTerms): Reserved;
  /**
   * Puts what the call did cost in the place of what was reserved. A call that goes over a limit only now is journaled as
   * `budget.overrun` and closes the scope. To be called once, and not for a call that timed out: that keeps its reservation.
   */
  settle(tx: Tx, reservation: Reservation, actual: Actual, nowMs: number): readonly Overrun[];
  /** Gives back what was reserved for a call that was never sent. */
  release(tx: Tx, reservation: Reservation): void;
}

export interface ReserveTerms {
  /** Counts without refusing: in observe mode. */
  readonly force: boolean;
  /** Budgets that a person let this call exceed. */
  readonly waived?: readonly string[];
  readonly decisionId: string;
  readonly traceId: string;
}

export type Reserved =
  | { readonly kind: 'reserved'; readonly reservation: Reservation }
  /** Nothing was taken. Of several budgets without room the one with the strictest answer. */
  | { readonly kind: 'exceeded'; readonly id: string; readonly onExceed: OnExceed };

/** What a call in flight holds. Plain data of one process: it goes with it. */
export interface Reservation {
  readonly decisionId: string;
  readonly traceId: string;
  readonly bytesIn: number;
  readonly tariff: Tariff;
  /** What was taken. */
  readonly estimate: Amounts;
  readonly held: readonly HeldBudget[];
}

interface HeldBudget {
  readonly gate: string;
  readonly budgetId: string;
  readonly scopeKey: string;
  readonly windowStartMs: number;
  readonly windowEndsMs: number;
  readonly limit: Amounts<number | undefined>;
  /** There was no room already when it was reserved, and it was let through all the same. */
  readonly exceeds: boolean;
}

export interface Actual {
  readonly bytesOut: number;
  /** What a trusted server says that it cost; counts where it is more than the tariff. */
  readonly reportedMicroUsd: number | undefined;
}

export interface Overrun {
  readonly id: string;
  readonly scopeKey: string;
}

/** One use of an idempotency key. */
export interface KeyUse {
  /** Who shares the key (design section 7), with gate, server and environment in it. */
  readonly scope: string;
  readonly key: string;
  /** What must be the same for the call to be the same: tool, arguments, whatever else the request carries to the tool. */
  readonly payload: string;
  readonly expiresInMs: number;
}

/** What is known of a key. */
export type KeyState =
  | { readonly kind: 'free' }
  /** It was used for another payload. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'running'; readonly decisionId: string }
  /** Nobody can tell whether that call ran. */
  | { readonly kind: 'unknown'; readonly decisionId: string }
  | ({ readonly kind: 'done'; readonly decisionId: string } & KeyResult)
  /** It ran, and its result was too large to keep or has been erased: it must not run again. */
  | { readonly kind: 'unkept'; readonly decisionId: string; readonly isError: boolean };

/** A result as it was delivered. Policy may ask for more by now: it is to be adapted anew before it is handed out. */
export interface KeyResult {
  readonly part: 'result' | 'error';
  readonly isError: boolean;
  readonly bytes: Buffer;
}

/** A result for whoever asks again under its key; without bytes when they are not to be kept. */
export type Told = Omit<KeyResult, 'bytes'> & { readonly bytes: Buffer | undefined };

/** A key that a call holds. Plain data of one process: should it die, the key is `unknown`. */
export interface Claim {
  readonly key: string;
  readonly decisionId: string;
  readonly expiresInMs: number;
}

/**
 * Idempotency keys. `find` and `take` belong into one transaction, that of the decision which is let through; `finish` and
 * `drop` into that of its outcome. A call that is neither finished nor dropped leaves its key `unknown` once its outcome is
 * written; after a time-out that is what it should be.
 */
export interface Claims {
  find(reader: Reader, use: KeyUse, nowMs: number): KeyState;
  /** Takes a key that `find` calls free, or one that is unknown and may be used again; anything else is thrown. */
  take(tx: Tx, use: KeyUse, decisionId: string, nowMs: number): Claim;
  /** Keeps the result; false when the key is no longer this call's, or when the result is too large to keep. */
  finish(tx: Tx, claim: Claim, result: Told, nowMs: number): boolean;
  /** Gives the key back: the call was never sent, or its server asked back first and it goes on as another request. */
  drop(tx: Tx, claim: Claim): void;
}
