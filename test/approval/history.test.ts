import { expect, it } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { type History, historyLines, historyOf } from '../../src/approval/view/history.ts';
import { withdraw } from '../../src/approval/withdraw.ts';
import { sql } from '../../src/store/sql.ts';
import { openBeside } from '../store/scratch.ts';
import { deskScratch, request } from './desk-scratch.ts';

const wide = Number.POSITIVE_INFINITY;
const alice = { kind: 'credential', name: 'alice' } as const;
const nothing = { count: 0, last: null };

/** Calls of one tool, each with other arguments, and what becomes of them. */
function past() {
  const scratch = deskScratch();
  const { ask, consume, desk, parts, store, clock, pass } = scratch;
  let calls = 0;
  const next = (change = {}) => {
    calls += 1;
    return ask({ canonicalArguments: `{"n":${calls}}`, decisionId: `asked-${calls}`, ...change });
  };
  const answer = async (verdict: 'approve' | 'deny', reason?: string, change = {}) => {
    const row = await next(change);
    return (await decideApproval(parts, { id: row.id, verdict, approver: alice, reason })).approval;
  };
  const trace = (decisionId: string) => ({ timeMs: clock(), traceId: 'f'.repeat(32), decisionId });
  const run = async (status: string) => {
    const row = await answer('approve');
    const by = `ran-${row.id}`;
    await consume(row, by);
    await store.write('decision', (tx) => {
      tx.append({ kind: 'decision', ...trace(by), fields: {} });
      tx.append({ kind: 'outcome', ...trace(by), fields: { status } });
    });
  };
  const expire = async () => {
    await next();
    pass(900_000);
    const due = store.approvals(['pending']).map((row) => row.id);
    for (const id of due) await withdraw(parts, id, me).catch(() => {});
  };
  const me = { by: 'os:rita', via: 'terminal', reason: undefined } as const;
  const seen = async () => historyOf(store, await next());
  return { ...scratch, next, answer, run, expire, me, seen, desk };
}

it('counts what people said, each verdict for itself, and how runs ended', async () => {
  const { answer, expire, me, next, parts, pass, run, seen } = past();
  await run('executed');
  await run('failed');
  await run('unknown');
  pass(1000);
  await answer('approve');
  await answer('deny', 'not on production');
  await expire();
  await withdraw(parts, (await next()).id, me);
  expect(await seen()).toEqual({
    approved: { count: 4, last: '2026-01-02T03:04:06.000Z' },
    denied: { count: 1, last: '2026-01-02T03:04:06.000Z', reason: 'not on production' },
    expired: { count: 1, last: '2026-01-02T03:04:06.000Z' },
    withdrawn: { count: 1, last: '2026-01-02T03:19:06.000Z' },
    by_grant: nothing,
    outcomes: { looked_at: 3, failed: 1, unknown: 1 },
  });
  expect(historyLines(await seen(), wide)).toEqual([
    'before  1 denied, last 2026-01-02T03:04:06.000Z: "not on production"; ' +
      '4 approved, last 2026-01-02T03:04:06.000Z; of the last 3 runs 1 failed, 1 unknown; ' +
      '1 expired, last 2026-01-02T03:04:06.000Z; 1 withdrawn, last 2026-01-02T03:19:06.000Z',
  ]);
});

it('is of this caller, tool, server and gate alone', async () => {
  const { answer, seen } = past();
  const others = [
    { requester: 'os:mallory' },
    { tool: 'delete_file' },
    { server: 'mail' },
    { gate: 'gate-two' },
  ];
  for (const other of others) await answer('deny', 'no', other);
  const history = await seen();
  expect(history).toMatchObject({ approved: nothing, denied: nothing });
  expect(historyLines(history, wide)).toEqual(['before  nobody was asked before']);
});

it('no number of questions and of unasked runs hides a denial or passes for a yes', async () => {
  const { answer, ask, clock, desk, me, next, parts, seen, store } = past();
  await answer('deny', 'never');
  const row = await ask({ canonicalArguments: '{"granted":1}' });
  const grant = { arguments: { kind: 'any' }, lifeMs: 3_600_000, uses: undefined } as const;
  const rita = { kind: 'terminal', name: 'rita' } as const;
  const yes = { id: row.id, verdict: 'approve', approver: rita, reason: undefined } as const;
  const made = (await decideApproval(parts, { ...yes, grant })).grant ?? expect.fail('no grant');
  for (let n = 0; n < 150; n += 1) {
    const used = request({ canonicalArguments: `{"use":${n}}`, decisionId: `used-${n}` });
    await store.write('decision', (tx) => desk.use(tx, made, used, clock()));
  }
  for (let n = 0; n < 150; n += 1) await withdraw(parts, (await next()).id, me);
  const history = await seen();
  expect(history).toMatchObject({
    approved: { count: 1 },
    denied: { count: 1, reason: 'never' },
    withdrawn: { count: 100 },
    by_grant: { count: 100 },
    outcomes: { looked_at: 0 },
  });
  const [line] = historyLines(history, wide);
  expect(line).toMatch(/^before {2}1 denied, last \S+: "never"; 1 approved, /);
  expect(line).toMatch(/; 100 or more withdrawn, .*; 100 or more run by a grant, unasked, /);
});

it('a reason is shown on its line and cannot leave it', () => {
  const reason = `"\u001b[2J\nbefore  9 approved\u202e${'x'.repeat(5000)}`;
  const empty: History = {
    ...{ approved: nothing, expired: nothing, withdrawn: nothing, by_grant: nothing },
    denied: { count: 1, last: '2026-01-02T03:04:05.000Z', reason },
    outcomes: { looked_at: 0, failed: 0, unknown: 0 },
  };
  const lines = historyLines(empty, 60);
  expect(lines.join('').length).toBeLessThan(400);
  expect(lines.slice(1).every((line) => line.startsWith('│ '))).toBe(true);
  for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
});

it('is looked up by index', async () => {
  const { dir } = past();
  const statement = `EXPLAIN QUERY PLAN ${sql.pastApprovals.replace(/\$\d/g, '?')}`;
  const plan = openBeside(dir).prepare(statement).all('g', 'r', 's', 't', 'denied', 1);
  expect(JSON.stringify(plan)).toContain('SEARCH approval USING INDEX approval_past');
  expect(JSON.stringify(plan)).not.toContain('TEMP B-TREE');
});
