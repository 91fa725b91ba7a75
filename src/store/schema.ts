import { GateError } from '../core/errors.ts';
import { randomBytes } from '../core/ids.ts';
import { rootOf } from '../journal/merkle.ts';
import type { Database } from './driver.ts';

const version = '1';

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

/** Makes the tables where they are missing; refuses those of another version. */
export function ensureSchema(database: Database): void {
  if (!hasMeta(database)) createTables(database);
  const row = database.prepare("SELECT value FROM meta WHERE key = 'schema'").get();
  const found = String(row?.['value']);
  if (found === version) return;
  throw new GateError(
    'store_unsupported',
    `"gate.db" has schema "${found}", expected "${version}"`,
    { hint: 'use the version of mcp-gate that wrote it, or another state folder' },
  );
}

/** Two processes may both come here: the second waits for the lock and then finds everything there. */
function createTables(database: Database): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(tables);
    const meta = database.prepare('INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)');
    meta.run('schema', version);
    meta.run('log_id', randomBytes(16).toString('hex'));
    database
      .prepare('INSERT OR IGNORE INTO head (id, size, frontier, root) VALUES (1, 0, ?, ?)')
      .run(Buffer.alloc(0), rootOf([]));
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function hasMeta(database: Database): boolean {
  const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get();
  return found !== undefined;
}
