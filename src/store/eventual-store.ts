import { GateError } from '../core/errors.ts';
import type { Store } from './contract.ts';

const retryMs = 1000;

/**
 * A store that need not open at once: while the disk is full or the folder cannot be written, every write is refused with
 * `store_unavailable` and the opening is tried again, at most once a second. What cannot get better by waiting is thrown
 * by the first opening: an unsafe folder, a library that must not be used.
 */
export function openEventually(open: () => Store, clock: () => number): Store {
  let failure: GateError | undefined;
  let triedMs = Number.NEGATIVE_INFINITY;
  let store: Store | undefined;

  const opened = (): Store => {
    if (store !== undefined) return store;
    const nowMs = clock();
    if (failure !== undefined && nowMs - triedMs < retryMs) throw failure;
    triedMs = nowMs;
    try {
      store = open();
      return store;
    } catch (thrown) {
      if (!(thrown instanceof GateError) || thrown.code !== 'store_unavailable') throw thrown;
      failure = thrown;
      throw thrown;
    }
  };

  // A posting of every call comes this way: an `async` function would make two more promises of the one.
  const promised = <T>(use: (store: Store) => Promise<T>): Promise<T> => {
    try {
      return use(opened());
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  };

  try {
    opened();
  } catch (thrown) {
    if (failure === undefined) throw thrown;
  }

  return {
    get journal() {
      return opened().journal;
    },
    approval: (id) => opened().approval(id),
    approvals: (states) => opened().approvals(states),
    approvalAfter: (id) => opened().approvalAfter(id),
    votes: (id) => opened().votes(id),
    approvers: () => opened().approvers(),
    memberships: () => opened().memberships(),
    pastApprovals: (key, state, count) => opened().pastApprovals(key, state, count),
    pin: (gate, server, tool) => opened().pin(gate, server, tool),
    pins: (gate) => opened().pins(gate),
    instances: () => opened().instances(),
    payload: (id) => opened().payload(id),
    bundle: (digest) => opened().bundle(digest),
    inflight: () => opened().inflight(),
    isInflight: (decisionId) => opened().isInflight(decisionId),
    budgetCount: (key) => opened().budgetCount(key),
    budgetCounts: (gate, nowMs) => opened().budgetCounts(gate, nowMs),
    claim: (key) => opened().claim(key),
    grant: (id) => opened().grant(id),
    grants: () => opened().grants(),
    grantsFor: (key, nowMs) => opened().grantsFor(key, nowMs),
    grantVotes: (id) => opened().grantVotes(id),
    reusable: (key) => opened().reusable(key),
    version: () => opened().version(),
    write: (durability, work) => promised((opened) => opened.write(durability, work)),
    post: (durability, posting) => promised((opened) => opened.post(durability, posting)),
    close: async () => store?.close(),
  };
}
