import type { Edit } from './edit-contract.ts';

/** `consumed` follows `approved`; all others but `pending` are final. */
export type ApprovalState =
  | 'pending'
  | 'approved'
  | 'denied'
  | 'expired'
  | 'cancelled'
  | 'consumed';

export interface ApprovalRow {
  readonly id: string;
  readonly state: ApprovalState;
  /**
   * What makes two calls the same question: scope, server, tool, canonical arguments, and behind them pin, policy digest,
   * environment.
   */
  readonly callKey: string;
  /** SHA-256 over the call key's parts and the expiry: what an approver says yes to. */
  readonly binding: string;
  readonly gate: string;
  readonly server: string;
  readonly tool: string;
  /** Payload id of the canonical arguments. */
  readonly argumentsPayload: string;
  readonly reason: string;
  readonly rules: readonly string[];
  readonly requester: string;
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly policyDigest: string;
  readonly environment: string;
  readonly traceId: string;
  readonly decisionId: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly decidedMs: number | undefined;
  readonly decidedBy: readonly string[];
  readonly decisionReason: string | undefined;
  /** The decision that used it up. */
  readonly consumedBy: string | undefined;
  /** Payload id of a result whose caller had gone; fetched once by an identical call. */
  readonly resultPayload: string | undefined;
  /** A terminal proves nobody here: `approvals.requireCredential` as it was when the question was put. */
  readonly requiresCredential: boolean;
  /** Who took the question back; undefined for what another question has taken the place of. */
  readonly withdrawnBy: string | undefined;
  /** Present where a person has changed the arguments: those of `argumentsPayload` are theirs, not the caller's. */
  readonly edited?: Edit | undefined;
}

/** Whose calls of which tool. */
export type PastKey = Pick<ApprovalRow, 'gate' | 'requester' | 'server' | 'tool'>;

export interface ApprovalChange {
  readonly state: ApprovalState;
  readonly decidedMs?: number;
  readonly decidedBy?: readonly string[];
  readonly decisionReason?: string;
  readonly consumedBy?: string;
  readonly resultPayload?: string | null;
  readonly withdrawnBy?: string;
}

/** One approver's yes or no. `verified` is false for a name that nobody proved: it never counts for a quorum above one. */
export interface VoteRow {
  readonly approvalId: string;
  readonly approver: string;
  readonly verified: boolean;
  readonly via: 'terminal' | 'credential' | 'client';
  readonly verdict: 'approve' | 'deny';
  readonly reason: string | undefined;
  readonly atMs: number;
}
