import { printable } from '../../core/printable.ts';
import { journalName } from '../../journal/entries.ts';
import type { ApprovalRow } from '../../store/contract.ts';

/** Where an approver answers about this call. */
export function pageOf(url: string, { id }: Pick<ApprovalRow, 'id'>): string {
  return `${url}/${id}`;
}

/**
 * What a user is told of a call that waits, in the agent's own client: which tool it is and where to look. Nothing of the
 * arguments, nor policy's words, which may repeat them: they are on the page, for approvers. And no command: the model may
 * read this, too.
 */
export function pageMessage({ id, server, tool }: ApprovalRow): string {
  // A resource is named by its address, which may hold what is private behind a question mark.
  const name = journalName({ resourceType: 'resource', name: tool });
  const call = printable(`${server}/${name}`);
  return `A call of ${call} waits for the approval of a person (${id}). Open the page to see the whole call and to decide. The call runs only after a yes that is given there.`;
}
