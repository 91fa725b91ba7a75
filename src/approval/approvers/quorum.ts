import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';
import { isEnrolled, isNamed } from './separation.ts';

/**
 * Those whose yes counts as things stand now, each once: who proved it in a way that still proves it, has not been removed
 * since, and still is one of those whom policy names, by name or by group.
 */
export function provenYeses(
  reader: Reader,
  row: ApprovalRow,
  isCredentialRequired: boolean,
): readonly string[] {
  const isTerminalProof = !isCredentialRequired && reader.approvers().length === 0;
  const votes = reader
    .votes(row.id)
    .filter((each) => each.verified && each.verdict === 'approve')
    .flatMap(({ via, approver }) => (via === 'client' ? [] : [{ kind: via, name: approver }]))
    .filter(
      ({ kind, name }) => isTerminalProof || (kind !== 'terminal' && isEnrolled(reader, name)),
    )
    .filter((approver) => isNamed(reader, row.approvers, approver));
  return [...new Set(votes.map(({ name }) => name))];
}
