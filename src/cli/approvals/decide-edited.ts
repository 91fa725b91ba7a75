import type { Approver } from '../../approval/approvers/separation.ts';
import { unproven } from '../../approval/edits/edit.ts';
import { notPending } from '../../approval/edits/versions.ts';
import { editableArguments, editQuestion } from '../../approval/view/edit-question.ts';
import { GateError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { printable } from '../../core/printable.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Store } from '../../store/contract.ts';
import { fail } from '../failure.ts';
import { type Io, isInteractive, tell } from '../io.ts';
import { columnsOf } from './approvals-columns.ts';
import { ask } from './ask.ts';
import { type Draft, withDraft } from './draft.ts';
import type { EditWish } from './edit-options.ts';
import { editableText, named, parseEdited, readEdited } from './edited-arguments.ts';

/** Who answers for which approval, and where. */
export interface Changing {
  readonly io: Io;
  readonly store: Store;
  readonly stateDir: string;
  readonly row: ApprovalRow;
  readonly approver: Approver;
}

type Vote<T> = (args: JsonObject) => Promise<T>;

/**
 * A yes to a call with other arguments: they are written, checked, shown against those that the agent asked with, and only
 * then voted for. Undefined when the person decided nothing. What was typed into an editor and does not come to a vote is
 * shown once more, for its file is gone.
 */
export async function decideEdited<T>(
  changing: Changing,
  wish: EditWish,
  vote: Vote<T>,
): Promise<T | undefined> {
  const { io, store, stateDir, row, approver } = changing;
  if (row.state !== 'pending') throw notPending(store, row);
  if (approver.kind === 'claimed') throw unproven();
  const before = editableArguments(store, row);
  if (wish.kind === 'file') return fromFile(changing, wish.path, before, vote);
  if (!isInteractive(io)) {
    throw new GateError('usage', '"--edit": expected a terminal to edit on', {
      hint: 'name a file with --edit-file FILE',
    });
  }
  return withDraft(io, stateDir, editableText(before), (draft) =>
    fromEditor(changing, draft, before, vote),
  );
}

async function fromFile<T>(
  changing: Changing,
  path: string,
  before: JsonObject,
  vote: Vote<T>,
): Promise<T | undefined> {
  const { io, approver } = changing;
  const args = parseEdited(await readEdited(io, path), named(path), before);
  if (approver.kind === 'credential') return vote(args);
  if (!isInteractive(io)) throw unseen();
  const answer = await answerTo(changing, args, 'approve the changed call?');
  return answer === 'yes' ? vote(args) : undefined;
}

async function fromEditor<T>(
  changing: Changing,
  draft: Draft,
  before: JsonObject,
  vote: Vote<T>,
): Promise<T | undefined> {
  const { io } = changing;
  for (;;) {
    const saved = await draft.edit();
    const args = parsed(saved, before);
    if (args instanceof GateError) {
      fail(io, args);
      if (/^(y(es)?)?$/i.test(await ask(io, 'edit it again? [Y/n] '))) continue;
      tellWritten(io, saved);
      return undefined;
    }
    const answer = await answerTo(changing, args, 'approve the changed call? (e edits it again)');
    if (answer === 'again') continue;
    if (answer === 'no') return undefined;
    try {
      return await vote(args);
    } catch (thrown) {
      tellWritten(io, saved);
      throw thrown;
    }
  }
}

function parsed(saved: Buffer, before: JsonObject): JsonObject | GateError {
  try {
    return parseEdited(saved, 'what you saved', before);
  } catch (thrown) {
    if (thrown instanceof GateError) return thrown;
    throw thrown;
  }
}

async function answerTo(
  { io, store, row }: Changing,
  args: JsonObject,
  asks: string,
): Promise<'yes' | 'no' | 'again'> {
  const columns = columnsOf(io.stderr);
  const { lines, prompt, isYes } = editQuestion(store, row, args, Date.now(), columns, asks);
  for (const line of lines) tell(io, line);
  const typed = await ask(io, prompt);
  if (isYes(typed)) return 'yes';
  return /^e(dit)?$/i.test(typed) ? 'again' : 'no';
}

function tellWritten(io: Io, saved: Buffer): void {
  tell(io, 'what you had written:');
  for (const line of saved.toString().split('\n')) tell(io, printable(line));
}

function unseen(): GateError {
  return new GateError('credential_refused', 'no terminal to show the call on, and no credential', {
    hint: 'approve in a terminal, or set MCP_GATE_APPROVER=NAME:SECRET',
  });
}
