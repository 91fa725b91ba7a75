import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { BudgetCall } from '../../src/control/contract.ts';
import { type Budget, noTariff } from '../../src/core/budget.ts';
import type { Store, Tx } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/sqlite-store.ts';

export const startMs = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A store in a folder of its own, gone after the test, with a clock that the test moves. */
export function controlScratch() {
  const dir = mkdtempSync(path.join(tmpdir(), 'mcp-gate-control-'));
  let nowMs = startMs;
  const clock = () => nowMs;
  const store = openStore({ dir, durability: 'process', clock });
  onTestFinished(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });
  return {
    store,
    now: clock,
    pass: (ms: number) => {
      nowMs += ms;
    },
    write: <T>(work: (tx: Tx) => T) => store.write('decision', work),
    bodies: (kind: string) => bodiesOf(store, kind),
  };
}

function bodiesOf(store: Store, kind: string) {
  return store.journal
    .range(0, 1000)
    .filter((entry) => entry.kind === kind)
    .map((entry): unknown => JSON.parse(entry.body));
}

export function budget(change: Partial<Budget> = {}): Budget {
  return {
    id: 'daily',
    scope: ['subject'],
    windowMs: 86_400_000,
    limit: { calls: undefined, microUsd: undefined, bytes: undefined },
    onExceed: 'deny',
    servers: undefined,
    tools: undefined,
    ...change,
  };
}

export function limit(change: Partial<Budget['limit']>): Budget['limit'] {
  return { calls: undefined, microUsd: undefined, bytes: undefined, ...change };
}

export function call(change: Partial<BudgetCall> = {}): BudgetCall {
  return {
    subject: 'os:rita',
    session: 's1',
    server: 'files',
    tool: 'write',
    model: null,
    bytesIn: 0,
    tariff: noTariff,
    ...change,
  };
}

/** A decision in flight, as the recorder leaves it. */
export function begin(tx: Tx, decisionId: string): void {
  const at = { traceId: 'trace', instance: 'gate-1', server: 'files', tool: 'write', startedMs: 1 };
  tx.putInflight({ decisionId, ...at });
}
