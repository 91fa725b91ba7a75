import { canonical } from '../core/canonical.ts';
import { timestamp } from '../core/clock.ts';
import { digestOf } from '../core/digest.ts';
import type { ApprovalRow, Reader } from '../store/contract.ts';
import type { ApprovalRequest } from './contract.ts';

/**
 * The key under which identical calls meet. The gate is part of it: one server key names different servers in two
 * configurations that share a state folder.
 */
export function callKeyOf(request: ApprovalRequest): string {
  return digestOf(
    canonical({
      action: request.action,
      arguments: digestOf(request.canonicalArguments),
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

/**
 * The key of all calls that differ from this one in nothing but their arguments: what a standing grant covers at most.
 * Undefined for what is no tool call, and for one that carries more to the tool than arguments.
 */
export function grantKeyOf(request: ApprovalRequest): string | undefined {
  if (request.action !== 'tools/call' || !request.isPlain) return undefined;
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

/** Recomputed from the row and the arguments as they are stored now; erased arguments bind nothing. */
export function bindingHolds(reader: Reader, row: ApprovalRow): boolean {
  const bytes = reader.payload(row.argumentsPayload);
  return bytes !== undefined && bindingOf(row, bytes) === row.binding;
}
