import type { Clock } from '../core/clock.ts';
import { readApproval, readApprovalAfter, readApprovals, readPast } from './approvals.ts';
import { readApprovers, readMemberships, readVotes } from './approvers.ts';
import { readBudgetCount, readBudgetCounts } from './budget-counts.ts';
import { readBundle } from './bundles.ts';
import type { Connection } from './connection.ts';
import type { Head, Reader } from './contract.ts';
import { readJournal } from './entries.ts';
import { readGrants } from './grants.ts';
import { readInflight, readInstances } from './instances.ts';
import { readClaim, readReusable } from './kept-results.ts';
import { readPayload } from './payloads.ts';
import { readPin, readPins } from './pins.ts';

export function createReader(connection: Connection, clock: Clock, head: () => Head): Reader {
  return {
    ...readGrants(connection),
    journal: readJournal(connection, head),
    approval: (id) => readApproval(connection, id),
    approvals: (states) => readApprovals(connection, states),
    approvalAfter: (id) => readApprovalAfter(connection, id),
    votes: (approvalId) => readVotes(connection, approvalId),
    pastApprovals: (key, state, count) => readPast(connection, key, state, count),
    approvers: () => readApprovers(connection),
    memberships: () => readMemberships(connection),
    pin: (gate, server, tool) => readPin(connection, gate, server, tool),
    pins: (gate) => readPins(connection, gate),
    instances: () => readInstances(connection),
    payload: (id) => readPayload(connection, id, clock()),
    bundle: (digest) => readBundle(connection, digest),
    inflight: () => readInflight(connection),
    isInflight: (decisionId) => connection.get('isInflight', decisionId) !== undefined,
    budgetCount: (key) => readBudgetCount(connection, key),
    budgetCounts: (gate, nowMs) => readBudgetCounts(connection, gate, nowMs),
    claim: (key) => readClaim(connection, key),
    reusable: (key) => readReusable(connection, key),
  };
}
