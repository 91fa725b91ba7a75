/** What the store keeps of those who may answer. Part of the contract of `Reader` and `Tx`. */
export interface ApproverReader {
  approvers(): readonly ApproverRow[];
  /** Who is in which group of approvers, by group and name. */
  memberships(): readonly MembershipRow[];
}

export interface ApproverTx {
  putApprover(row: ApproverRow): void;
  /** Takes the name out of its groups, too. */
  removeApprover(name: string): boolean;
  /** False when the approver is in the group already. */
  addMember(row: MembershipRow): boolean;
  /** False when the approver was not in it. */
  removeMember(group: string, approver: string): boolean;
}

/** `secret` is a salted scrypt hash, never the credential. */
export interface ApproverRow {
  readonly name: string;
  readonly secret: string;
  readonly createdMs: number;
  readonly addedBy: string;
}

export interface MembershipRow {
  readonly group: string;
  readonly approver: string;
  readonly addedBy: string;
  readonly createdMs: number;
}
