import { timestamp } from '../core/clock.ts';
import { digestOf } from '../core/digest.ts';
import { randomBytes, uuidv7 } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { EntryDraft, EntryKind, Tx } from '../store/contract.ts';
import type { Edit } from '../store/edit-contract.ts';
import { newApprovalId } from './approval-id.ts';
import { bindingHolds, bindingOf, callKeyOf, grantKeyOf } from './binding.ts';
import type { ApprovalRequest, EditedRequest } from './contract.ts';
import { differenceOf } from './difference.ts';
import { latest } from './edits/versions.ts';
import { type ApprovalDefaults, answers, type Terms, termsOf, together } from './terms.ts';

const dayMs = 86_400_000;

/** Joins the open approval of an identical call, or puts the question and journals it, in the caller's transaction. */
export function openApproval(
  tx: Tx,
  request: ApprovalRequest,
  nowMs: number,
  defaults: ApprovalDefaults,
): ApprovalRow {
  const callKey = callKeyOf(request);
  const last = tx.lastApproval(callKey);
  if (last !== undefined) expireIfDue(tx, last, nowMs);
  const open = tx.approvalFor(callKey, nowMs);
  const terms = termsOf(request, defaults);
  if (open === undefined) {
    return endedMeanwhile(tx, request, callKey, nowMs) ?? ask(tx, request, callKey, terms, nowMs);
  }
  if (open.state !== 'denied' && !bindingHolds(tx, open)) {
    const row = ask(tx, request, callKey, terms, nowMs);
    supersede(tx, open, row.id, nowMs, { differs: ['binding'] });
    return row;
  }
  if (answers(open, terms)) return open;
  const asked = open.state === 'approved' ? together(open, terms) : terms;
  const row = ask(tx, request, callKey, asked, nowMs);
  if (open.state === 'approved') supersede(tx, open, row.id, nowMs);
  return row;
}

// Whoever waited is told how it ended, once: nobody is asked again for a call that is only being taken up.
function endedMeanwhile(
  tx: Tx,
  { awaited }: ApprovalRequest,
  callKey: string,
  nowMs: number,
): ApprovalRow | undefined {
  const found = awaited && tx.approval(awaited.approvalId);
  if (found?.callKey !== callKey || found.binding !== awaited?.binding) return undefined;
  const row = expireIfDue(tx, latest(tx, found), nowMs);
  // A yes is not used in time, or it was a no; what was used up, or gave way to another question, is asked anew.
  const isOver = row.state === 'expired' || row.state === 'denied' || row.state === 'approved';
  return isOver || row.withdrawnBy !== undefined ? row : undefined;
}

/** Moves an approval that nobody decided in time on to `expired`, once; the row as it stands then. */
export function expireIfDue(tx: Tx, row: ApprovalRow, nowMs: number): ApprovalRow {
  if (row.state !== 'pending' || nowMs < row.expiresMs) return row;
  if (tx.moveApproval(row.id, 'pending', { state: 'expired', decidedMs: nowMs })) {
    tx.append(approvalEntry('approval.expired', row, nowMs, { expires: timestamp(row.expiresMs) }));
  }
  return tx.approval(row.id) ?? row;
}

/** An entry about an approval, in the trace of the call that asked. */
export function approvalEntry(
  kind: EntryKind,
  row: ApprovalRow,
  timeMs: number,
  fields: JsonObject,
): EntryDraft {
  return {
    kind,
    timeMs,
    traceId: row.traceId,
    decisionId: row.decisionId,
    fields: { approval_id: row.id, binding: row.binding, ...fields },
  };
}

/**
 * Takes back what another approval or its result has answered, or nobody can answer: left over, its yes would let one more
 * call through.
 */
export function supersede(
  tx: Tx,
  row: ApprovalRow,
  by: string,
  nowMs: number,
  fields: JsonObject = {},
): void {
  if (!tx.moveApproval(row.id, row.state, { state: 'cancelled' })) return;
  tx.append(approvalEntry('approval.cancelled', row, nowMs, { superseded_by: by, ...fields }));
}

function ask(
  tx: Tx,
  request: ApprovalRequest,
  callKey: string,
  terms: Terms,
  nowMs: number,
): ApprovalRow {
  const { gate, server, tool, requester, policyDigest, environment, traceId, decisionId } = request;
  const parts = {
    ...{ gate, server, tool, requester, policyDigest, environment, traceId, decisionId },
    ...{ rules: terms.rules, approvers: terms.approvers, quorum: terms.quorum },
    requiresCredential: terms.requiresCredential,
    id: unusedId(tx),
    callKey,
    reason: request.decision.reason,
    // Later than what it comes from, also where a clock stands still or goes back: by that the way back to it is known.
    createdMs: Math.max(nowMs, (request.edited?.row.createdMs ?? 0) + 1),
    expiresMs: nowMs + terms.lifeMs,
    ...(request.edited !== undefined && { edited: stillEdited(request.edited) }),
  };
  const difference = differenceOf(tx, request, nowMs);
  const bytes = Buffer.from(request.canonicalArguments);
  const salt = randomBytes(32);
  const row: ApprovalRow = {
    ...parts,
    state: 'pending',
    binding: bindingOf(parts, bytes),
    argumentsPayload: uuidv7(nowMs),
    decidedMs: undefined,
    decidedBy: [],
    decisionReason: undefined,
    consumedBy: undefined,
    resultPayload: undefined,
    withdrawnBy: undefined,
  };
  const expiresMs = row.expiresMs + dayMs;
  tx.putPayload({ id: row.argumentsPayload, kind: 'approval', bytes, salt, expiresMs });
  tx.putApproval(row);
  tx.append(
    requested(row, request, {
      arguments_commitment: digestOf(Buffer.concat([salt, bytes])),
      ...(difference && { differs: difference.parts, differs_from: difference.from }),
    }),
  );
  return row;
}

/** What a person has changed stays changed when more is asked about it. */
function stillEdited({ row }: EditedRequest): Edit | undefined {
  return row.edited && { ...row.edited, of: row.id, ofBinding: row.binding };
}

export function unusedId(tx: Tx): string {
  let id = newApprovalId();
  while (tx.approval(id) !== undefined) id = newApprovalId();
  return id;
}

function requested(row: ApprovalRow, request: ApprovalRequest, more: JsonObject): EntryDraft {
  return approvalEntry('approval.requested', row, row.createdMs, {
    action: request.action,
    grant_key: grantKeyOf(request) ?? null,
    server: row.server,
    tool: row.tool.slice(0, 500),
    rules: row.rules,
    reason: row.reason,
    expires: timestamp(row.expiresMs),
    quorum: row.quorum,
    approvers: row.approvers,
    requires_credential: row.requiresCredential,
    requester: row.requester,
    ...(row.edited !== undefined && { edited_by: row.edited.by, edited_from: row.edited.of }),
    arguments_payload: row.argumentsPayload,
    ...more,
  });
}
