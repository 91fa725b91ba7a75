import { GateError } from '../core/errors.ts';
import type { ApprovalRow, Reader } from '../store/contract.ts';

/**
 * Who gives a verdict, and what proves it: a terminal stands for the operating system's user, a credential for the name
 * it was issued to; a claimed name is only somebody's word.
 */
export interface Approver {
  readonly kind: 'terminal' | 'credential' | 'claimed';
  readonly name: string;
}

/**
 * Why a yes at a terminal is none: once somebody has a credential, only credentials prove a person. A shell of the same
 * user can make itself a terminal.
 */
export function whyNotTerminal(reader: Reader, { kind }: Approver): GateError | undefined {
  if (kind !== 'terminal' || reader.approvers().length === 0) return undefined;
  return new GateError(
    'approval_refused',
    'a terminal proves nobody, for there are approvers: expected the credential of one of them',
    { hint: 'set MCP_GATE_APPROVER=NAME:SECRET' },
  );
}

/** Why a proven approver may not say yes to this approval; undefined when nothing stands in the way. */
export function whyNotApprover(row: ApprovalRow, approver: Approver): GateError | undefined {
  if (isRequester(row.requester, approver)) {
    const message = `"${approver.name}" asked for this call, expected another person to approve it`;
    const isSystemUser = row.requester === `os:${approver.name}`;
    return new GateError('approval_refused', message, isSystemUser ? { hint: namedLikeUser } : {});
  }
  if (row.approvers.length === 0 || row.approvers.some((name) => names(name, approver))) {
    return undefined;
  }
  const group = row.approvers.find((name) => name.startsWith('group:'));
  const detail = group === undefined ? '' : `; membership of "${group}" cannot be checked`;
  const message = `"${approver.name}" is not among the approvers that policy names${detail}`;
  return new GateError('approval_refused', message);
}

const namedLikeUser =
  'the credential has the name of the system user whose agent asked; issue one under another name: mcp-gate approvers add NAME';

// On their own desktop the operating system's user is requester and approver in one; nobody else may be both.
function isRequester(requester: string, { kind, name }: Approver): boolean {
  if (kind === 'terminal' && requester === `os:${name}`) return false;
  return requester === name || requester.split(/[:/|#]/).at(-1) === name;
}

function names(listed: string, { kind, name }: Approver): boolean {
  return listed === name || (kind === 'terminal' && listed === `os:${name}`);
}
