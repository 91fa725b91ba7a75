import type { Connection } from './connection.ts';
import type { Row } from './driver.ts';
import type { GrantReader, GrantRow, GrantTx, GrantVoteRow } from './grant-contract.ts';
import { integer, oneOf, optionalInteger, optionalText, text, texts } from './row.ts';

export function readGrants(connection: Connection): GrantReader {
  return {
    grant: (id) => {
      const row = connection.get('grant', id);
      return row === undefined ? undefined : toGrant(row);
    },
    grants: () => connection.all('grants').map(toGrant),
    grantsFor: (grantKey, nowMs) => connection.all('grantsFor', grantKey, nowMs).map(toGrant),
    grantVotes: (approvalId) => connection.all('grantVotes', approvalId).map(toGrantVote),
  };
}

/** Uses are counted by the one statement that also looks whether there is one left. */
export function writeGrants(connection: Connection): GrantTx {
  return {
    putGrant: (row) => putGrant(connection, row),
    putGrantVote: ({ approvalId, approver, termsPayload }) => {
      connection.run('putGrantVote', approvalId, approver, termsPayload);
    },
    useGrant: (id, nowMs) => connection.run('useGrant', id, nowMs) === 1,
    revokeGrant: (id, { atMs, by }) => connection.run('revokeGrant', atMs, by, id) === 1,
  };
}

function putGrant(connection: Connection, row: GrantRow): void {
  connection.run(
    'insertGrant',
    row.id,
    row.approvalId,
    row.grantKey,
    row.binding,
    row.gate,
    row.server,
    row.tool,
    row.requester,
    JSON.stringify(row.rules),
    JSON.stringify(row.approvers),
    row.quorum,
    JSON.stringify(row.decidedBy),
    row.via,
    row.policyDigest,
    row.environment,
    row.termsPayload,
    row.uses ?? null,
    row.used,
    row.createdMs,
    row.expiresMs,
    row.revokedMs ?? null,
    row.revokedBy ?? null,
  );
}

function toGrant(row: Row): GrantRow {
  return {
    id: text(row, 'id'),
    approvalId: text(row, 'approval_id'),
    grantKey: text(row, 'grant_key'),
    binding: text(row, 'binding'),
    gate: text(row, 'gate'),
    server: text(row, 'server'),
    tool: text(row, 'tool'),
    requester: text(row, 'requester'),
    rules: texts(row, 'rules'),
    approvers: texts(row, 'approvers'),
    quorum: integer(row, 'quorum'),
    decidedBy: texts(row, 'decided_by'),
    via: oneOf(row, 'via', ['terminal', 'credential']),
    policyDigest: text(row, 'policy_digest'),
    environment: text(row, 'environment'),
    termsPayload: text(row, 'terms_payload'),
    uses: optionalInteger(row, 'uses'),
    used: integer(row, 'used'),
    createdMs: integer(row, 'created_ms'),
    expiresMs: integer(row, 'expires_ms'),
    revokedMs: optionalInteger(row, 'revoked_ms'),
    revokedBy: optionalText(row, 'revoked_by'),
  };
}

function toGrantVote(row: Row): GrantVoteRow {
  return {
    approvalId: text(row, 'approval_id'),
    approver: text(row, 'approver'),
    termsPayload: text(row, 'terms_payload'),
  };
}
