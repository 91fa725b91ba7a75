import { userInfo } from 'node:os';
import { findApproval } from '../../approval/approval-id.ts';
import { resolveApprover } from '../../approval/approvers/identity.ts';
import { type Approver, whyNotTerminal } from '../../approval/approvers/separation.ts';
import { decideApproval } from '../../approval/decide.ts';
import { type GrantTerms, termsForGrant } from '../../approval/grants/grant-terms.ts';
import { wishLines } from '../../approval/grants/present-grant.ts';
import { besideLines } from '../../approval/view/beside.ts';
import { approvalDetail } from '../../approval/view/present.ts';
import { questionOf } from '../../approval/view/question.ts';
import { timestamp } from '../../core/clock.ts';
import { GateError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Store } from '../../store/contract.ts';
import { type Io, isInteractive, print, tell } from '../io.ts';
import type { StateOptions } from '../options.ts';
import { findPlace, isCredentialRequired, withStore } from '../state.ts';
import { columnsOf } from './approvals-columns.ts';
import { ask } from './ask.ts';
import { type Changing, decideEdited } from './decide-edited.ts';
import { type EditOptions, type EditWish, editWishOf } from './edit-options.ts';
import { type GrantOptions, wishOf } from './grant-options.ts';

interface Answer extends StateOptions, GrantOptions, EditOptions {
  readonly id: string;
  readonly verdict: 'approve' | 'deny';
  readonly reason?: string;
  readonly as?: string;
}

/** One person's yes or no. A yes needs a credential, or a terminal on which the whole call was shown first. */
export async function decide(io: Io, answer: Answer): Promise<number> {
  const wish = wishOf(answer);
  const edit = editWishOf(answer, answer.grant);
  const place = await findPlace(io, answer);
  return withStore(place, 'refuse', async (store) => {
    const requireCredential = isCredentialRequired(place, store);
    const approver = await resolveApprover(store, {
      env: io.env,
      isTerminal: isInteractive(io),
      osUser: userInfo().username,
      as: answer.as,
    });
    const row = findApproval(store, answer.id);
    const grant = wish && termsForGrant(store, row, wish);
    const { stateDir } = place;
    const asked = { io, store, stateDir, row, approver, requireCredential };
    const decided = await voteSeen(asked, answer, grant, edit);
    if (decided === undefined) {
      tell(io, 'nothing was decided');
      return 1;
    }
    const changed = edit === undefined ? [] : [`changed ${row.id} into ${decided.approval.id}`];
    print(io, [...changed, outcome(decided, approver), ...grantOutcome(decided)]);
    const isMissing = grant !== undefined && decided.grant === undefined;
    if (isMissing && decided.approval.state === 'approved') {
      tell(io, 'no grant was made: not all of those who approved wanted the same one');
    }
    return 0;
  });
}

/** The vote, once the person has seen what it is about; undefined when they decide nothing. */
async function voteSeen(
  asked: Changing & { readonly requireCredential: boolean },
  { verdict, reason }: Answer,
  grant: GrantTerms | undefined,
  wish: EditWish | undefined,
): Promise<Decided | undefined> {
  const { io, store, row, approver, requireCredential } = asked;
  const isUnseen = verdict === 'approve' && approver.kind !== 'credential';
  const isRequired = requireCredential || row.requiresCredential;
  const hindrance = isUnseen ? whyNotTerminal(store, approver, isRequired) : undefined;
  if (hindrance !== undefined) throw hindrance;
  // The call that was shown: by now the beginning of an id may name another.
  const request = { id: row.id, verdict, approver, reason, grant, requireCredential };
  const vote = (edit?: JsonObject) =>
    decideApproval({ store, clock: Date.now }, { ...request, edit });
  if (wish !== undefined) return decideEdited(asked, wish, vote);
  return isUnseen && !(await confirm(io, store, row, grant)) ? undefined : vote();
}

async function confirm(
  io: Io,
  store: Store,
  row: ApprovalRow,
  grant: GrantTerms | undefined,
): Promise<boolean> {
  if (!isInteractive(io)) {
    throw new GateError(
      'credential_refused',
      'no terminal to show the call on, and no credential',
      {
        hint: 'approve in a terminal, or set MCP_GATE_APPROVER=NAME:SECRET',
      },
    );
  }
  const nowMs = Date.now();
  const columns = columnsOf(io.stderr);
  const wished = grant === undefined ? [] : wishLines(row, grant, nowMs, columns);
  const detail = approvalDetail(store, row, nowMs);
  const beside = besideLines(store, row, detail, columns);
  const { lines, prompt, isYes } = questionOf(detail, columns, { grant: wished, beside });
  for (const line of lines) tell(io, line);
  return isYes(await ask(io, prompt));
}

type Decided = Awaited<ReturnType<typeof decideApproval>>;

function grantOutcome({ grant }: Decided): string[] {
  if (grant === undefined) return [];
  const uses =
    grant.uses === undefined ? '' : `, for ${grant.uses} ${grant.uses === 1 ? 'use' : 'uses'}`;
  return [`granted ${grant.id} until ${timestamp(grant.expiresMs)}${uses}`];
}

/** What an answer came to, in one line. */
export function outcome({ approval, counted, votes, needed }: Decided, { name }: Approver): string {
  if (approval.state !== 'pending') return `${approval.state} ${approval.id}`;
  const standing = `${approval.id} still waits: ${votes} of ${needed}`;
  return counted ? standing : `${standing}; "${name}" is only claimed and does not count`;
}
