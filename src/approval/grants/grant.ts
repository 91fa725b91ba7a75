import { canonical } from '../../core/canonical.ts';
import { timestamp } from '../../core/clock.ts';
import { digestOf } from '../../core/digest.ts';
import { GateError } from '../../core/errors.ts';
import { randomBytes, uuidv7 } from '../../core/ids.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader, Tx } from '../../store/contract.ts';
import type { GrantRow } from '../../store/grant-contract.ts';
import { newGrantId } from '../approval-id.ts';
import { isEnrolled, isNamed } from '../approvers/separation.ts';
import { approvalEntry } from '../record.ts';
import { type GrantTerms, readTerms, termsText } from './grant-terms.ts';

const dayMs = 86_400_000;
const mostForOneTool = 100;

/** The key of the calls that a grant made from this approval may cover, as it was journaled when the question was put. */
export function grantKeyFor(reader: Reader, row: ApprovalRow): string {
  const key = reader.journal
    .trace(row.traceId)
    .filter((entry) => entry.kind === 'approval.requested')
    .map((entry): unknown => parseJson(entry.body))
    .find((body) => isObject(body) && body['approval_id'] === row.id);
  const { grant_key: grantKey, binding } = isObject(key) ? key : {};
  if (typeof grantKey === 'string' && binding === row.binding) return grantKey;
  throw new GateError(
    'approval_refused',
    `approval "${row.id}" can be given only once: it is not for a tool call with nothing but arguments`,
    { hint: 'approve it without --grant' },
  );
}

/** Why no grant can be added for these calls: every one in force is looked at whenever one of them asks. */
export function whyNoRoom(reader: Reader, grantKey: string, nowMs: number): GateError | undefined {
  if (reader.grantsFor(grantKey, nowMs).length < mostForOneTool) return undefined;
  const message = `${mostForOneTool} grants are in force for this tool and caller, expected fewer`;
  return new GateError('approval_refused', message, {
    hint: 'mcp-gate grants revoke ID, or grant with --arguments KEY=VALUE or any',
  });
}

/** Keeps what an approver wants granted, and gives what the entry about the vote says of it. */
export function putWish(
  tx: Tx,
  row: ApprovalRow,
  approver: string,
  terms: GrantTerms,
  nowMs: number,
): JsonObject {
  const bytes = Buffer.from(termsText(terms));
  const salt = randomBytes(32);
  const id = uuidv7(nowMs);
  const expiresMs = row.expiresMs + terms.lifeMs + dayMs;
  tx.putPayload({ id, kind: 'approval', bytes, salt, expiresMs });
  tx.putGrantVote({ approvalId: row.id, approver, termsPayload: id });
  return { ...termsFields(terms), commitment: digestOf(Buffer.concat([salt, bytes])), payload: id };
}

/** Whether these are the terms that the approver has asked for already. */
export function hasWished(reader: Reader, row: ApprovalRow, approver: string, terms: GrantTerms) {
  return wishesFor(reader, row, terms).some((each) => each.approver === approver);
}

/**
 * The grant that goes with an approval that has just been given: as many as the approval needed must want it, on the same
 * terms, in the same transaction. Undefined while they do not.
 */
