import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { findApproval } from '../approval/approval-id.ts';
import { besideLines } from '../approval/beside.ts';
import { decideApproval } from '../approval/decide.ts';
import { type GrantTerms, termsForGrant } from '../approval/grant-terms.ts';
import { resolveApprover } from '../approval/identity.ts';
import { approvalDetail } from '../approval/present.ts';
import { wishLines } from '../approval/present-grant.ts';
import { questionOf } from '../approval/question.ts';
import { type Approver, whyNotTerminal } from '../approval/separation.ts';
import { timestamp } from '../core/clock.ts';
import { GateError } from '../core/errors.ts';
import type { ApprovalRow, Store } from '../store/contract.ts';
import { columnsOf } from './approvals-columns.ts';
import { type GrantOptions, wishOf } from './grant-options.ts';
import { type Io, isInteractive, print, tell } from './io.ts';
import type { StateOptions } from './options.ts';
import { findPlace, isCredentialRequired, withStore } from './state.ts';

interface Answer extends StateOptions, GrantOptions {
  readonly id: string;
  readonly verdict: 'approve' | 'deny';
  readonly reason?: string;
  readonly as?: string;
}

/** One person's yes or no. A yes needs a credential, or a terminal on which the whole call was shown first. */
export async function decide(io: Io, answer: Answer): Promise<number> {
  const wish = wishOf(answer);
  const place = await findPlace(io, answer);
  return withStore(place, 'refuse', async (store) => {
    const requireCredential = isCredentialRequired(place, store);
    const approver = await resolveApprover(store, {
      env: io.env,
      isTerminal: isInteractive(io),
      osUser: userInfo().username,
      as: answer.as,
    });
    const { verdict, reason } = answer;
    const row = findApproval(store, answer.id);
    const grant = wish && termsForGrant(store, row, wish);
    if (verdict === 'approve' && approver.kind !== 'credential') {
      const required = requireCredential || row.requiresCredential;
      const hindrance = whyNotTerminal(store, approver, required);
      if (hindrance !== undefined) throw hindrance;
      if (!(await confirm(io, store, row, grant))) {
        tell(io, 'nothing was decided');
        return 1;
      }
    }
    // The call that was shown: by now the beginning of an id may name another.
    const request = { id: row.id, verdict, approver, reason, grant, requireCredential };
    const decided = await decideApproval({ store, clock: Date.now }, request);
    print(io, [outcome(decided, approver), ...grantOutcome(decided)]);
    const isMissing = grant !== undefined && decided.grant === undefined;
    if (isMissing && decided.approval.state === 'approved') {
      tell(io, 'no grant was made: not all of those who approved wanted the same one');
    }
    return 0;
  });
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
  const { lines, prompt, isYes } = questionOf(detail, columns, wished, beside);
  for (const line of lines) tell(io, line);
  const reader = createInterface({ input: io.stdin, output: io.stderr });
  // The end of input, or control-C, is no answer, and so it is no yes.
  const closed = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  try {
    const typed = await Promise.race([reader.question(prompt), closed]);
    return isYes(typed.trim());
  } finally {
    reader.close();
  }
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
