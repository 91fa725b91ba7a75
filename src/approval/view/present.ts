import { timestamp } from '../../core/clock.ts';
import { digestOf } from '../../core/digest.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import { printable } from '../../core/printable.ts';
import type { ApprovalRow, VoteRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';
import { fateOf, fateText } from './fate.ts';
import { editFacts, editLines } from './present-edit.ts';
import { wrap } from './wrap.ts';

/** What `approvals list --format json` says of one approval. */
export function approvalSummary(reader: Reader, row: ApprovalRow, nowMs: number) {
  const became = fateOf(reader, row);
  return {
    id: row.id,
    state: row.state === 'pending' && nowMs >= row.expiresMs ? 'expired' : row.state,
    server: row.server,
    tool: row.tool,
    arguments: argumentsOf(reader, row),
    reason: row.reason,
    requester: row.requester,
    created_at: timestamp(row.createdMs),
    expires_at: timestamp(row.expiresMs),
    ...(row.withdrawnBy !== undefined && { withdrawn_by: row.withdrawnBy }),
    ...(became !== undefined && { became }),
  } as const;
}

/** What `approvals show --format json` says: the summary, and everything the verdict rests on. */
export function approvalDetail(reader: Reader, row: ApprovalRow, nowMs: number) {
  return {
    ...approvalSummary(reader, row, nowMs),
    arguments_digest: argumentsDigest(reader, row),
    action: actionOf(reader, row),
    rules: row.rules,
    quorum: row.quorum,
    votes: reader.votes(row.id).map(voteJson),
    approvers: row.approvers,
    binding: row.binding,
    decision_id: row.decisionId,
    trace_id: row.traceId,
    policy_digest: row.policyDigest,
    environment: row.environment,
    decided_at: row.decidedMs === undefined ? null : timestamp(row.decidedMs),
    decided_by: row.decidedBy,
    decision_reason: row.decisionReason ?? null,
    consumed_by: row.consumedBy ?? null,
    requires_credential: row.requiresCredential,
    withdrawn_by: row.withdrawnBy ?? null,
    ...editFacts(reader, row),
  } as const;
}

type Summary = ReturnType<typeof approvalSummary>;
export type Detail = ReturnType<typeof approvalDetail>;

/** One approval in `approvals list`: a line, and what of it does not fit into `columns`. */
export function summaryLines(summary: Summary, columns: number): readonly string[] {
  const { id, server, tool, requester, expires_at, reason } = summary;
  const line = `${id}  ${stateText(summary)}  ${server}/${tool}  by ${requester}  until ${expires_at}  ${reason}`;
  return wrap(printable(line), columns);
}

function stateText(detail: Summary | Detail): string {
  const { state, became, withdrawn_by = null } = detail;
  if (withdrawn_by !== null) return `${state}, withdrawn by ${withdrawn_by}`;
  return became === undefined ? state : `${state}, ${fateText(became)}`;
}

/** The lines of `approvals show`, and of the question that `approve` asks in a terminal: the whole call. */
export function detailLines(detail: Detail, columns: number): readonly string[] {
  const facts: readonly (readonly [label: string, value: string])[] = [
    ['approval', detail.id],
    ['state', stateText(detail)],
    ['call', `${detail.action ?? 'tools/call'} ${detail.server}/${detail.tool}`],
    ['reason', detail.reason],
    ['rules', detail.rules.join(', ')],
    ['requester', detail.requester],
    ['environment', detail.environment],
    ['expires', detail.expires_at],
    ['quorum', `${detail.quorum}${ofApprovers(detail.approvers)}`],
    ...detail.votes.map((vote) => ['vote', voteText(vote)] as const),
    ['policy', detail.policy_digest],
    ['binding', detail.binding],
    ['decision', detail.decision_id],
    ['trace', detail.trace_id],
    ['digest', detail.arguments_digest ?? '(erased)'],
  ];
  const lines = facts.flatMap(([label, value]) =>
    wrap(`${label.padEnd(12)}${printable(value)}`, columns),
  );
  return [
    ...lines,
    'arguments',
    ...argumentLines(detail.arguments, columns),
    ...editLines(detail, columns),
  ];
}

// Broken by us and escaped line by line, so that no string in the arguments can pass for a line of ours.
function argumentLines(value: Json, columns: number): readonly string[] {
  if (value === null) return ['  (erased)'];
  return JSON.stringify(value, undefined, 2)
    .split('\n')
    .flatMap((line) => wrap(printable(line), columns, 'margin'));
}

function argumentsDigest(reader: Reader, row: ApprovalRow): string | null {
  const bytes = reader.payload(row.argumentsPayload);
  return bytes === undefined ? null : digestOf(bytes);
}

function argumentsOf(reader: Reader, row: ApprovalRow): JsonObject | null {
  const bytes = reader.payload(row.argumentsPayload);
  if (bytes === undefined) return null;
  const value: unknown = parseJson(bytes.toString());
  return isObject(value) ? value : null;
}

function actionOf(reader: Reader, row: ApprovalRow): string | null {
  const entry = reader.journal.decision(row.decisionId);
  const body: unknown = entry === undefined ? undefined : parseJson(entry.body);
  const action = isObject(body) ? body['action'] : undefined;
  return typeof action === 'string' ? action : null;
}

function voteJson({ approver, verified, via, verdict, reason, atMs }: VoteRow) {
  return { approver, verified, via, verdict, reason: reason ?? null, at: timestamp(atMs) } as const;
}

function voteText({ approver, verified, via, verdict, reason }: Detail['votes'][number]): string {
  const proof = verified
    ? via
    : via === 'client'
      ? 'client, proves nobody'
      : 'claimed, does not count';
  return `${verdict} by ${approver} (${proof})${reason === null ? '' : `: ${reason}`}`;
}

function ofApprovers(approvers: readonly string[]): string {
  return approvers.length === 0 ? '' : ` of ${approvers.join(', ')}`;
}
