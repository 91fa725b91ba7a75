import { GateError } from '../core/errors.ts';
import { randomBytes } from '../core/ids.ts';
import { rootOf } from '../journal/merkle.ts';
import type { Database } from './driver.ts';

const version = '4';

const tables = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS head (
  id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL,
  frontier BLOB NOT NULL, root BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS journal (
  seq INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, kind TEXT NOT NULL,
  trace_id TEXT, decision_id TEXT, body TEXT NOT NULL, leaf BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS journal_trace ON journal (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS journal_decision ON journal (decision_id) WHERE kind = 'decision';
CREATE INDEX IF NOT EXISTS journal_kind ON journal (kind, seq)
  WHERE kind NOT IN ('decision', 'outcome');
CREATE TABLE IF NOT EXISTS tile (
  level INTEGER NOT NULL, position INTEGER NOT NULL, hashes BLOB NOT NULL, root BLOB NOT NULL,
  PRIMARY KEY (level, position)) STRICT;
CREATE TABLE IF NOT EXISTS payload (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, expires_ms INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS payload_expires ON payload (expires_ms);
CREATE TABLE IF NOT EXISTS payload_key (
  id TEXT PRIMARY KEY, secret BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS approval (
  id TEXT PRIMARY KEY, state TEXT NOT NULL, call_key TEXT NOT NULL, binding TEXT NOT NULL,
  gate TEXT NOT NULL, server TEXT NOT NULL, tool TEXT NOT NULL, arguments_payload TEXT NOT NULL,
  reason TEXT NOT NULL, rules TEXT NOT NULL, requester TEXT NOT NULL, approvers TEXT NOT NULL,
  quorum INTEGER NOT NULL, policy_digest TEXT NOT NULL, environment TEXT NOT NULL,
  trace_id TEXT NOT NULL, decision_id TEXT NOT NULL, created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL, decided_ms INTEGER, decided_by TEXT NOT NULL, decision_reason TEXT,
  consumed_by TEXT, result_payload TEXT) STRICT;
CREATE INDEX IF NOT EXISTS approval_call ON approval (call_key, created_ms);
CREATE INDEX IF NOT EXISTS approval_state ON approval (state, created_ms);
CREATE TABLE IF NOT EXISTS vote (
  approval_id TEXT NOT NULL REFERENCES approval (id), approver TEXT NOT NULL,
  verified INTEGER NOT NULL, via TEXT NOT NULL, verdict TEXT NOT NULL, reason TEXT,
  at_ms INTEGER NOT NULL, PRIMARY KEY (approval_id, approver, verified)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS approver (
  name TEXT PRIMARY KEY, secret TEXT NOT NULL, created_ms INTEGER NOT NULL,
  added_by TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pin (
  gate TEXT NOT NULL, server TEXT NOT NULL, tool TEXT NOT NULL, digest TEXT NOT NULL,
  changed_digest TEXT, seen_ms INTEGER NOT NULL,
  PRIMARY KEY (gate, server, tool)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bundle (
  digest TEXT PRIMARY KEY, revision TEXT, engine TEXT NOT NULL, sources BLOB NOT NULL,
  wasm BLOB NOT NULL, created_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS instance (
  id TEXT PRIMARY KEY, gate TEXT NOT NULL, pid INTEGER NOT NULL, process_start TEXT,
  heartbeat_ms INTEGER NOT NULL, status TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS inflight (
  decision_id TEXT PRIMARY KEY, trace_id TEXT NOT NULL, instance TEXT NOT NULL,
  server TEXT NOT NULL, tool TEXT NOT NULL, started_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/** What version 2 adds to version 1. */
const tablesOf2 = `
CREATE TABLE IF NOT EXISTS budget (
  gate TEXT NOT NULL, budget_id TEXT NOT NULL, scope_key TEXT NOT NULL,
  window_start INTEGER NOT NULL, window_ends INTEGER NOT NULL,
  calls INTEGER NOT NULL, micro_usd INTEGER NOT NULL, bytes INTEGER NOT NULL,
  closed INTEGER NOT NULL, raised_calls INTEGER NOT NULL, raised_micro_usd INTEGER NOT NULL,
  raised_bytes INTEGER NOT NULL,
  PRIMARY KEY (gate, budget_id, scope_key, window_start, window_ends)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS budget_ends ON budget (window_ends);
CREATE TABLE IF NOT EXISTS claim (
  key TEXT PRIMARY KEY, payload_hash TEXT NOT NULL, state TEXT NOT NULL, decision_id TEXT NOT NULL,
  instance TEXT NOT NULL, result_payload TEXT, result_kind TEXT,
  expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS claim_expires ON claim (expires_ms);
CREATE TABLE IF NOT EXISTS reusable (
  key TEXT PRIMARY KEY, decision_id TEXT NOT NULL, payload TEXT NOT NULL,
  expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reusable_expires ON reusable (expires_ms);
`;

/** What version 3 adds to version 2. */
const tablesOf3 = `
CREATE TABLE IF NOT EXISTS standing_grant (
  id TEXT PRIMARY KEY, approval_id TEXT NOT NULL REFERENCES approval (id), grant_key TEXT NOT NULL,
  binding TEXT NOT NULL, gate TEXT NOT NULL, server TEXT NOT NULL, tool TEXT NOT NULL,
  requester TEXT NOT NULL, rules TEXT NOT NULL, approvers TEXT NOT NULL, quorum INTEGER NOT NULL,
  decided_by TEXT NOT NULL, via TEXT NOT NULL, policy_digest TEXT NOT NULL,
  environment TEXT NOT NULL, terms_payload TEXT NOT NULL, uses INTEGER, used INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, revoked_ms INTEGER,
  revoked_by TEXT) STRICT;
CREATE INDEX IF NOT EXISTS standing_grant_key ON standing_grant (grant_key, expires_ms);
CREATE TABLE IF NOT EXISTS grant_vote (
  approval_id TEXT NOT NULL REFERENCES approval (id), approver TEXT NOT NULL,
  terms_payload TEXT NOT NULL, PRIMARY KEY (approval_id, approver)) STRICT, WITHOUT ROWID;
`;

/**
 * What version 4 adds to version 3: who may answer, what became of the question, and what a person changed. A gate of version
 * 3 that still runs takes no edited approval: its binding says more.
 */
const tablesOf4 = `
ALTER TABLE approval ADD COLUMN requires_credential INTEGER NOT NULL DEFAULT 0;
ALTER TABLE approval ADD COLUMN withdrawn_by TEXT;
CREATE INDEX approval_past ON approval (gate, requester, server, tool, state, created_ms);
CREATE TABLE approver_group (
  name TEXT NOT NULL, approver TEXT NOT NULL, added_by TEXT NOT NULL,
  created_ms INTEGER NOT NULL, PRIMARY KEY (name, approver)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS approval_edit (
  approval_id TEXT PRIMARY KEY REFERENCES approval (id),
  edited_of TEXT NOT NULL REFERENCES approval (id), edited_of_binding TEXT NOT NULL,
  edited_by TEXT NOT NULL, edited_via TEXT NOT NULL,
  edited_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS approval_edit_of ON approval_edit (edited_of);
`;

/** From which version to which, by which tables. They only add, so that an older gate which still runs is not disturbed. */
const steps = [
  { from: '1', to: '2', adds: tablesOf2 },
  { from: '2', to: '3', adds: tablesOf3 },
  { from: '3', to: '4', adds: tablesOf4 },
] as const;

type Step = (typeof steps)[number];

/** Makes the tables where they are missing and brings older ones up to date; refuses those of another version. */
export function ensureSchema(database: Database): void {
  if (!hasMeta(database)) alone(database, () => createTables(database));
  // Looked at again inside the transaction: of two processes that come here, the second finds it done.
  for (const step of steps) {
    if (versionOf(database) === step.from) alone(database, () => take(database, step));
  }
  const found = versionOf(database);
  if (found === version) return;
  throw new GateError(
    'store_unsupported',
    `"gate.db" has schema "${found}", expected "${version}"`,
    { hint: 'use the version of mcp-gate that wrote it, or another state folder' },
  );
}

/** Two processes may both come here: the second waits for the lock and then finds everything there. */
function createTables(database: Database): void {
  if (hasMeta(database)) return;
  database.exec(tables);
  for (const { adds } of steps) database.exec(adds);
  const meta = database.prepare('INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)');
  meta.run('schema', version);
  meta.run('log_id', randomBytes(16).toString('hex'));
  database
    .prepare('INSERT OR IGNORE INTO head (id, size, frontier, root) VALUES (1, 0, ?, ?)')
    .run(Buffer.alloc(0), rootOf([]));
}

function take(database: Database, { from, to, adds }: Step): void {
  if (versionOf(database) !== from) return;
  database.exec(adds);
  database.prepare("UPDATE meta SET value = ? WHERE key = 'schema'").run(to);
}

/** In one transaction: a crash leaves all of it or nothing. */
function alone(database: Database, change: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    change();
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(database: Database): string {
  const row = database.prepare("SELECT value FROM meta WHERE key = 'schema'").get();
  return String(row?.['value']);
}

function hasMeta(database: Database): boolean {
  const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get();
  return found !== undefined;
}
