import type { VoteRow } from './approval-contract.ts';
import type { ApproverRow, MembershipRow } from './approver-contract.ts';
import type { Connection } from './connection.ts';
import type { Row } from './driver.ts';
import { integer, oneOf, optionalText, text } from './row.ts';

export function readVotes(connection: Connection, approvalId: string): readonly VoteRow[] {
  return connection.all('votes', approvalId).map(toVote);
}

/** An approver may vote anew; a name that nobody proved is counted apart and never replaces a proven vote. */
export function putVote(connection: Connection, vote: VoteRow): void {
  connection.run(
    'putVote',
    vote.approvalId,
    vote.approver,
    vote.verified ? 1 : 0,
    vote.via,
    vote.verdict,
    vote.reason ?? null,
    vote.atMs,
  );
}

export function readApprovers(connection: Connection): readonly ApproverRow[] {
  return connection.all('approvers').map(toApprover);
}

/** Fails on a name that exists: a credential is never replaced silently. */
export function putApprover(connection: Connection, row: ApproverRow): void {
  // An older version of the gate may have removed the name and left its groups.
  connection.run('removeMemberships', row.name);
  connection.run('insertApprover', row.name, row.secret, row.createdMs, row.addedBy);
}

export function removeApprover(connection: Connection, name: string): boolean {
  connection.run('removeMemberships', name);
  return connection.run('removeApprover', name) === 1;
}

export function readMemberships(connection: Connection): readonly MembershipRow[] {
  return connection.all('memberships').map((row) => ({
    group: text(row, 'name'),
    approver: text(row, 'approver'),
    addedBy: text(row, 'added_by'),
    createdMs: integer(row, 'created_ms'),
  }));
}

export function addMember(connection: Connection, row: MembershipRow): boolean {
  return connection.run('addMember', row.group, row.approver, row.addedBy, row.createdMs) === 1;
}

function toVote(row: Row): VoteRow {
  return {
    approvalId: text(row, 'approval_id'),
    approver: text(row, 'approver'),
    verified: integer(row, 'verified') === 1,
    via: oneOf(row, 'via', ['terminal', 'credential', 'client']),
    verdict: oneOf(row, 'verdict', ['approve', 'deny']),
    reason: optionalText(row, 'reason'),
    atMs: integer(row, 'at_ms'),
  };
}

function toApprover(row: Row): ApproverRow {
  return {
    name: text(row, 'name'),
    secret: text(row, 'secret'),
    createdMs: integer(row, 'created_ms'),
    addedBy: text(row, 'added_by'),
  };
}
