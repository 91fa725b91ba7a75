import type { JsonObject } from '../core/json.ts';
import type {
  ApprovalChange,
  ApprovalRow,
  ApprovalState,
  PastKey,
  VoteRow,
} from './approval-contract.ts';
import type { ApproverReader, ApproverTx } from './approver-contract.ts';
import type { ControlReader, ControlTx } from './control-contract.ts';
import type { GrantReader, GrantTx } from './grant-contract.ts';

/**
 * The one place where decisions, approvals, pins and the journal are kept.
 *
 * Durability: a promise of `write('decision', …)` resolves once the transaction has reached the disk; `write('outcome', …)`
 * once it survives the end of this process (a power cut may lose it, and the next start then reads `unknown`).
 * Concurrency: several processes share one store; works queued in one tick share one transaction, each all or nothing.
 * Order: what was handed in first is committed first, be it by `write` or by `post`.
 * A work is synchronous, touches nothing but its `Tx`, and may be run again after a roll-back.
 * Errors: `store_unavailable` when it could not be written within two seconds; then nothing of that work is kept.
 * The composition root calls `close`, which flushes what is queued.
 */
export interface Store extends Reader {
  write<T>(durability: Durability, work: (tx: Tx) => T): Promise<T>;
  /**
   * Writes what is plain data and reads nothing: as durable, as ordered and as whole as a `write` of `tx.post(posting)`,
   * but under load it is sealed, encrypted and committed in a thread of its own, many in one transaction. A posting that
   * is rejected is not kept; should the thread die, the file tells. Nobody may change a posting that was handed in.
   */
  post(durability: Durability, posting: Posting): Promise<void>;
  /** A number that changes whenever anybody, this process or another, commits. Cheap enough to poll. */
  version(): number;
  close(): Promise<void>;
}

export type Durability = 'decision' | 'outcome';

export interface Reader extends ControlReader, GrantReader, ApproverReader {
  readonly journal: JournalReader;
  approval(id: string): ApprovalRow | undefined;
  approvals(states: readonly ApprovalState[] | undefined): readonly ApprovalRow[];
  /** The newest `count` of this caller and tool in this state, newest first. */
  pastApprovals(key: PastKey, state: ApprovalState, count: number): readonly ApprovalRow[];
  /** The newest approval that took the place of this one with other arguments. */
  approvalAfter(id: string): ApprovalRow | undefined;
  votes(approvalId: string): readonly VoteRow[];
  pin(gate: string, server: string, tool: string): PinRow | undefined;
  pins(gate: string): readonly PinRow[];
  instances(): readonly InstanceRow[];
  /** The decrypted payload; undefined once it has expired or was erased. */
  payload(id: string): Buffer | undefined;
  bundle(digest: string): BundleRow | undefined;
  inflight(): readonly InflightRow[];
}

export interface JournalReader {
  head(): Head;
  /** The entries of a trace, in order. */
  trace(traceId: string): readonly StoredEntry[];
  /** The entry of kind `decision` with this decision id. */
  decision(decisionId: string): StoredEntry | undefined;
  /** The entry of kind `outcome` that ends it: looked for from the decision on, in its trace alone. */
  outcome(decisionId: string): StoredEntry | undefined;
  /** The newest entries of these kinds (all when undefined), newest first. */
  last(count: number, kinds: readonly string[] | undefined): readonly StoredEntry[];
  /** Entries from leaf `from` on, in order, at most `count`. */
  range(from: number, count: number): readonly StoredEntry[];
}

/** Size, and RFC 6962 root (hex) over all leaves. */
export interface Head {
  readonly size: number;
  readonly root: string;
}

/** Where an entry stands in the ledger: leaf index and RFC 6962 leaf hash (hex). */
export interface LedgerId {
  readonly seq: number;
  readonly leaf: string;
}

export interface StoredEntry extends LedgerId {
  readonly kind: string;
  readonly traceId: string | undefined;
  /** The RFC 8785 text that was hashed. */
  readonly body: string;
}

/** One journal entry before it is sealed; `kind` and `time` stand in the body too. */
export interface EntryDraft {
  readonly kind: EntryKind;
  readonly timeMs: number;
  readonly traceId?: string;
  readonly decisionId?: string;
  readonly fields: JsonObject;
}

/** A decision, or the outcome that ends one, and what belongs to it, as plain data: what nearly every call leaves behind. */
export interface Posting {
  readonly entry: EntryDraft & {
    readonly kind: 'decision' | 'outcome';
    readonly decisionId: string;
  };
  /**
   * Members of the entry's fields that are given as null and become commitments: SHA-256, hexadecimal, over a fresh salt
   * (one for the posting) and the text.
   */
  readonly commitments: Readonly<Record<string, string>>;
  /** Keeps the text of one of the commitments, under the same salt. */
  readonly payload: PostedPayload | undefined;
  /** The decision is in flight from now on. */
  readonly begins: InflightRow | undefined;
  /** Nothing is written unless the entry's decision is in flight; then it is no more. */
  readonly ends: boolean;
}

