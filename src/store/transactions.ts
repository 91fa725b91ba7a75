import type { Clock } from '../core/clock.ts';

import {
  findApproval,
  findCallKeys,
  findLastApproval,
  findLastConsumed,
  moveApproval,
  putApproval,
} from './approvals.ts';
import { addMember, putApprover, putVote, removeApprover } from './approvers.ts';

import { eraseBudgetCounts, putBudgetCount } from './budget-counts.ts';
import { putBundle } from './bundles.ts';
import type { Connection, SyncLevel } from './connection.ts';
import type { Tx } from './contract.ts';
import { writeGrants } from './grants.ts';
import { putInflight, putInstance } from './instances.ts';
import { eraseKeptResults, putClaim, putReusable } from './kept-results.ts';
import { Ledger } from './ledger.ts';
import { erasePayloads, putPayload } from './payloads.ts';
import { putPin } from './pins.ts';
import { writePosting } from './posting.ts';
import { type PostingText, postingText } from './posting-text.ts';
import { createReader } from './reader.ts';

/** One work of a group. */
export interface Work {
  /** Returns what is to be done once it is committed. */
  run(tx: StoreTx): Delivery;
  reject(error: unknown): void;
}

/** What the store's own works may do, too. */
export interface StoreTx extends Tx {
  postText(posting: PostingText): boolean;
}

export type Delivery = () => void;

/** Runs groups of works on one connection, each group in one transaction. */
export class Transactions {
  readonly #connection: Connection;
  readonly #ledger: Ledger;
  readonly #tx: StoreTx;

  constructor(connection: Connection, clock: Clock, onErased: () => void) {
    this.#connection = connection;
    this.#ledger = new Ledger(connection);
    this.#tx = createTx(connection, clock, this.#ledger, onErased);
  }

  /**
   * Commits the works and returns their deliveries, in order. A work that throws takes no other with it: the group
   * is run again with a savepoint around each. When this throws, nothing of any work is kept.
   */
  run(level: SyncLevel, works: readonly Work[]): readonly Delivery[] {
    try {
      return this.#commit(level, works, (work) => work.run(this.#tx));
    } catch (error) {
      const { failure } = this.#connection;
      if (failure !== undefined && failure !== 'work') throw error;
      if (works.length === 1) return works.map((work) => () => work.reject(error));
    }
    return this.#commit(level, works, (work) => this.#runAlone(work));
  }

  #commit(
    level: SyncLevel,
    works: readonly Work[],
    runWork: (work: Work) => Delivery,
  ): readonly Delivery[] {
    this.#connection.begin(level);
    this.#ledger.restart();
    try {
      const deliveries = works.map(runWork);
      this.#ledger.flush();
      this.#connection.commit();
      return deliveries;
    } catch (error) {
      this.#connection.rollback();
      throw error;
    }
  }

  #runAlone(work: Work): Delivery {
    try {
      return this.#ledger.nest(() => this.#connection.nest(() => work.run(this.#tx)));
    } catch (error) {
      // Anything but the work's own mistake has ended the transaction, and the commit will say so.
      return () => work.reject(error);
    }
  }
}

/** Its writes fail outside a transaction, so a work that keeps it cannot do harm with it later. */
function createTx(
  connection: Connection,
  clock: Clock,
  ledger: Ledger,
  onErased: () => void,
): StoreTx {
  return {
    ...createReader(connection, clock, () => ledger.head()),
    ...writeGrants(connection),
    append: (entry) => ledger.append(entry),
    post: (posting) => writePosting(connection, ledger, postingText(posting)),
    postText: (posting) => writePosting(connection, ledger, posting),
    putPayload: (payload) => putPayload(connection, payload),
    erasePayloads: (expiredBeforeMs) => {
      const count = erasePayloads(connection, expiredBeforeMs);
      eraseBudgetCounts(connection, expiredBeforeMs);
      eraseKeptResults(connection, expiredBeforeMs);
      if (count > 0) onErased();
      return count;
    },
    putApproval: (row) => putApproval(connection, row),
    approvalFor: (callKey, nowMs) => findApproval(connection, callKey, nowMs),
    lastApproval: (callKey) => findLastApproval(connection, callKey),
    lastConsumed: (callKey) => findLastConsumed(connection, callKey),
    callKeysFrom: (beginning) => findCallKeys(connection, beginning),
    moveApproval: (id, from, change) => moveApproval(connection, id, from, change),
    putVote: (vote) => putVote(connection, vote),
    putApprover: (row) => putApprover(connection, row),
    removeApprover: (name) => removeApprover(connection, name),
    addMember: (row) => addMember(connection, row),
    removeMember: (group, approver) => connection.run('removeMember', group, approver) === 1,
    putPin: (row) => putPin(connection, row),
    putBundle: (row) => putBundle(connection, row),
    putInstance: (row) => putInstance(connection, row),
    removeInstance: (id) => {
      connection.run('removeInstance', id);
    },
    putInflight: (row) => putInflight(connection, row),
    takeInflight: (decisionId) => connection.run('takeInflight', decisionId) === 1,
    putBudgetCount: (row) => putBudgetCount(connection, row),
    putClaim: (row) => putClaim(connection, row),
    removeClaim: (key) => {
      connection.run('removeClaim', key);
    },
    putReusable: (row) => putReusable(connection, row),
  };
}
