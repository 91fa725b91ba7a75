const approvalRows = 'SELECT * FROM approval LEFT JOIN approval_edit ON approval_id = id';

/**
 * Every statement of the store, by name. Parameters are `$1`, `$2` …, once each and in order, so that PostgreSQL
 * takes the same text.
 */
export const sql = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',

  head: 'SELECT size, frontier, root FROM head WHERE id = 1',
  setHead: 'UPDATE head SET size = $1, frontier = $2, root = $3 WHERE id = 1',
  // Changes nothing, but is a commit: a FULL one carries all earlier NORMAL ones to the disk.
  touchHead: 'UPDATE head SET size = size WHERE id = 1',

  insertEntry: `INSERT INTO journal (seq, time_ms, kind, trace_id, decision_id, body, leaf)
    VALUES ($1, $2, $3, $4, $5, $6, $7)`,
  outcomeEntry: `SELECT seq, leaf, kind, trace_id, body FROM journal WHERE trace_id = $1 AND seq > $2 AND kind = 'outcome'
    AND decision_id = $3 ORDER BY seq LIMIT 1`,
  entriesOfTrace:
    'SELECT seq, leaf, kind, trace_id, body FROM journal WHERE trace_id = $1 ORDER BY seq',
  decisionEntry: `SELECT seq, leaf, kind, trace_id, body FROM journal
    WHERE decision_id = $1 AND kind = 'decision' ORDER BY seq DESC LIMIT 1`,
  lastEntries: 'SELECT seq, leaf, kind, trace_id, body FROM journal ORDER BY seq DESC LIMIT $1',
  // Most entries are of one of these two kinds: the last of them are found from the end, those of others by an index.
  lastEntriesOfCallKind: `SELECT seq, leaf, kind, trace_id, body FROM journal
    WHERE kind = $1 ORDER BY seq DESC LIMIT $2`,
  lastEntriesOfKind: `SELECT seq, leaf, kind, trace_id, body FROM journal
    WHERE kind = $1 AND kind NOT IN ('decision', 'outcome') ORDER BY seq DESC LIMIT $2`,
  entriesFrom: `SELECT seq, leaf, kind, trace_id, body FROM journal
    WHERE seq >= $1 ORDER BY seq LIMIT $2`,
  leavesFrom: 'SELECT leaf FROM journal WHERE seq >= $1 ORDER BY seq LIMIT $2',
  insertTile: 'INSERT INTO tile (level, position, hashes, root) VALUES ($1, $2, $3, $4)',
  tileRootsFrom: `SELECT root FROM tile
    WHERE level = $1 AND position >= $2 ORDER BY position LIMIT $3`,

  payload: `SELECT payload.kind, payload.sealed, payload_key.secret
    FROM payload JOIN payload_key ON payload_key.id = payload.id
    WHERE payload.id = $1 AND payload.expires_ms > $2`,
  insertPayload: 'INSERT INTO payload (id, kind, expires_ms, sealed) VALUES ($1, $2, $3, $4)',
  insertPayloadKey: 'INSERT INTO payload_key (id, secret) VALUES ($1, $2)',
  erasePayloadKeys: `DELETE FROM payload_key
    WHERE id IN (SELECT id FROM payload WHERE expires_ms < $1)`,
  erasePayloads: 'DELETE FROM payload WHERE expires_ms < $1',

  approval: `${approvalRows} WHERE id = $1`,
  approvals: `${approvalRows} ORDER BY created_ms, id`,
  approvalsInState: `${approvalRows} WHERE state = $1 ORDER BY created_ms, id`,
  approvalFor: `${approvalRows} WHERE call_key = $1 AND expires_ms > $2
    AND state IN ('pending', 'approved', 'denied') ORDER BY created_ms DESC, id DESC LIMIT 1`,
  lastApproval: `${approvalRows} WHERE call_key = $1
    ORDER BY created_ms DESC, id DESC LIMIT 1`,
  approvalAfter: `${approvalRows} WHERE edited_of = $1 ORDER BY created_ms DESC, id DESC LIMIT 1`,
  insertEdit: `INSERT INTO approval_edit (approval_id, edited_of, edited_of_binding, edited_by,
    edited_via, edited_ms) VALUES ($1, $2, $3, $4, $5, $6)`,
  lastConsumed: `${approvalRows} WHERE call_key = $1 AND state = 'consumed'
    ORDER BY created_ms DESC, id DESC LIMIT 1`,
  // One at a time, each by the index: there may be many approvals of one key.
  nextCallKey: `SELECT call_key FROM approval WHERE call_key > $1 AND call_key < $2
    ORDER BY call_key LIMIT 1`,
  insertApproval: `INSERT INTO approval (id, state, call_key, binding, gate, server, tool,
    arguments_payload, reason, rules, requester, approvers, quorum, policy_digest, environment,
    trace_id, decision_id, created_ms, expires_ms, decided_ms, decided_by, decision_reason,
    consumed_by, result_payload, requires_credential) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
    $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`,
  moveApproval: `UPDATE approval SET state = $1, decided_ms = COALESCE($2, decided_ms),
    decided_by = COALESCE($3, decided_by), decision_reason = COALESCE($4, decision_reason),
    consumed_by = COALESCE($5, consumed_by) WHERE id = $6 AND state = $7`,
  setResultPayload: 'UPDATE approval SET result_payload = $1 WHERE id = $2',
  setWithdrawnBy: 'UPDATE approval SET withdrawn_by = $1 WHERE id = $2',
  pastApprovals: `${approvalRows} WHERE gate = $1 AND requester = $2 AND server = $3
    AND tool = $4 AND state = $5 ORDER BY created_ms DESC LIMIT $6`,

  votes: 'SELECT * FROM vote WHERE approval_id = $1 ORDER BY at_ms, approver, verified',
  putVote: `INSERT INTO vote (approval_id, approver, verified, via, verdict, reason, at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (approval_id, approver, verified) DO UPDATE SET
    via = excluded.via, verdict = excluded.verdict, reason = excluded.reason, at_ms = excluded.at_ms`,
  approvers: 'SELECT * FROM approver ORDER BY name',
  insertApprover:
    'INSERT INTO approver (name, secret, created_ms, added_by) VALUES ($1, $2, $3, $4)',
  removeApprover: 'DELETE FROM approver WHERE name = $1',
  memberships: 'SELECT * FROM approver_group ORDER BY name, approver',
  addMember: `INSERT INTO approver_group (name, approver, added_by, created_ms)
    VALUES ($1, $2, $3, $4) ON CONFLICT (name, approver) DO NOTHING`,
  removeMember: 'DELETE FROM approver_group WHERE name = $1 AND approver = $2',
  removeMemberships: 'DELETE FROM approver_group WHERE approver = $1',

  grant: 'SELECT * FROM standing_grant WHERE id = $1',
  grants: 'SELECT * FROM standing_grant ORDER BY created_ms, id',
  grantsFor: `SELECT * FROM standing_grant WHERE grant_key = $1 AND expires_ms > $2
    AND revoked_ms IS NULL AND (uses IS NULL OR used < uses) ORDER BY expires_ms, id`,
  insertGrant: `INSERT INTO standing_grant (id, approval_id, grant_key, binding, gate, server, tool,
    requester, rules, approvers, quorum, decided_by, via, policy_digest, environment, terms_payload,
    uses, used, created_ms, expires_ms, revoked_ms, revoked_by) VALUES ($1, $2, $3, $4, $5, $6, $7,
    $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
  useGrant: `UPDATE standing_grant SET used = used + 1 WHERE id = $1 AND expires_ms > $2
    AND revoked_ms IS NULL AND (uses IS NULL OR used < uses)`,
  revokeGrant: `UPDATE standing_grant SET revoked_ms = $1, revoked_by = $2
    WHERE id = $3 AND revoked_ms IS NULL`,
  grantVotes: 'SELECT * FROM grant_vote WHERE approval_id = $1 ORDER BY approver',
  putGrantVote: `INSERT INTO grant_vote (approval_id, approver, terms_payload) VALUES ($1, $2, $3)
    ON CONFLICT (approval_id, approver) DO UPDATE SET terms_payload = excluded.terms_payload`,

  pin: 'SELECT * FROM pin WHERE gate = $1 AND server = $2 AND tool = $3',
  pins: 'SELECT * FROM pin WHERE gate = $1 ORDER BY server, tool',
  putPin: `INSERT INTO pin (gate, server, tool, digest, changed_digest, seen_ms)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (gate, server, tool) DO UPDATE SET
    digest = excluded.digest, changed_digest = excluded.changed_digest, seen_ms = excluded.seen_ms`,

  bundle: 'SELECT * FROM bundle WHERE digest = $1',
  putBundle: `INSERT INTO bundle (digest, revision, engine, sources, wasm, created_ms)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (digest) DO NOTHING`,

  instances: 'SELECT * FROM instance ORDER BY id',
  putInstance: `INSERT INTO instance (id, gate, pid, process_start, heartbeat_ms, status)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET gate = excluded.gate,
    pid = excluded.pid, process_start = excluded.process_start,
    heartbeat_ms = excluded.heartbeat_ms, status = excluded.status`,
  removeInstance: 'DELETE FROM instance WHERE id = $1',

  inflight: 'SELECT * FROM inflight ORDER BY started_ms, decision_id',
  insertInflight: `INSERT INTO inflight (decision_id, trace_id, instance, server, tool, started_ms)
    VALUES ($1, $2, $3, $4, $5, $6)`,
  isInflight: 'SELECT 1 FROM inflight WHERE decision_id = $1',
  takeInflight: 'DELETE FROM inflight WHERE decision_id = $1',

  budgetCount: `SELECT * FROM budget WHERE gate = $1 AND budget_id = $2 AND scope_key = $3
    AND window_start = $4 AND window_ends = $5`,
  budgetCounts: `SELECT * FROM budget WHERE gate = $1 AND window_start <= $2 AND window_ends > $3
    ORDER BY budget_id, scope_key, window_ends`,
  putBudgetCount: `INSERT INTO budget (gate, budget_id, scope_key, window_start, window_ends, calls,
    micro_usd, bytes, closed, raised_calls, raised_micro_usd, raised_bytes)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT (gate, budget_id, scope_key, window_start, window_ends) DO UPDATE SET
    calls = excluded.calls, micro_usd = excluded.micro_usd, bytes = excluded.bytes,
    closed = excluded.closed, raised_calls = excluded.raised_calls,
    raised_micro_usd = excluded.raised_micro_usd, raised_bytes = excluded.raised_bytes`,
  eraseBudgetCounts: 'DELETE FROM budget WHERE window_ends < $1',

  claim: 'SELECT * FROM claim WHERE key = $1',
  putClaim: `INSERT INTO claim (key, payload_hash, state, decision_id, instance, result_payload,
    result_kind, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (key) DO UPDATE SET
    payload_hash = excluded.payload_hash, state = excluded.state,
    decision_id = excluded.decision_id, instance = excluded.instance,
    result_payload = excluded.result_payload, result_kind = excluded.result_kind,
    expires_ms = excluded.expires_ms`,
  removeClaim: 'DELETE FROM claim WHERE key = $1',
  eraseClaims: `DELETE FROM claim WHERE expires_ms < $1
    AND decision_id NOT IN (SELECT decision_id FROM inflight)`,

  reusable: 'SELECT * FROM reusable WHERE key = $1',
  putReusable: `INSERT INTO reusable (key, decision_id, payload, expires_ms)
    VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO UPDATE SET decision_id = excluded.decision_id,
    payload = excluded.payload, expires_ms = excluded.expires_ms`,
  eraseReusables: 'DELETE FROM reusable WHERE expires_ms < $1',
};

export type StatementName = keyof typeof sql;