export function makeGrant(
  tx: Tx,
  row: ApprovalRow,
  given: { readonly terms: GrantTerms; readonly grantKey: string; readonly via: GrantRow['via'] },
  approvers: readonly string[],
  nowMs: number,
): GrantRow | undefined {
  const { terms, grantKey, via } = given;
  const wishes = wishesFor(tx, row, terms).filter((each) => approvers.includes(each.approver));
  const [wish] = wishes;
  if (wish === undefined || wishes.length < row.quorum) return undefined;
  const { gate, server, tool, requester, rules, quorum, policyDigest, environment } = row;
  const parts = {
    ...{ gate, server, tool, requester, rules, quorum, policyDigest, environment },
    id: unusedId(tx),
    approvalId: row.id,
    approvers: row.approvers,
    decidedBy: wishes.map((each) => each.approver),
    grantKey,
    via,
    uses: terms.uses,
    createdMs: nowMs,
    expiresMs: nowMs + terms.lifeMs,
  };
  const grant: GrantRow = {
    ...parts,
    binding: grantBinding(parts, terms),
    termsPayload: wish.termsPayload,
    used: 0,
    revokedMs: undefined,
    revokedBy: undefined,
  };
  tx.putGrant(grant);
  tx.append(
    approvalEntry('approval.granted', row, nowMs, {
      ...{ grant_id: grant.id, grant_binding: grant.binding, server, tool: tool.slice(0, 500) },
      ...{ requester, rules, quorum, approvers: grant.decidedBy, via },
      ...termsFields(terms),
      expires: timestamp(grant.expiresMs),
      terms_payload: grant.termsPayload,
    }),
  );
  return grant;
}

type BoundParts = Omit<GrantRow, 'binding' | 'termsPayload' | 'used' | 'revokedMs' | 'revokedBy'>;

function grantBinding(parts: BoundParts, terms: GrantTerms): string {
  return digestOf(
    canonical({
      approval_id: parts.approvalId,
      approvers: parts.approvers,
      decided_by: parts.decidedBy,
      environment: parts.environment,
      expires: timestamp(parts.expiresMs),
      gate: parts.gate,
      grant_id: parts.id,
      grant_key: parts.grantKey,
      policy_digest: parts.policyDigest,
      quorum: parts.quorum,
      requester: parts.requester,
      rules: parts.rules,
      server: parts.server,
      terms: digestOf(termsText(terms)),
      tool: parts.tool,
      uses: parts.uses ?? null,
      via: parts.via,
    }),
  );
}

/** The terms of a grant that is as it was made; undefined where the row or they were changed or erased. */
export function termsOfGrant(reader: Reader, row: GrantRow): GrantTerms | undefined {
  const terms = readTerms(reader, row.termsPayload);
  return terms !== undefined && grantBinding(row, terms) === row.binding ? terms : undefined;
}

/**
 * Whether those who gave it could give it now: a terminal proves somebody until there are approvers, and a credential that
 * was taken back proves nobody; nor does one of somebody who has left the group that policy named.
 */
export function isProven(reader: Reader, { via, decidedBy, approvers }: GrantRow): boolean {
  const isProof = (name: string) =>
    via === 'terminal' ? reader.approvers().length === 0 : isEnrolled(reader, name);
  return decidedBy.every(
    (name) => isProof(name) && isNamed(reader, approvers, { kind: via, name }),
  );
}

export type GrantState = 'in_force' | 'revoked' | 'expired' | 'used_up' | 'void';

/** `void`: it applies to nothing, for it was changed, or somebody who gave it proves nobody any more. */
export function grantState(reader: Reader, row: GrantRow, nowMs: number): GrantState {
  if (row.revokedMs !== undefined) return 'revoked';
  if (nowMs >= row.expiresMs) return 'expired';
  if (row.uses !== undefined && row.used >= row.uses) return 'used_up';
  const holds = isProven(reader, row) && termsOfGrant(reader, row) !== undefined;
  return holds ? 'in_force' : 'void';
}

function wishesFor(reader: Reader, row: ApprovalRow, terms: GrantTerms) {
  const text = termsText(terms);
  return reader
    .grantVotes(row.id)
    .filter(({ termsPayload }) => reader.payload(termsPayload)?.toString() === text);
}

// What the values are stands in the payload alone: leaves are for good.
function termsFields({ arguments: given, lifeMs, uses }: GrantTerms): JsonObject {
  return {
    argument_terms: given.kind,
    argument_names: given.kind === 'some' ? Object.keys(given.values).sort() : [],
    life_ms: lifeMs,
    uses: uses ?? null,
  };
}

function unusedId(tx: Tx): string {
  let id = newGrantId();
  while (tx.grant(id) !== undefined) id = newGrantId();
  return id;
}
