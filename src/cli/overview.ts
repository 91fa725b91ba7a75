import { type WhoMay, whoMay } from '../approval/approvers/who-may.ts';
import { grantState } from '../approval/grants/grant.ts';
import type { Freeze } from '../control/control-document.ts';
import { createControl } from '../control/control-file.ts';
import { timestamp } from '../core/clock.ts';
import type { JsonObject } from '../core/json.ts';
import { isRunning } from '../core/process-start.ts';
import { osIdentity } from '../facts/identity.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { Head, InstanceRow, Store } from '../store/contract.ts';
import { isCredentialRequired, type Place } from './state.ts';

/** What `status` knows. Its JSON says at the top what the shown gate says of itself, and then the same of every gate. */
export interface Overview {
  readonly running: boolean;
  /** The gate of the config, else the one that was heard of last. */
  readonly shown: GateOverview | undefined;
  readonly gates: readonly GateOverview[];
  /** Why everything is stopped. */
  readonly frozen: string | null;
  /** Every freeze that stands, those of a part too. */
  readonly freezes: readonly Freeze[];
  readonly modeOverride: 'enforce' | null;
  readonly pending: number;
  readonly who: WhoMay;
  /** Standing grants that are in force. */
  readonly grants: number;
  readonly journal: Head;
  readonly stateDir: string;
  readonly config: string | null;
}

export interface GateOverview {
  readonly id: string;
  readonly gate: string;
  readonly pid: number;
  readonly heartbeatMs: number;
  readonly isResponding: boolean;
  /** What the gate says of itself. */
  readonly status: JsonObject;
}

// A gate renews what it says at least every ten seconds.
const silentMs = 30_000;

// The SHA-256 of nothing is the root of an empty tree (RFC 6962 section 2.1).
const emptyJournal: Head = {
  size: 0,
  root: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
};

/** Without a store no gate has ever run here; the operator's document counts all the same. */
export function overviewOf(place: Place, store: Store | undefined, nowMs: number): Overview {
  const { freeze, freezes, mode } = createControl(place.stateDir).current();
  const rows = store?.instances().filter(isRunning) ?? [];
  const pending = store?.approvals(['pending']).filter((row) => nowMs < row.expiresMs) ?? [];
  const gates = rows
    .toSorted((a, b) => b.heartbeatMs - a.heartbeatMs)
    .map((row) => gateOverview(row, nowMs));
  return {
    running: gates.length > 0,
    shown: gates.find((gate) => gate.gate === place.config?.gate) ?? gates[0],
    gates,
    frozen: freeze ?? null,
    freezes,
    modeOverride: mode ?? null,
    pending: pending.length,
    who: whoOf(place, store, pending),
    grants:
      store?.grants().filter((row) => grantState(store, row, nowMs) === 'in_force').length ?? 0,
    journal: store?.journal.head() ?? emptyJournal,
    stateDir: place.stateDir,
    config: place.config?.file ?? null,
  };
}

// Where no gate has ever run nobody has a credential.
function whoOf(place: Place, store: Store | undefined, pending: readonly ApprovalRow[]): WhoMay {
  const requireCredential = isCredentialRequired(place, store);
  const quorum = place.config?.approvals.quorum ?? 1;
  const terms = { requireCredential, quorum, osUser: osIdentity().id ?? '' };
  return whoMay(store ?? nobodyEnrolled, terms, pending);
}

const nobodyEnrolled = { approvers: () => [], memberships: () => [] };

export function overviewJson(overview: Overview): JsonObject {
  const nobody = { mode: null, environment: null, policy: null, upstreams: [] };
  return {
    ...nobody,
    ...overview.shown?.status,
    running: overview.running,
    frozen: overview.frozen,
    freezes: overview.freezes.map((each) => ({ ...each })),
    mode_override: overview.modeOverride,
    approvals: { pending: overview.pending, grants: overview.grants },
    approvers: whoJson(overview.who),
    journal: { ...overview.journal },
    state_dir: overview.stateDir,
    config: overview.config,
    gates: overview.gates.map((gate) => ({
      ...gate.status,
      id: gate.id,
      gate: gate.gate,
      pid: gate.pid,
      heartbeat_at: timestamp(gate.heartbeatMs),
      responding: gate.isResponding,
    })),
  };
}

function whoJson({ by, approvers, groups, warnings }: WhoMay): JsonObject {
  return {
    who: by,
    names: [...approvers],
    groups: Object.fromEntries(groups.map(({ group, members }) => [group, [...members]])),
    warnings: [...warnings],
  };
}

function gateOverview(row: InstanceRow, nowMs: number): GateOverview {
  const { id, gate, pid, heartbeatMs, status } = row;
  return { id, gate, pid, heartbeatMs, isResponding: nowMs - heartbeatMs < silentMs, status };
}
