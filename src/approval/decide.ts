import type { Clock } from '../core/clock.ts';
import { GateError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { ApprovalRow, VoteRow } from '../store/approval-contract.ts';
import type { Store, Tx } from '../store/contract.ts';
import type { GrantRow } from '../store/grant-contract.ts';
import { findApproval } from './approval-id.ts';
import { provenYeses } from './approvers/quorum.ts';
import { type Approver, whyNotApprover, whyNotTerminal } from './approvers/separation.ts';
import { bindingHolds } from './binding.ts';
import { putEdit } from './edits/edit.ts';
import { notPending } from './edits/versions.ts';
import { grantKeyFor, hasWished, makeGrant, putWish, whyNoRoom } from './grants/grant.ts';
import type { GrantTerms } from './grants/grant-terms.ts';
import { approvalEntry, expireIfDue } from './record.ts';

interface DecisionRequest {
  /** The id, or a beginning of it. */
  readonly id: string;
  readonly verdict: VoteRow['verdict'];
  readonly approver: Approver;
  readonly reason: string | undefined;
  /** What the approval was bound to when it was shown; another than it has now, and nothing is decided. */
  readonly binding?: string | undefined;
  /** With a yes: the calls like this one that are to run without being asked about. */
  readonly grant?: GrantTerms | undefined;
  /** What the configuration says now; what the question was put under counts beside it. */
  readonly requireCredential?: boolean;
  /** With a yes: the arguments that it is for, in place of those that were asked with. */
  readonly edit?: JsonObject | undefined;
}

const onlyOnce = new GateError(
  'usage',
  'a grant and changed arguments at once: a yes to changed arguments is for one call',
);

/** The request with what it takes to make a grant. */
interface Vote extends DecisionRequest {
  readonly grantKey: string | undefined;
}

export interface Decided {
  /** As it stands now: still pending while the quorum is not reached. */
  readonly approval: ApprovalRow;
  /** False for a claimed name: the vote is on record and counts for nothing. */
  readonly counted: boolean;
  readonly votes: number;
  readonly needed: number;
  /** The standing grant that came of it. */
  readonly grant: GrantRow | undefined;
}

const longestReason = 2000;

/**
 * One person's yes or no, in one transaction: the vote, what becomes of the approval, and the entry. A no ends it at
 * once; yeses count by distinct proven name. Throws `not_found`, or `approval_refused` with what stands in the way.
 */
export async function decideApproval(
  parts: { readonly store: Store; readonly clock: Clock },
  request: DecisionRequest,
): Promise<Decided> {
  const row = findApproval(parts.store, request.id);
  const { id } = row;
  const reason = request.reason?.toWellFormed();
  if (reason !== undefined && reason.length > longestReason) {
    throw new GateError(
      'usage',
      `"reason" has ${reason.length} characters, expected at most ${longestReason}`,
    );
  }
  if (request.grant !== undefined && request.edit !== undefined) throw onlyOnce;
  const grantKey = request.grant === undefined ? undefined : grantKeyFor(parts.store, row);
  // A refusal is returned, not thrown: the transaction may have marked an expiry that must be kept.
  const result = await parts.store.write('decision', (tx) =>
    vote(tx, id, { ...request, reason, grantKey }, parts.clock()),
  );
  if (result instanceof GateError) throw result;
  return result;
}

function vote(tx: Tx, id: string, request: Vote, nowMs: number): Decided | GateError {
  const found = tx.approval(id);
  if (found === undefined) return new GateError('not_found', `approval "${id}" does not exist`);
  const row = expireIfDue(tx, found, nowMs);
  if (row.state !== 'pending') {
    return notPending(tx, row);
  }
  if (request.binding !== undefined && request.binding !== row.binding) {
    return refused(`approval "${id}" is not what was shown, expected the binding that it has now`);
  }
  if (request.verdict === 'deny') return deny(tx, row, request, nowMs);
  if (!bindingHolds(tx, row)) {
    return refused(`approval "${id}" does not hold: its stored call was changed or erased`);
  }
  const { approver } = request;
  // On the list as this transaction sees it: a terminal counts until somebody else may prove themselves, and no longer.
  const hindrance =
    approver.kind === 'claimed'
      ? undefined
      : (whyNotTerminal(tx, approver, needsCredential(row, request)) ??
        whyNotApprover(tx, row, approver));
  if (hindrance !== undefined) return hindrance;
  const { grantKey } = request;
  const noRoom = grantKey === undefined ? undefined : whyNoRoom(tx, grantKey, nowMs);
  if (noRoom !== undefined) return noRoom;
  if (request.edit === undefined) return approve(tx, row, request, nowMs);
  const edited = putEdit(tx, row, request.edit, approver, nowMs);
  return edited instanceof GateError ? edited : approve(tx, edited, request, nowMs);
}

// Refusing is safe in anybody's name, the requester's included; the entry says whether the name was proven.
function deny(tx: Tx, row: ApprovalRow, request: DecisionRequest, nowMs: number): Decided {
  const voted = castVote(tx, row, request, nowMs);
  tx.moveApproval(row.id, 'pending', {
    state: 'denied',
    decidedMs: nowMs,
    decidedBy: [voted.approver],
    ...(voted.reason !== undefined && { decisionReason: voted.reason }),
  });
  tx.append(approvalEntry('approval.denied', row, nowMs, voteFields(voted)));
  return standing(tx, row, request);
}

function approve(tx: Tx, row: ApprovalRow, request: Vote, nowMs: number): Decided {
  const required = needsCredential(row, request);
  const before = provenYeses(tx, row, required);
  const { kind, name } = request.approver;
  // A name that nobody proved grants nothing.
  const terms = kind === 'claimed' ? undefined : request.grant;
  // Saying the same twice adds nothing, neither to the count nor to the journal.
  if (kind !== 'claimed' && before.includes(name)) {
    if (terms === undefined || hasWished(tx, row, name, terms)) return standing(tx, row, request);
  }
  const voted = castVote(tx, row, request, nowMs);
  const grant = terms === undefined ? undefined : putWish(tx, row, name, terms, nowMs);
  const said = { ...voteFields(voted), ...(grant !== undefined && { grant }) };
  const approvers = provenYeses(tx, row, required);
  const counts = { votes: approvers.length, needed: row.quorum };
  if (approvers.length < row.quorum) {
    tx.append(approvalEntry('approval.voted', row, nowMs, { ...said, ...counts }));
    return standing(tx, row, request);
  }
  tx.moveApproval(row.id, 'pending', {
    state: 'approved',
    decidedMs: nowMs,
    decidedBy: approvers,
    ...(voted.reason !== undefined && { decisionReason: voted.reason }),
  });
  tx.append(approvalEntry('approval.approved', row, nowMs, { ...said, ...counts, approvers }));
  return { ...standing(tx, row, request), grant: granted(tx, row, request, approvers, nowMs) };
}

function granted(
  tx: Tx,
  row: ApprovalRow,
  { approver, grant: terms, grantKey }: Vote,
  approvers: readonly string[],
  nowMs: number,
): GrantRow | undefined {
  if (terms === undefined || grantKey === undefined || approver.kind === 'claimed')
    return undefined;
  return makeGrant(tx, row, { terms, grantKey, via: approver.kind }, approvers, nowMs);
}

function castVote(tx: Tx, row: ApprovalRow, request: DecisionRequest, nowMs: number): VoteRow {
  const { approver, verdict, reason } = request;
  const voted: VoteRow = {
    approvalId: row.id,
    approver: approver.name,
    verified: approver.kind !== 'claimed',
    via: approver.kind === 'credential' ? 'credential' : 'terminal',
    verdict,
    reason,
    atMs: nowMs,
  };
  tx.putVote(voted);
  return voted;
}

function voteFields({ approver, verified, via, verdict, reason }: VoteRow) {
  return { approver, verified, via, verdict, reason: reason ?? null };
}

/** The stricter of now and then: whoever edits the config to approve weakens no question that was put before. */
function needsCredential(row: ApprovalRow, request: DecisionRequest): boolean {
  return row.requiresCredential || request.requireCredential === true;
}

function standing(tx: Tx, row: ApprovalRow, request: DecisionRequest): Decided {
  return {
    approval: tx.approval(row.id) ?? row,
    counted: request.approver.kind !== 'claimed',
    votes: provenYeses(tx, row, needsCredential(row, request)).length,
    needed: row.quorum,
    grant: undefined,
  };
}

function refused(message: string): GateError {
  return new GateError('approval_refused', message);
}
