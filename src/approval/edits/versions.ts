import { GateError } from '../../core/errors.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';

/** The approval that asks now what this one asked before somebody changed the arguments; itself where nobody did. */
export function latest(reader: Reader, row: ApprovalRow): ApprovalRow {
  let found = row;
  while (found.state === 'cancelled') {
    const next = reader.approvalAfter(found.id);
    if (next === undefined) break;
    found = next;
  }
  return found;
}

/** The approval of the call as its caller asked for it; undefined where the chain that leads there is broken. */
export function original(reader: Reader, row: ApprovalRow): ApprovalRow | undefined {
  let found = row;
  while (found.edited !== undefined) {
    const before = reader.approval(found.edited.of);
    // What comes later was made later: a chain that somebody bent into a ring leads nowhere.
    if (before === undefined || before.createdMs >= found.createdMs) return undefined;
    if (before.binding !== found.edited.ofBinding) return undefined;
    found = before;
  }
  return found;
}

/** Why there is no vote on an approval that waits no more; one that was changed asks under another id. */
export function notPending(reader: Reader, row: ApprovalRow): GateError {
  const now = latest(reader, row);
  const message = `approval "${row.id}" is ${row.state}, expected pending`;
  if (now.id === row.id) return new GateError('approval_refused', message);
  const hint = `its arguments were changed: mcp-gate approvals show ${now.id}`;
  return new GateError('approval_refused', message, { hint });
}
