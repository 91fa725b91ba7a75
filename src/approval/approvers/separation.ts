import { GateError } from '../../core/errors.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { ApproverReader } from '../../store/approver-contract.ts';

/**
 * Who gives a verdict, and what proves it: a terminal stands for the operating system's user, a credential for the name
 * it was issued to; a claimed name is only somebody's word.
 */
export interface Approver {
  readonly kind: 'terminal' | 'credential' | 'claimed';
  readonly name: string;
}

/**
 * Why a yes at a terminal is none: once somebody has a credential, or one is required, only credentials prove a person. A
 * shell of the same user can make itself a terminal.
 */
export function whyNotTerminal(
  reader: ApproverReader,
  { kind }: Approver,
  isCredentialRequired: boolean,
): GateError | undefined {
  if (kind !== 'terminal') return undefined;
  const hasApprovers = reader.approvers().length > 0;
  if (!hasApprovers && !isCredentialRequired) return undefined;
  const why = hasApprovers ? 'there are approvers' : '"approvals.requireCredential" holds';
  return new GateError(
    'approval_refused',
    `a terminal proves nobody, for ${why}: expected the credential of one of them`,
    { hint: hasApprovers ? 'set MCP_GATE_APPROVER=NAME:SECRET' : 'mcp-gate approvers add NAME' },
  );
}

/** Why a proven approver may not say yes to this approval; undefined when nothing stands in the way. */
export function whyNotApprover(
  reader: ApproverReader,
  row: ApprovalRow,
  approver: Approver,
): GateError | undefined {
  if (isRequester(row.requester, approver)) {
    const message = `"${approver.name}" asked for this call, expected another person to approve it`;
    const isSystemUser = row.requester === `os:${approver.name}`;
    return new GateError('approval_refused', message, isSystemUser ? { hint: namedLikeUser } : {});
  }
  // Between the proof and this transaction somebody may have taken the credential back.
  if (approver.kind === 'credential' && reader.approvers().length > 0) {
    if (!isEnrolled(reader, approver.name)) {
      return new GateError('approval_refused', `"${approver.name}" is no approver any more`);
    }
  }
  if (isNamed(reader, row.approvers, approver)) return undefined;
  const groups = row.approvers.filter((name) => name.startsWith(groupPrefix));
  const detail = groups.length === 0 ? '' : `, nor in ${groups.join(' or ')}`;
  const message = `"${approver.name}" is not among the approvers that policy names${detail}`;
  const hint = groups.length === 0 ? 'mcp-gate approvals show ID' : 'mcp-gate approvers groups';
  return new GateError('approval_refused', message, { hint });
}

export const groupPrefix = 'group:';

export function isEnrolled(reader: ApproverReader, name: string): boolean {
  return reader.approvers().some((each) => each.name === name);
}

/**
 * Whether a list of approvers means this one, as groups stand now. A group is of those who have a credential; nobody is in
 * one by a terminal.
 */
export function isNamed(
  reader: ApproverReader,
  approvers: readonly string[],
  approver: Approver,
): boolean {
  if (approvers.length === 0 || approvers.some((name) => names(name, approver))) return true;
  const { kind, name } = approver;
  if (kind !== 'credential' || !approvers.some((each) => each.startsWith(groupPrefix)))
    return false;
  return (
    isEnrolled(reader, name) &&
    reader
      .memberships()
      .some((each) => each.approver === name && approvers.includes(groupPrefix + each.group))
  );
}

const namedLikeUser =
  'the credential has the name of the system user whose agent asked; issue one under another name: mcp-gate approvers add NAME';

// On their own desktop the operating system's user is requester and approver in one; nobody else may be both.
export function isRequester(requester: string, { kind, name }: Approver): boolean {
  if (kind === 'terminal' && requester === `os:${name}`) return false;
  return requester === name || requester.split(/[:/|#]/).at(-1) === name;
}

function names(listed: string, { kind, name }: Approver): boolean {
  return listed === name || (kind === 'terminal' && listed === `os:${name}`);
}
