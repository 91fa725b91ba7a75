import { canonical } from '../core/canonical.ts';
import { timestamp } from '../core/clock.ts';
import { digestOf } from '../core/digest.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { Reader } from '../store/contract.ts';
import type { Edit } from '../store/edit-contract.ts';
import type { ApprovalRequest } from './contract.ts';

/**
 * The key under which identical calls meet; a call that a person has changed meets those that it was changed from. It begins
 * with what the caller alone settles, so that the same call under another definition, policy or environment is found beside
 * it.
 */
export function callKeyOf(request: ApprovalRequest): string {
  return `${likenessOf(request)}${partsAround(request).map(digestOf).join('/')}`;
}

/**
 * The beginning that the keys of one call have in common, whatever it is decided under. The gate is part of it: one server
 * key names different servers in two configurations that share a state folder.
 */
export function likenessOf(request: ApprovalRequest): string {
  const digest = digestOf(
    canonical({
      action: request.action,
      arguments: digestOf(request.edited?.asked ?? request.canonicalArguments),
      gate: request.gate,
      scope: request.scope,
      server: request.server,
      tool: request.tool,
    }),
  );
  return `${digest}/`;
}

/** What the keys of one call can differ in, in the order in which they hold it. */
const around = ['pin', 'policy', 'environment'] as const;

function partsAround({ pin, policyDigest, environment }: ApprovalRequest): readonly string[] {
  return [canonical(pin ?? null), policyDigest, environment];
}

/** In what two keys of one call differ. */
export function differingParts(one: string, other: string): readonly string[] {
  const [left, right] = [one, other].map((key) => key.split('/').slice(1));
  return around.filter((_, at) => left?.[at] !== right?.[at]);
}

/**
 * The key of all calls that differ from this one in nothing but their arguments: what a standing grant covers at most.
 * Undefined for what is no tool call, for one that carries more to the tool than arguments, and for one that a person has
 * changed, which is a yes to that one call.
 */
export function grantKeyOf(request: ApprovalRequest): string | undefined {
  if (request.action !== 'tools/call' || !request.isPlain || request.edited) return undefined;
  return digestOf(
    canonical({
      action: request.action,
      environment: request.environment,
      gate: request.gate,
      pin: request.pin ?? null,
      policy_digest: request.policyDigest,
      scope: request.scope,
      server: request.server,
      tool: request.tool,
    }),
  );
}

type BoundParts = Omit<
  ApprovalRow,
  | 'state'
  | 'binding'
  | 'argumentsPayload'
  | 'decidedMs'
  | 'decidedBy'
  | 'decisionReason'
  | 'consumedBy'
  | 'resultPayload'
  | 'withdrawnBy'
>;

/** SHA-256 over everything that was settled when the question was put: what an approver says yes to. */
export function bindingOf(parts: BoundParts, canonicalArguments: Uint8Array | string): string {
  return digestOf(
    canonical({
      approval_id: parts.id,
      approvers: parts.approvers,
      arguments: digestOf(canonicalArguments),
      call_key: parts.callKey,
      ...(parts.edited !== undefined && { edited: editFields(parts.edited) }),
      environment: parts.environment,
      expires: timestamp(parts.expiresMs),
      gate: parts.gate,
      policy_digest: parts.policyDigest,
      quorum: parts.quorum,
      requester: parts.requester,
      // Absent where it is not asked for, so that a question of an older version still holds.
      ...(parts.requiresCredential && { requires_credential: true }),
      rules: parts.rules,
      server: parts.server,
      tool: parts.tool,
    }),
  );
}

function editFields({ of, ofBinding, by, via, atMs }: Edit) {
  return { at: timestamp(atMs), by, of, of_binding: ofBinding, via };
}

/** Recomputed from the row and the arguments as they are stored now; erased arguments bind nothing. */
export function bindingHolds(reader: Reader, row: ApprovalRow): boolean {
  const bytes = reader.payload(row.argumentsPayload);
  return bytes !== undefined && bindingOf(row, bytes) === row.binding;
}

/**
 * Whether an approval is about this very request. One whose arguments a person changed is so for the call that has them,
 * and for no other: it never answers for the arguments that it was asked with.
 */
export function isAbout(reader: Reader, row: ApprovalRow, request: ApprovalRequest): boolean {
  if (callKeyOf(request) !== row.callKey) return false;
  if (row.edited === undefined) return request.edited === undefined;
  const bytes = reader.payload(row.argumentsPayload);
  const isEdited = request.edited !== undefined;
  return isEdited && bytes?.equals(Buffer.from(request.canonicalArguments)) === true;
}
