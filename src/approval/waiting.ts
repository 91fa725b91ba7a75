import type { Clock } from '../core/clock.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { Store } from '../store/contract.ts';
import type { Hold, Verdict } from './contract.ts';
import { latest } from './edits/versions.ts';
import { expireIfDue } from './record.ts';

interface WaitingParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly pollMs: number;
  readonly progressMs: number;
}

interface Wait {
  approval: ApprovalRow;
  readonly hold: Hold;
  /** On the monotonic clock: a budget is about a client's patience, not about the time of day. */
  readonly endsAt: number;
  progressAt: number;
  readonly settle: (verdict: Verdict) => void;
}

/** Calls held for a person. One timer serves them all and runs only while there are any. */
export class Waiting {
  readonly #parts: WaitingParts;
  readonly #waits = new Set<Wait>();
  #timer: NodeJS.Timeout | undefined;
  #seen: number | undefined;

  constructor(parts: WaitingParts) {
    this.#parts = parts;
  }

  wait(approval: ApprovalRow, hold: Hold): Promise<Verdict> {
    return new Promise((resolve) => {
      let off = () => {};
      const now = performance.now();
      const settle = (verdict: Verdict) => {
        this.#leave(wait);
        off();
        resolve(verdict);
      };
      const wait: Wait = { approval, hold, endsAt: now + hold.budgetMs, progressAt: now, settle };
      this.#waits.add(wait);
      off = hold.lifetime.onEnd(() => settle(pending(wait)));
      if (this.#waits.has(wait)) this.#look(wait, true);
      if (this.#waits.has(wait)) this.#start();
    });
  }

  #start(): void {
    this.#timer ??= setInterval(() => this.#tick(), this.#parts.pollMs);
  }

  #leave(wait: Wait): void {
    this.#waits.delete(wait);
    if (this.#waits.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#seen = undefined;
  }

  #tick(): void {
    const moved = this.#moved();
    for (const wait of [...this.#waits]) this.#look(wait, moved);
  }

  // The version is read before the rows, so a commit in between is seen at the next tick.
  #moved(): boolean {
    try {
      const version = this.#parts.store.version();
      const moved = version !== this.#seen;
      this.#seen = version;
      return moved;
    } catch {
      // A store that cannot be read now is read again at the next tick; until then nobody is let through.
      this.#seen = undefined;
      return false;
    }
  }

  #look(wait: Wait, moved: boolean): void {
    const { clock, progressMs } = this.#parts;
    const found = moved || clock() >= wait.approval.expiresMs ? this.#refresh(wait) : true;
    const kind = found ? verdictOn(wait.approval, clock()) : 'expired';
    const now = performance.now();
    if (kind === 'due') {
      this.#expire(wait);
    } else if (kind !== undefined) {
      this.#end(wait, kind);
    } else if (now >= wait.endsAt) {
      wait.settle(pending(wait));
    } else if (now >= wait.progressAt) {
      wait.progressAt = now + progressMs;
      wait.hold.progress?.(`waiting for approval ${wait.approval.id}`);
    }
  }

  // What a yes to changed arguments is for must be there; erased, it is for nothing. A change that was taken back makes no
  // other call: what was asked for is decided anew.
  #end(wait: Wait, kind: Verdict['kind']): void {
    const { approval } = wait;
    const isChanged = approval.edited !== undefined && approval.state !== 'cancelled';
    if (kind !== 'approved' || !isChanged) {
      wait.settle({ kind, approval });
      return;
    }
    try {
      const edited = this.#parts.store.payload(approval.argumentsPayload)?.toString();
      wait.settle(
        edited === undefined ? { kind: 'expired', approval } : { kind, approval, edited },
      );
    } catch {
      // As below: it is read again at the next tick.
      this.#seen = undefined;
    }
  }

  /** False when the approval is no longer there. */
  #refresh(wait: Wait): boolean {
    try {
      const row = this.#parts.store.approval(wait.approval.id);
      if (row !== undefined) wait.approval = latest(this.#parts.store, row);
      return row !== undefined;
    } catch {
      // As above: what was read last stands, and it is read again although the version has not moved.
      this.#seen = undefined;
      return true;
    }
  }

  // Whoever was first, nobody can say yes any more: without a store the verdict is the same, only the mark is missing.
  #expire(wait: Wait): void {
    const { store, clock } = this.#parts;
    const last = wait.approval;
    this.#leave(wait);
    const mark = store.write('decision', (tx) =>
      expireIfDue(tx, tx.approval(last.id) ?? last, clock()),
    );
    void mark.then(
      (row) => wait.settle({ kind: ending(row), approval: row }),
      () => wait.settle({ kind: 'expired', approval: last }),
    );
  }
}

function pending(wait: Wait): Verdict {
  return { kind: 'pending', approval: wait.approval };
}

function ending(row: ApprovalRow): 'denied' | 'withdrawn' | 'expired' {
  if (row.withdrawnBy !== undefined) return 'withdrawn';
  return row.state === 'denied' ? 'denied' : 'expired';
}

function verdictOn(row: ApprovalRow, nowMs: number): Verdict['kind'] | 'due' | undefined {
  switch (row.state) {
    case 'pending':
      return nowMs < row.expiresMs ? undefined : 'due';
    case 'approved':
      return nowMs < row.expiresMs ? 'approved' : 'expired';
    // An identical call used it up, or put a wider question in its place: this one finds in `consume` that it is gone,
    // is decided again and asks anew.
    case 'consumed':
      return 'approved';
    case 'cancelled':
      return row.withdrawnBy === undefined ? 'approved' : 'withdrawn';
    case 'denied':
      return 'denied';
    case 'expired':
      return 'expired';
  }
}
