import { describe, GateError } from '../core/errors.ts';
import type { Answer, Batch, Refused } from './batch.ts';
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
      const refused = new Map<number, Refused>();
      const works = unpack(batch.packed).map((posting, at) =>
        workOf(posting, (error) => refused.set(at, refusedBy(error))),
      );
      try {
        for (const deliver of transactions.run(batch.level, works)) deliver();
        return { kind: 'done', refused };
      } catch (thrown) {
        return { kind: 'failed', failure: connection.failure, error: refusedBy(thrown) };
      }
    },
  };
}

function workOf(posting: PostingText, reject: Work['reject']): Work {
  return {
    run: (tx) => {
      tx.postText(posting);
      return done;
    },
    reject,
  };
}

/** Nobody waits for one posting: the answer is about all of them. */
const done = () => {};

function refusedBy(thrown: unknown): Refused {
  if (!(thrown instanceof GateError)) {
    return { code: 'store_unavailable', message: describe(thrown), hint: undefined };
  }
  const { code, message, hint } = thrown;
  return { code, message, hint };
}
