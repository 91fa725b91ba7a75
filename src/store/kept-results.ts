import type { Connection } from './connection.ts';
import type { ClaimRow, ResultKind, ReusableRow } from './control-contract.ts';
import { integer, oneOf, optionalText, text } from './row.ts';

const states: readonly ClaimRow['state'][] = ['running', 'done'];
const resultKinds: readonly ResultKind[] = ['result', 'tool_error', 'error'];

export function readClaim(connection: Connection, key: string): ClaimRow | undefined {
  const row = connection.get('claim', key);
  if (row === undefined) return undefined;
  return {
    key: text(row, 'key'),
    payloadHash: text(row, 'payload_hash'),
    state: oneOf(row, 'state', states),
    decisionId: text(row, 'decision_id'),
    instance: text(row, 'instance'),
    resultPayload: optionalText(row, 'result_payload'),
    resultKind: row['result_kind'] === null ? undefined : oneOf(row, 'result_kind', resultKinds),
    expiresMs: integer(row, 'expires_ms'),
  };
}

export function putClaim(connection: Connection, row: ClaimRow): void {
  connection.run(
    'putClaim',
    row.key,
    row.payloadHash,
    row.state,
    row.decisionId,
    row.instance,
    row.resultPayload ?? null,
    row.resultKind ?? null,
    row.expiresMs,
  );
}

export function readReusable(connection: Connection, key: string): ReusableRow | undefined {
  const row = connection.get('reusable', key);
  if (row === undefined) return undefined;
  return {
    key: text(row, 'key'),
    decisionId: text(row, 'decision_id'),
    payload: text(row, 'payload'),
    expiresMs: integer(row, 'expires_ms'),
  };
}

export function putReusable(connection: Connection, row: ReusableRow): void {
  connection.run('putReusable', row.key, row.decisionId, row.payload, row.expiresMs);
}

/** Their payloads expire by themselves. */
export function eraseKeptResults(connection: Connection, nowMs: number): void {
  connection.run('eraseClaims', nowMs);
  connection.run('eraseReusables', nowMs);
}
