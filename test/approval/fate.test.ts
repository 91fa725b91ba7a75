import { expect, it } from 'vitest';
import { decideApproval } from '../../src/approval/decide.ts';
import { fateOf } from '../../src/approval/view/fate.ts';
import {
  approvalDetail,
  approvalSummary,
  detailLines,
  summaryLines,
} from '../../src/approval/view/present.ts';
import { processStart } from '../../src/core/process-start.ts';
import type { EntryDraft } from '../../src/store/contract.ts';
import { sql } from '../../src/store/sql.ts';
import { openBeside } from '../store/scratch.ts';
import { deskScratch, startMs } from './desk-scratch.ts';

const by = 'decision-2';
const traceId = 'f'.repeat(32);
const entry = (kind: 'decision' | 'outcome', fields: object, decisionId = by): EntryDraft => ({
  ...{ kind, timeMs: startMs, traceId, decisionId },
  fields: { ...fields },
});

/** An approval that a decision has used up. */
async function usedUp() {
  const scratch = deskScratch();
  const { ask, consume, parts, store } = scratch;
  const asked = await ask();
  const approver = { kind: 'credential', name: 'alice' } as const;
  const request = { id: asked.id, verdict: 'approve', approver, reason: undefined } as const;
  await consume((await decideApproval(parts, request)).approval, by);
  await store.write('decision', (tx) => tx.append(entry('decision', {})));
  const row = () => store.approval(asked.id) ?? expect.fail('no approval');
  const append = (...entries: EntryDraft[]) =>
    store.write('outcome', (tx) => {
      for (const each of entries) tx.append(each);
    });
  return { ...scratch, row, append, asked };
}

/** The decision is in flight with a gate that has this process. */
async function inFlight(pid: number) {
  const all = await usedUp();
  await all.store.write('decision', (tx) => {
    const beat = { heartbeatMs: startMs, status: {}, processStart: processStart(pid) };
    tx.putInstance({ id: 'i', gate: 'gate-one', pid, ...beat });
    const where = { server: 'files', tool: 'write_file', startedMs: startMs };
    tx.putInflight({ decisionId: by, traceId, instance: 'i', ...where });
  });
  return all;
}

it.each([
  ['executed', 'done', 'done (executed)'],
  ['failed', 'done', 'done (failed)'],
  ['executed_withheld', 'done', 'done (executed_withheld)'],
  ['unknown', 'unknown', 'unknown'],
] as const)('an outcome %s is %s', async (status, state, text) => {
  const { append, clock, row, store } = await usedUp();
  // Others of the same trace, before and behind it, say nothing of this one.
  const other = entry('outcome', { status: 'cancelled' }, 'decision-9');
  await append(other, entry('outcome', { status }), other);
  expect(fateOf(store, row())).toEqual({ state, outcome: status, at: '2026-01-02T03:04:05.000Z' });
  const [line] = summaryLines(approvalSummary(store, row(), clock()), 200);
  expect(line).toContain(`  consumed, ${text}  files/write_file`);
  const lines = detailLines(approvalDetail(store, row(), clock()), 200);
  expect(lines).toContain(`state       consumed, ${text}`);
});

it('it is running while its gate lives', async () => {
  const { row, store } = await inFlight(process.pid);
  expect(fateOf(store, row())).toEqual({ state: 'running', outcome: null, at: null });
});

it('nobody knows what became of it when its gate ended before the outcome', async () => {
  const { row, store } = await inFlight(2 ** 30);
  expect(fateOf(store, row())).toEqual({ state: 'unknown', outcome: null, at: null });
});

it('nobody knows either when it is not in flight and has no outcome', async () => {
  const { row, store } = await usedUp();
  expect(fateOf(store, row())).toMatchObject({ state: 'unknown' });
});

it('an outcome that this version does not know is not called done', async () => {
  const { append, row, store } = await usedUp();
  await append(entry('outcome', { status: 'teleported' }));
  expect(fateOf(store, row())).toMatchObject({ state: 'unknown', outcome: null });
});

it('what nothing has used up has none', async () => {
  const { store, asked } = await usedUp();
  expect(fateOf(store, asked)).toBeUndefined();
  expect(approvalSummary(store, asked, startMs)).not.toHaveProperty('became');
});

it('the outcome is found by index', async () => {
  const { dir } = await usedUp();
  const database = openBeside(dir);
  const plan = database
    .prepare(`EXPLAIN QUERY PLAN ${sql.outcomeEntry.replace(/\$\d/g, '?')}`)
    .all(traceId, 0, by);
  expect(JSON.stringify(plan)).toContain('SEARCH journal USING INDEX journal_trace');
});
