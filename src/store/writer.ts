import { describe, GateError } from '../core/errors.ts';
import type { Answer, Batch, Refused, Result } from './batch.ts';
import type { Connection } from './connection.ts';
import { unpack } from './packed.ts';
import type { PostingText } from './posting-text.ts';
import { Transactions, type Work } from './transactions.ts';

/** What the writer thread does with a batch: one try to commit it, whole. Never throws. */
export interface Writer {
  write(batch: Batch): Answer;
}

export function createWriter(connection: Connection): Writer {
  const transactions = new Transactions(connection, Date.now, () => {});
  return {
    write: (batch) => {
      const postings = unpack(batch.packed);
      const results: Result[] = postings.map(() => undefined);
      const works = postings.map((posting, at) => workOf(posting, at, results));
      try {
        for (const deliver of transactions.run(batch.level, works)) deliver();
        return { kind: 'done', results };
      } catch (thrown) {
        return { kind: 'failed', failure: connection.failure, error: refusedBy(thrown) };
      }
    },
  };
}

function workOf(posting: PostingText, at: number, results: Result[]): Work {
  return {
    run: (tx) => {
      const id = tx.postText(posting);
      return () => {
        results[at] = id;
      };
    },
    reject: (error) => {
      results[at] = refusedBy(error);
    },
  };
}

function refusedBy(thrown: unknown): Refused {
  if (!(thrown instanceof GateError)) {
    return { code: 'store_unavailable', message: describe(thrown), hint: undefined };
  }
  const { code, message, hint } = thrown;
  return { code, message, hint };
}
