import { timestamp } from '../../core/clock.ts';
import { printable } from '../../core/printable.ts';
import type { ApprovalRow, ApprovalState } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';
import { fateOf } from './fate.ts';
import { wrap } from './wrap.ts';

/** No more of each kind is looked at: a count that reaches it means "at least". */
const most = 100;
/** Of so many runs the outcome is looked up. */
const mostOutcomes = 20;

/** Questions that ended in one way: how many, and when the last of them was put. */
interface Tally {
  readonly count: number;
  readonly last: string | null;
}

/**
 * What people said before to this caller about this tool, whatever the arguments. Each verdict is counted for itself, so that
 * no number of questions, and of runs that nobody was asked about, pushes a denial out of sight.
 */
export interface History {
  readonly approved: Tally;
  readonly denied: Tally & { readonly reason: string | null };
  readonly expired: Tally;
  readonly withdrawn: Tally;
  /** Runs that a standing grant let through: nobody was asked about them one by one. */
  readonly by_grant: Tally;
  /** How the last runs ended that a person had approved, at most 20 of them. */
  readonly outcomes: {
    readonly looked_at: number;
    readonly failed: number;
    readonly unknown: number;
  };
}

/** What came before this question; a bounded number of look-ups by index. */
export function historyOf(reader: Reader, row: ApprovalRow): History {
  const past = (state: ApprovalState) =>
    reader.pastApprovals(row, state, most).filter((each) => each.id !== row.id);
  const consumed = past('consumed');
  const asked = consumed.filter((each) => !isByGrant(each));
  const denied = past('denied');
  const ends = asked.slice(0, mostOutcomes).map((each) => fateOf(reader, each));
  return {
    approved: tally([...past('approved'), ...asked]),
    denied: { ...tally(denied), reason: denied[0]?.decisionReason ?? null },
    expired: tally(past('expired')),
    withdrawn: tally(past('cancelled').filter((each) => each.withdrawnBy !== undefined)),
    by_grant: tally(consumed.filter(isByGrant)),
    outcomes: {
      looked_at: ends.length,
      failed: ends.filter((each) => each?.outcome === 'failed').length,
      unknown: ends.filter((each) => each?.state === 'unknown').length,
    },
  };
}

// A use of a grant asks nobody: the decision that used the approval up is the one that made it.
function isByGrant({ decisionId, consumedBy }: ApprovalRow): boolean {
  return consumedBy === decisionId;
}

function tally(rows: readonly ApprovalRow[]): Tally {
  const last = Math.max(...rows.map((each) => each.createdMs));
  return { count: rows.length, last: rows.length === 0 ? null : timestamp(last) };
}

/** For people who are about to answer: one line, and what of it does not fit. */
export function historyLines(history: History, columns: number): readonly string[] {
  const { approved, denied, expired, withdrawn, by_grant, outcomes } = history;
  const reason = denied.reason === null ? '' : `: ${JSON.stringify(denied.reason.slice(0, 200))}`;
  const ended =
    outcomes.looked_at === 0
      ? undefined
      : `of the last ${outcomes.looked_at} runs ${outcomes.failed} failed, ${outcomes.unknown} unknown`;
  const parts = [
    said(denied, 'denied', reason),
    said(approved, 'approved'),
    ended,
    said(expired, 'expired'),
    said(withdrawn, 'withdrawn'),
    said(by_grant, 'run by a grant, unasked'),
  ].filter((each) => each !== undefined);
  const text = parts.length === 0 ? 'nobody was asked before' : parts.join('; ');
  return wrap(printable(`before  ${text}`), columns);
}

function said({ count, last }: Tally, what: string, detail = ''): string | undefined {
  if (last === null) return undefined;
  return `${count}${count === most ? ' or more' : ''} ${what}, last ${last}${detail}`;
}
