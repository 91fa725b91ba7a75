import type { Clock } from '../core/clock.ts';
import type { InflightRow, Store, Tx } from '../store/contract.ts';
import {
  type DecisionFacts,
  decisionEntry,
  journalName,
  type OutcomeFacts,
  outcomeEntry,
} from './entries.ts';

const gapRetryMs = 1000;

/** Writes what the path of a call must leave behind; everything handed in with one call is one transaction. */
export interface Recorder {
  /**
   * Resolves with `value` once the decision, and what `work` wrote beside it, is durable; rejects when nothing of it is.
   * `work` may run more than once.
   */
  decision<T>(work: (tx: Tx) => Recording<T>): Promise<T>;
  /** Writes the outcome unless a later start has already written it as unknown. */
  outcome(facts: OutcomeFacts, attach?: (tx: Tx) => void): Promise<void>;
  /** Counts a call that passed unrecorded in observe mode; a `journal.gap` entry follows as soon as one can be written. */
  missed(): void;
  /** Writes a gap that is still open, if it can. */
  close(): Promise<void>;
}

export interface Recording<T> {
  readonly facts: DecisionFacts;
  readonly value: T;
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
    decision: (work) =>
      store.write('decision', (tx) => {
        const { facts, value } = work(tx);
        tx.append(decisionEntry(facts));
        if (facts.inputExpiresMs !== undefined) putInput(tx, facts, facts.inputExpiresMs);
        if (facts.forwarded) tx.putInflight(inflightOf(facts));
        return value;
      }),
    outcome: (facts, attach) =>
      store.write('outcome', (tx) => {
        if (!tx.takeInflight(facts.decisionId)) return;
        tx.append(outcomeEntry(facts));
        attach?.(tx);
      }),
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

function putInput(tx: Tx, facts: DecisionFacts, expiresMs: number): void {
  const { decisionId: id, inputText } = facts.decided;
  const bytes = Buffer.from(inputText);
  tx.putPayload({ id, kind: 'input', bytes, salt: facts.salt, expiresMs });
}

function inflightOf({ decided, instance }: DecisionFacts): InflightRow {
  const { decisionId, call, nowMs } = decided;
  const { traceId, server } = call;
  const tool = journalName(call);
  return { decisionId, traceId, instance, server, tool, startedMs: nowMs };
}
