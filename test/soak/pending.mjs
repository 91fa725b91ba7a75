/** Many pending approvals in one state folder: listing all, deciding and joining each. Uses the parts that were built. */
import { decideApproval } from '../../dist/approval/decide.js';
import { createDesk } from '../../dist/approval/desk.js';
import { historyLines, historyOf } from '../../dist/approval/view/history.js';
import { approvalSummary } from '../../dist/approval/view/present.js';
import { groupedLines } from '../../dist/cli/approvals-list.js';
import { canonical } from '../../dist/core/canonical.js';
import { openStore } from '../../dist/store/sqlite-store.js';
import { say } from '../conformance/table.mjs';
import { quantiles } from './quantiles.mjs';

const approver = { kind: 'terminal', name: 'bob' };

export async function measurePending(dir, count) {
  const clock = Date.now;
  const store = openStore({ dir, durability: 'power', clock });
  const defaults = { expiresInMs: 3_600_000, quorum: 1 };
  const desk = createDesk({ store, clock, defaults });
  const open = (at) => store.write('decision', (tx) => desk.open(tx, request(at), clock()));
  const each = Array.from({ length: count }, (_, at) => at);
  try {
    const rows = await timed(`asking, ${count} pending at the end`, each, open);
    await timed(`listing ${count}`, each.slice(0, 20), async () => {
      const nowMs = clock();
      const summaries = store
        .approvals(['pending'])
        .map((row) => approvalSummary(store, row, nowMs));
      if (summaries.length !== count) throw new Error(`${summaries.length} are pending`);
    });
    await timed('listing them in groups', each.slice(0, 20), async () => {
      const rows = store.approvals(['pending']);
      const lines = groupedLines(store, rows, clock(), 120);
      if (!lines[0]?.startsWith(`${count} alike`)) throw new Error('they are not alike');
    });
    await timed('looking at what came before', each.slice(0, 20), async (at) =>
      historyLines(historyOf(store, rows[at]), 120),
    );
    const joined = await timed('joining', each, open);
    if (joined.some(({ id }, at) => id !== rows[at].id)) throw new Error('one was asked twice');
    const verdict = { verdict: 'approve', approver, reason: undefined };
    await timed('deciding', each, (at) =>
      decideApproval({ store, clock }, { id: rows[at].id, ...verdict }),
    );
    if (store.approvals(['pending']).length > 0) throw new Error('one was not decided');
    await timed('looking back at them', each.slice(0, 20), async (at) =>
      historyLines(historyOf(store, rows[at]), 120),
    );
  } finally {
    await store.close();
  }
}

/** One after the other, as people and agents come. */
async function timed(what, each, act) {
  const tookMs = [];
  const results = [];
  for (const at of each) {
    const startedMs = performance.now();
    results.push(await act(at));
    tookMs.push(performance.now() - startedMs);
  }
  const { p50, p99 } = quantiles(tookMs);
  const figures = [p50, p99, Math.max(...tookMs)].map((ms) => ms.toFixed(1));
  say(`${what}: p50 ${figures[0]} ms, p99 ${figures[1]} ms, most ${figures[2]} ms`);
  return results;
}

function request(at) {
  return {
    gate: 'gate-one',
    action: 'tools/call',
    requester: 'os:ada',
    scope: 'os:ada',
    server: 'files',
    tool: 'write_file',
    pin: 'sha256:pin',
    canonicalArguments: canonical({ path: `/etc/${at}`, text: 'x'.repeat(500) }),
    policyDigest: 'sha256:policy',
    environment: 'dev',
    decision: {
      outcome: 'escalate',
      reason: 'writes outside the workspace need a yes',
      rules: [{ id: 'files.outside', reason: 'because' }],
      predicates: { identity: true, model: true, data: true, policy: true },
      obligations: [],
      risk: null,
      approval: { expires_in_s: null, quorum: 1, approvers: [] },
    },
    decisionId: `decision-${at}`,
    traceId: '0af7651916cd43dd8448eb211c80319c',
  };
}
