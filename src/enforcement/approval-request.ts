import type { ApprovalRequest } from '../approval/contract.ts';
import { canonical } from '../core/canonical.ts';
import type { JsonObject } from '../core/json.ts';
import { sharingScope } from '../core/sharing-scope.ts';
import type { Ruling } from './decide.ts';
import type { ReuseParts } from './reuse.ts';

/** What a person is asked about a call, with everything that the yes is bound to. */
export function approvalRequest(gate: string, ruling: Ruling): ApprovalRequest {
  const { call, caller, policy } = ruling;
  return {
    gate,
    requester: caller.identity.scope,
    scope: sharingScope(caller),
    action: call.action,
    server: call.server,
    tool: call.name,
    pin: ruling.tool?.pin,
    ...askedFor(ruling),
    policyDigest: policy?.digest ?? '',
    environment: ruling.settings.environment,
    decision: ruling.decision,
    decisionId: ruling.decisionId,
    traceId: call.traceId,
    awaited: caller.rounds?.held,
    edited: ruling.standing.edited,
  };
}

/** What must be the same for the result of one call to be that of another. */
export function reuseParts(gate: string, ruling: Ruling): ReuseParts {
  const { action, canonicalArguments, environment, pin, policyDigest, server, tool } =
    approvalRequest(gate, ruling);
  const scope = sharingScope(ruling.caller);
  // Policy wrote them as JSON.
  const obligations = ruling.decision.obligations as readonly JsonObject[];
  const parts = { gate, scope, environment, action, server, tool, pin };
  return { ...parts, canonicalArguments, policyDigest, obligations };
}

/** What a person says yes to: the arguments, and whatever else the request carries to the tool. */
export function askedFor({ call, canonicalArguments }: Ruling) {
  const { name: _, ...others } = call.request.fields ?? {};
  if (Object.keys(others).length === 0) return { isPlain: true, canonicalArguments };
  const text = canonical({ arguments: call.arguments, params: others });
  return { isPlain: false, canonicalArguments: text };
}
