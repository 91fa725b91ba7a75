import { GateError } from '../core/errors.ts';
import type { ApprovalChange, ApprovalRow, ApprovalState, PastKey } from './approval-contract.ts';
import type { Connection } from './connection.ts';
import type { Row } from './driver.ts';
import type { Edit } from './edit-contract.ts';
import { integer, oneOf, optionalInteger, optionalText, text, texts } from './row.ts';

const states: readonly ApprovalState[] = [
  'pending',
  'approved',
  'denied',
  'expired',
  'cancelled',
  'consumed',
];

/** Where an approval may go; staying where it is only adds what is known about it. */
const moves: Readonly<Record<ApprovalState, readonly ApprovalState[]>> = {
  pending: ['approved', 'denied', 'expired', 'cancelled'],
  approved: ['consumed', 'expired', 'cancelled'],
  denied: [],
  expired: [],
  cancelled: [],
  consumed: [],
};

export function readApproval(connection: Connection, id: string): ApprovalRow | undefined {
  return optional(connection.get('approval', id));
}

export function readApprovals(
  connection: Connection,
  wanted: readonly ApprovalState[] | undefined,
): readonly ApprovalRow[] {
  if (wanted === undefined) return connection.all('approvals').map(toApproval);
  return [...new Set(wanted)]
    .flatMap((state) => connection.all('approvalsInState', state))
    .map(toApproval)
    .sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
}

/** The newest approvals of a caller's calls of one tool in one state, newest first. */
export function readPast(
  connection: Connection,
  { gate, requester, server, tool }: PastKey,
  state: ApprovalState,
  count: number,
): readonly ApprovalRow[] {
  return connection
    .all('pastApprovals', gate, requester, server, tool, state, count)
    .map(toApproval);
}

export function findApproval(
  connection: Connection,
  callKey: string,
  nowMs: number,
): ApprovalRow | undefined {
  return optional(connection.get('approvalFor', callKey, nowMs));
}

export function findLastApproval(connection: Connection, callKey: string): ApprovalRow | undefined {
  return optional(connection.get('lastApproval', callKey));
}

export function readApprovalAfter(connection: Connection, id: string): ApprovalRow | undefined {
  return optional(connection.get('approvalAfter', id));
}

export function findLastConsumed(connection: Connection, callKey: string): ApprovalRow | undefined {
  return optional(connection.get('lastConsumed', callKey));
}

const mostKeys = 100;

export function findCallKeys(connection: Connection, beginning: string): readonly string[] {
  const end = `${beginning}\u{10ffff}`;
  const keys: string[] = [];
  let row = connection.get('nextCallKey', beginning, end);
  while (row !== undefined && keys.length < mostKeys) {
    const key = text(row, 'call_key');
    keys.push(key);
    row = connection.get('nextCallKey', key, end);
  }
  return keys;
}

export function putApproval(connection: Connection, row: ApprovalRow): void {
  connection.run(
    'insertApproval',
    row.id,
    row.state,
    row.callKey,
    row.binding,
    row.gate,
    row.server,
    row.tool,
    row.argumentsPayload,
    row.reason,
    JSON.stringify(row.rules),
    row.requester,
    JSON.stringify(row.approvers),
    row.quorum,
    row.policyDigest,
    row.environment,
    row.traceId,
    row.decisionId,
    row.createdMs,
    row.expiresMs,
    row.decidedMs ?? null,
    JSON.stringify(row.decidedBy),
    row.decisionReason ?? null,
    row.consumedBy ?? null,
    row.resultPayload ?? null,
    row.requiresCredential ? 1 : 0,
  );
  if (row.edited === undefined) return;
  const { of, ofBinding, by, via, atMs } = row.edited;
  connection.run('insertEdit', row.id, of, ofBinding, by, via, atMs);
}

/** Exactly one of several that move the same approval away from `from` gets true. */
export function moveApproval(
  connection: Connection,
  id: string,
  from: ApprovalState,
  change: ApprovalChange,
): boolean {
  if (change.state !== from && !moves[from].includes(change.state)) {
    throw new GateError(
      'approval_refused',
      `approval cannot move from "${from}" to "${change.state}"`,
    );
  }
  const moved = connection.run(
    'moveApproval',
    change.state,
    change.decidedMs ?? null,
    change.decidedBy === undefined ? null : JSON.stringify(change.decidedBy),
    change.decisionReason ?? null,
    change.consumedBy ?? null,
    id,
    from,
  );
  if (moved === 1 && change.resultPayload !== undefined) {
    connection.run('setResultPayload', change.resultPayload, id);
  }
  if (moved === 1 && change.withdrawnBy !== undefined) {
    connection.run('setWithdrawnBy', change.withdrawnBy, id);
  }
  return moved === 1;
}

function optional(row: Row | undefined): ApprovalRow | undefined {
  return row === undefined ? undefined : toApproval(row);
}

function toApproval(row: Row): ApprovalRow {
  return {
    id: text(row, 'id'),
    state: oneOf(row, 'state', states),
    callKey: text(row, 'call_key'),
    binding: text(row, 'binding'),
    gate: text(row, 'gate'),
    server: text(row, 'server'),
    tool: text(row, 'tool'),
    argumentsPayload: text(row, 'arguments_payload'),
    reason: text(row, 'reason'),
    rules: texts(row, 'rules'),
    requester: text(row, 'requester'),
    approvers: texts(row, 'approvers'),
    quorum: integer(row, 'quorum'),
    policyDigest: text(row, 'policy_digest'),
    environment: text(row, 'environment'),
    traceId: text(row, 'trace_id'),
    decisionId: text(row, 'decision_id'),
    createdMs: integer(row, 'created_ms'),
    expiresMs: integer(row, 'expires_ms'),
    decidedMs: optionalInteger(row, 'decided_ms'),
    decidedBy: texts(row, 'decided_by'),
    decisionReason: optionalText(row, 'decision_reason'),
    consumedBy: optionalText(row, 'consumed_by'),
    resultPayload: optionalText(row, 'result_payload'),
    requiresCredential: integer(row, 'requires_credential') !== 0,
    withdrawnBy: optionalText(row, 'withdrawn_by'),
    ...(row['edited_of'] !== null && { edited: toEdit(row) }),
  };
}

function toEdit(row: Row): Edit {
  return {
    of: text(row, 'edited_of'),
    ofBinding: text(row, 'edited_of_binding'),
    by: text(row, 'edited_by'),
    via: oneOf(row, 'edited_via', ['terminal', 'credential']),
    atMs: integer(row, 'edited_ms'),
  };
}
