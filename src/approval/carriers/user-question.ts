import type { UserQuestion } from '../../core/client-user.ts';
import { printable } from '../../core/printable.ts';
import { journalName } from '../../journal/entries.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';
import { approvalDetail, detailLines } from '../view/present.ts';

/** Where an approver answers about this call. */
export function pageQuestion(url: string, row: ApprovalRow): UserQuestion {
  return { mode: 'url', message: pageMessage(row), url: `${url}/${row.id}` };
}

/**
 * What a user is told of a call that waits, in the agent's own client: which tool it is and where to look. Nothing of the
 * arguments, nor policy's words, which may repeat them: they are on the page, for approvers. And no command: the model may
 * read this, too.
 */
function pageMessage({ id, server, tool }: ApprovalRow): string {
  // A resource is named by its address, which may hold what is private behind a question mark.
  const name = journalName({ resourceType: 'resource', name: tool });
  const call = printable(`${server}/${name}`);
  return `A call of ${call} waits for the approval of a person (${id}). Open the page to see the whole call and to decide. The call runs only after a yes that is given there.`;
}

const columns = 72;
const mostCharacters = 20_000;

/** The whole call, for a form. Undefined for one that is longer than anybody reads in a form: a part of it is not shown. */
export function formQuestion(
  reader: Reader,
  row: ApprovalRow,
  isEnough: boolean,
  nowMs: number,
): UserQuestion | undefined {
  const lines = detailLines(approvalDetail(reader, row, nowMs), columns);
  const what = isEnough
    ? 'With a yes this call runs.'
    : 'A yes is put on record; the call runs only when an approver has said yes, too.';
  const message = [what, 'The call is taken back with a no.', '', ...lines].join('\n');
  return message.length > mostCharacters ? undefined : { mode: 'form', message };
}
