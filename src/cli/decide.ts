import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { findApproval } from '../approval/approval-id.ts';
import { decideApproval } from '../approval/decide.ts';
import { resolveApprover } from '../approval/identity.ts';
import { approvalDetail, detailLines } from '../approval/present.ts';
import type { Approver } from '../approval/separation.ts';
import { GateError } from '../core/errors.ts';
import type { Store } from '../store/contract.ts';
import { type Io, isInteractive, print, tell } from './io.ts';
import type { StateOptions } from './options.ts';
import { findPlace, withStore } from './state.ts';

interface Answer extends StateOptions {
  readonly id: string;
  readonly verdict: 'approve' | 'deny';
  readonly reason?: string;
  readonly as?: string;
}

/** One person's yes or no. A yes needs a credential, or a terminal on which the whole call was shown first. */
export async function decide(io: Io, answer: Answer): Promise<number> {
  return withStore(await findPlace(io, answer), 'refuse', async (store) => {
    const approver = await resolveApprover(store, {
      env: io.env,
      isTerminal: isInteractive(io),
      osUser: userInfo().username,
      as: answer.as,
    });
    const isProven = approver.kind === 'credential';
    if (answer.verdict === 'approve' && !isProven && !(await confirm(io, store, answer.id))) {
      tell(io, 'nothing was decided');
      return 1;
    }
    const { id, verdict, reason } = answer;
    const request = { id, verdict, approver, reason };
    const decided = await decideApproval({ store, clock: Date.now }, request);
    print(io, [outcome(decided, approver)]);
    return 0;
  });
}

async function confirm(io: Io, store: Store, id: string): Promise<boolean> {
  if (!isInteractive(io)) {
    throw new GateError(
      'credential_refused',
      'no terminal to show the call on, and no credential',
      {
        hint: 'approve in a terminal, or set MCP_GATE_APPROVER=NAME:SECRET',
      },
    );
  }
  const lines = detailLines(approvalDetail(store, findApproval(store, id), Date.now()));
  for (const line of lines) tell(io, line);
  const reader = createInterface({ input: io.stdin, output: io.stderr });
  // The end of input, or control-C, is no answer, and so it is no yes.
  const closed = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  try {
    const typed = await Promise.race([reader.question('approve this call? [y/N] '), closed]);
    return /^y(es)?$/i.test(typed.trim());
  } finally {
    reader.close();
  }
}

type Decided = Awaited<ReturnType<typeof decideApproval>>;

/** What an answer came to, in one line. */
export function outcome({ approval, counted, votes, needed }: Decided, { name }: Approver): string {
  if (approval.state !== 'pending') return `${approval.state} ${approval.id}`;
  const standing = `${approval.id} still waits: ${votes} of ${needed}`;
  return counted ? standing : `${standing}; "${name}" is only claimed and does not count`;
}
