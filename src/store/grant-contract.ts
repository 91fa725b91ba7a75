/**
 * What the store keeps of standing grants: a yes to calls like the one that was approved. Part of the contract of `Reader`
 * and `Tx`; a transaction sees what it wrote itself.
 */
export interface GrantReader {
  grant(id: string): GrantRow | undefined;
  /** All of them, revoked, expired and used up ones too, oldest first. */
  grants(): readonly GrantRow[];
  /** Those for this key that are neither revoked nor expired nor used up at `nowMs`; the one that ends first is first. */
  grantsFor(grantKey: string, nowMs: number): readonly GrantRow[];
  /** What approvers want granted along with an approval that is not decided yet. */
  grantVotes(approvalId: string): readonly GrantVoteRow[];
}

export interface GrantTx {
  putGrant(row: GrantRow): void;
  /** An approver may want something else later: the last word counts. */
  putGrantVote(row: GrantVoteRow): void;
  /** Counts one use; false when the grant is revoked, expired or used up by now. */
  useGrant(id: string, nowMs: number): boolean;
  /** False when it was revoked before. */
  revokeGrant(id: string, revoked: { readonly atMs: number; readonly by: string }): boolean;
}

export interface GrantRow {
  readonly id: string;
  /** The approval that it was made from. */
  readonly approvalId: string;
  /** What calls have in common whatever their arguments: scope, action, server, tool, pin, policy digest, environment. */
  readonly grantKey: string;
  /** SHA-256 over everything here that does not change, and the terms. */
  readonly binding: string;
  readonly gate: string;
  readonly server: string;
  readonly tool: string;
  readonly requester: string;
  /** The rules that the approval answered, the approvers that policy had named, and how many it took. */
  readonly rules: readonly string[];
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly decidedBy: readonly string[];
  readonly via: 'terminal' | 'credential';
  readonly policyDigest: string;
  readonly environment: string;
  /** Payload id of the terms: they hold argument values. */
  readonly termsPayload: string;
  /** Undefined for any number. */
  readonly uses: number | undefined;
  readonly used: number;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly revokedMs: number | undefined;
  readonly revokedBy: string | undefined;
}

export interface GrantVoteRow {
  readonly approvalId: string;
  readonly approver: string;
  /** Payload id of the terms. */
  readonly termsPayload: string;
}