export interface PostedPayload {
  readonly id: string;
  readonly kind: PayloadDraft['kind'];
  /** The name of the commitment whose text is kept. */
  readonly commitment: string;
  readonly expiresMs: number;
}

export type EntryKind =
  | 'gate.started'
  | 'gate.stopped'
  | 'policy.activated'
  | 'policy.rejected'
  | 'decision'
  | 'outcome'
  | 'approval.requested'
  | 'approval.edited'
  | 'approval.voted'
  | 'approval.approved'
  | 'approval.denied'
  | 'approval.expired'
  | 'approval.cancelled'
  | 'approval.consumed'
  | 'approval.granted'
  | 'approval.revoked'
  | 'approver.added'
  | 'approver.removed'
  | 'approver.grouped'
  | 'approver.ungrouped'
  | 'control.changed'
  | 'control.observed'
  | 'pin.added'
  | 'pin.changed'
  | 'pin.accepted'
  | 'budget.overrun'
  | 'journal.gap'
  | 'payload.erased';

/** What a work may do. Everything in one `Tx` is committed together or not at all. */
export interface Tx extends Reader, ControlTx, GrantTx, ApproverTx {
  append(entry: EntryDraft): LedgerId;
  /** False when the decision that it ends is not in flight: then nothing is written. */
  post(posting: Posting): boolean;
  putPayload(payload: PayloadDraft): void;
  erasePayloads(expiredBeforeMs: number): number;
  putApproval(row: ApprovalRow): void;
  /** The newest approval for this call key that is not over: pending, approved or denied, and not expired at `nowMs`. */
  approvalFor(callKey: string, nowMs: number): ApprovalRow | undefined;
  /** The newest approval for this call key whatever its state. */
  lastApproval(callKey: string): ApprovalRow | undefined;
  /** The newest approval for this call key that was used up, whatever has been asked since. */
  lastConsumed(callKey: string): ApprovalRow | undefined;
  /** The different call keys that begin like this, at most a hundred. */
  callKeysFrom(beginning: string): readonly string[];
  /** Moves an approval on, if it still is in state `from`; false when somebody else was first. */
  moveApproval(id: string, from: ApprovalState, change: ApprovalChange): boolean;
  putVote(vote: VoteRow): void;
  putPin(row: PinRow): void;
  putBundle(row: BundleRow): void;
  putInstance(row: InstanceRow): void;
  removeInstance(id: string): void;
  /** A decision that was let through and has no outcome yet. */
  putInflight(row: InflightRow): void;
  /** False when the outcome has been written already, by this process or by a later start. */
  takeInflight(decisionId: string): boolean;
}

/**
 * Bytes that live outside the leaves, encrypted under a key of their own, until `expiresMs`.
 * `salt` (32 bytes) makes the commitment in the leaf unguessable; it is erased with the bytes.
 */
export interface PayloadDraft {
  readonly id: string;
  readonly kind: 'input' | 'approval' | 'result';
  readonly bytes: Buffer;
  readonly salt: Buffer;
  readonly expiresMs: number;
}

export interface PinRow {
  readonly gate: string;
  readonly server: string;
  readonly tool: string;
  /** The accepted digest of the tool's definition. */
  readonly digest: string;
  /** A definition seen since that differs and that nobody has accepted. */
  readonly changedDigest: string | undefined;
  readonly seenMs: number;
}

/** A running gate, for `status`: what it says of itself, renewed with every change and at least every ten seconds. */
export interface InstanceRow {
  readonly id: string;
  readonly gate: string;
  readonly pid: number;
  /** When the process started, as the system tells it, so that a reused pid is not taken for this gate. */
  readonly processStart: string | undefined;
  readonly heartbeatMs: number;
  readonly status: JsonObject;
}

export interface InflightRow {
  readonly decisionId: string;
  readonly traceId: string;
  readonly instance: string;
  readonly server: string;
  readonly tool: string;
  readonly startedMs: number;
}

/** A policy bundle that was in use once: sources and compiled form, kept for replay. */
export interface BundleRow {
  readonly digest: string;
  readonly revision: string | undefined;
  readonly engine: JsonObject;
  /** gzip of `{modules, data}` as JSON. */
  readonly sources: Buffer;
  /** gzip of the wasm module. */
  readonly wasm: Buffer;
  readonly createdMs: number;
}
