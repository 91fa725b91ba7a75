/**
 * What the store keeps for those who bound calls: counts of budgets, claims of idempotency keys, results that may be handed
 * out again. Part of the contract of `Reader` and `Tx`; a transaction sees what it wrote itself.
 */
export interface ControlReader {
  /** Whether a decision was let through and has no outcome yet. */
  isInflight(decisionId: string): boolean;
  budgetCount(key: BudgetKey): BudgetRow | undefined;
  /** The counts of one gate in the windows that hold `nowMs`. */
  budgetCounts(gate: string, nowMs: number): readonly BudgetRow[];
  /** Expired or not: whoever asks has to look. */
  claim(key: string): ClaimRow | undefined;
  /** Expired or not: whoever asks has to look. */
  reusable(key: string): ReusableRow | undefined;
}

/** Rows that have expired go with expired payloads; a claim stays as long as its decision is in flight. */
export interface ControlTx {
  putBudgetCount(row: BudgetRow): void;
  putClaim(row: ClaimRow): void;
  removeClaim(key: string): void;
  putReusable(row: ReusableRow): void;
}

/** One budget of one gate, for one scope, in one window. */
export interface BudgetKey {
  readonly gate: string;
  readonly budgetId: string;
  /** What the scope's values are, as one text. */
  readonly scopeKey: string;
  readonly windowStartMs: number;
  readonly windowEndsMs: number;
}

export interface BudgetRow extends BudgetKey {
  readonly calls: number;
  readonly microUsd: number;
  readonly bytes: number;
  /** A call went over the limit while it ran: nothing more until the window turns or an operator raises it. */
  readonly closed: boolean;
  /** What an operator added to the limit. */
  readonly raisedCalls: number;
  readonly raisedMicroUsd: number;
  readonly raisedBytes: number;
}

/** Who holds an idempotency key, and what came of it. */
export interface ClaimRow {
  /** A digest of scope and key. */
  readonly key: string;
  readonly payloadHash: string;
  readonly state: 'running' | 'done';
  readonly decisionId: string;
  readonly instance: string;
  /** Payload id of the result; undefined while it runs, or when it was too large to keep. */
  readonly resultPayload: string | undefined;
  readonly resultKind: ResultKind | undefined;
  readonly expiresMs: number;
}

/** A result, a tool's result that says `isError`, or a JSON-RPC error. */
export type ResultKind = 'result' | 'tool_error' | 'error';

export interface ReusableRow {
  readonly key: string;
  /** The decision whose result it is. */
  readonly decisionId: string;
  /** Payload id of the result as it was delivered. */
  readonly payload: string;
  readonly expiresMs: number;
}
