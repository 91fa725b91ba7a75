import type { Clock } from '../../core/clock.ts';
import type { Lifetime } from '../../core/lifetime.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Store } from '../../store/contract.ts';

interface WatchOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Its end ends the watch. */
  readonly lifetime: Lifetime;
  readonly pollMs?: number;
}

export interface PendingChange {
  /** What waits now, oldest first. */
  readonly pending: readonly ApprovalRow[];
  readonly opened: readonly ApprovalRow[];
  /** As they stood when they were last seen waiting. */
  readonly closed: readonly ApprovalRow[];
}

/** The pending approvals: as they are at first, then at every change, whoever made it. Reads only. */
export async function* watchApprovals(options: WatchOptions): AsyncGenerator<PendingChange, void> {
  const { store, clock, lifetime, pollMs = 250 } = options;
  let seen: readonly ApprovalRow[] | undefined;
  let version: number | undefined;
  while (lifetime.ended === undefined) {
    const now = store.version();
    const due = seen?.some((row) => clock() >= row.expiresMs) ?? true;
    if (now !== version || due) {
      version = now;
      const pending = store.approvals(['pending']).filter((row) => clock() < row.expiresMs);
      const change = changeOf(seen ?? [], pending);
      if (seen === undefined || change.opened.length + change.closed.length > 0) yield change;
      seen = pending;
    }
    await pause(pollMs, lifetime);
  }
}

function changeOf(before: readonly ApprovalRow[], pending: readonly ApprovalRow[]): PendingChange {
  return {
    pending,
    opened: pending.filter((row) => before.every((each) => each.id !== row.id)),
    closed: before.filter((row) => pending.every((each) => each.id !== row.id)),
  };
}

function pause(ms: number, lifetime: Lifetime): Promise<void> {
  return new Promise((resolve) => {
    let off = () => {};
    const timer = setTimeout(() => {
      off();
      resolve();
    }, ms);
    off = lifetime.onEnd(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
