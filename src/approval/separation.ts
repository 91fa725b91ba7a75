import type { ApprovalRow } from '../store/contract.ts';

/**
 * Who gives a verdict, and what proves it: a terminal stands for the operating system's user, a credential for the name
 * it was issued to; a claimed name is only somebody's word.
 */
export interface Approver {
  readonly kind: 'terminal' | 'credential' | 'claimed';
  readonly name: string;
}

/** Why a proven approver may not say yes to this approval; undefined when nothing stands in the way. */
export function whyNotApprover(row: ApprovalRow, approver: Approver): string | undefined {
  if (isRequester(row.requester, approver)) {
    return `"${approver.name}" asked for this call, expected another person to approve it`;
  }
  if (row.approvers.length === 0 || row.approvers.some((name) => names(name, approver))) {
    return undefined;
  }
  const group = row.approvers.find((name) => name.startsWith('group:'));
  const detail = group === undefined ? '' : `; membership of "${group}" cannot be checked`;
  return `"${approver.name}" is not among the approvers that policy names${detail}`;
}

// On their own desktop the operating system's user is requester and approver in one; nobody else may be both.
function isRequester(requester: string, { kind, name }: Approver): boolean {
  if (kind === 'terminal' && requester === `os:${name}`) return false;
  return requester === name || requester.split(/[:/|#]/).at(-1) === name;
}

function names(listed: string, { kind, name }: Approver): boolean {
  return listed === name || (kind === 'terminal' && listed === `os:${name}`);
}
