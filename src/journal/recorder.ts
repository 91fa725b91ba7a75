import type { Clock } from '../core/clock.ts';
import type { Store, Tx } from '../store/contract.ts';
import type { DecisionFacts, OutcomeFacts } from './entries.ts';
import { decisionPosting, outcomePosting } from './postings.ts';

const gapRetryMs = 1000;

/** Writes what the path of a call must leave behind; everything handed in with one call is one transaction. */
export interface Recorder {
  /** Resolves once the decision is durable; rejects when nothing of it is. */
  decision(facts: DecisionFacts): Promise<void>;
  /** The same, with what `work` writes beside the decision; resolves with its `value`. `work` may run more than once. */
  decisionWith<T>(work: (tx: Tx) => Recording<T>): Promise<T>;
  /** Writes the outcome, and what `attach` adds to it, unless a later start has already written it as unknown. */
  outcome(facts: OutcomeFacts, attach?: (tx: Tx) => void): Promise<void>;
  /** Counts a call that passed unrecorded in observe mode; a `journal.gap` entry follows as soon as one can be written. */
  missed(): void;
  /** Writes a gap that is still open, if it can. */
  close(): Promise<void>;
}

export interface Recording<T> {
  readonly facts: DecisionFacts;
  readonly value: T;
  /** Writes what stands behind the decision, in the same transaction. */
  readonly after?: (tx: Tx) => void;
}

export function createRecorder(store: Store, instance: string, clock: Clock): Recorder {
  let gap = 0;
  let retry: NodeJS.Timeout | undefined;

  const flushGap = async (): Promise<void> => {
    const count = gap;
    try {
      await store.write('decision', (tx) => {
        tx.append({ kind: 'journal.gap', timeMs: clock(), fields: { gate: instance, count } });
      });
      gap -= count;
    } catch {
      // Still not writable: the timer tries again, and the count goes on.
    }
    if (gap > 0) retry = setTimeout(() => void flushGap(), gapRetryMs).unref();
    else retry = undefined;
  };

  return {
    decision: (facts) => store.post('decision', decisionPosting(facts)),
    decisionWith: (work) =>
      store.write('decision', (tx) => {
        const { facts, value, after } = work(tx);
        tx.post(decisionPosting(facts));
        after?.(tx);
        return value;
      }),
    outcome: (facts, attach) => {
      const posting = outcomePosting(facts);
      if (attach === undefined) return store.post('outcome', posting);
      return store.write('outcome', (tx) => {
        if (tx.post(posting)) attach(tx);
      });
    },
    missed: () => {
      gap += 1;
      retry ??= setTimeout(() => void flushGap(), gapRetryMs).unref();
    },
    close: async () => {
      clearTimeout(retry);
      if (gap > 0) await flushGap();
      clearTimeout(retry);
    },
  };
}
