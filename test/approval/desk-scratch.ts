import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { ApprovalRequest } from '../../src/approval/contract.ts';
import { createDesk } from '../../src/approval/desk.ts';
import { canonical } from '../../src/core/canonical.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { Decision } from '../../src/policy/decision.ts';
import type { ApprovalRow } from '../../src/store/approval-contract.ts';
import type { Store, StoredEntry } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/sqlite-store.ts';

export const startMs = Date.UTC(2026, 0, 2, 3, 4, 5);
export const defaults = { expiresInMs: 900_000, quorum: 1 } as const;

/** A state folder with a clock of its own; every store opened on it is closed, and the folder gone, after the test. */
export function deskScratch(beginsMs = startMs) {
  const dir = mkdtempSync(path.join(tmpdir(), 'mcp-gate-approval-'));
  const opened: Store[] = [];
  let nowMs = beginsMs;
  const clock = () => nowMs;
  const open = () => {
    const store = openStore({ dir, durability: 'process', clock });
    opened.push(store);
    return store;
  };
  onTestFinished(async () => {
    await Promise.all(opened.map((store) => store.close()));
    rmSync(dir, { recursive: true });
  });
  const store = open();
  const desk = createDesk({ store, clock, defaults, pollMs: 5, progressMs: 10 });
  return {
    dir,
    clock,
    open,
    store,
    desk,
    parts: { store, clock },
    pass: (ms: number) => {
      nowMs += ms;
    },
    ask: (change: Partial<ApprovalRequest> = {}, on: Store = store) =>
      on.write('decision', (tx) => desk.open(tx, request(change), nowMs)),
    consume: (approval: ApprovalRow, decisionId: string, on: Store = store) =>
      on.write('decision', (tx) => desk.consume(tx, approval, decisionId, nowMs)),
  };
}

export function request(change: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    gate: 'gate-one',
    action: 'tools/call',
    requester: 'os:rita',
    scope: 'os:rita',
    server: 'files',
    tool: 'write_file',
    pin: 'sha256:pin',
    isPlain: true,
    canonicalArguments: canonical({ path: '/etc/hosts', text: 'x' }),
    policyDigest: 'sha256:policy',
    environment: 'dev',
    decision: decision(),
    decisionId: 'decision-1',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    ...change,
  };
}

export function decision(
  approval: Partial<NonNullable<Decision['approval']>> = {},
  rules: readonly string[] = ['files.outside'],
): Decision {
  return {
    outcome: 'escalate',
    reason: 'writes outside the workspace need a yes',
    rules: rules.map((id) => ({ id, reason: 'because' })),
    predicates: { identity: true, model: true, data: true, policy: true },
    obligations: [],
    risk: null,
    approval: { expires_in_s: null, quorum: 1, approvers: [], ...approval },
  };
}

export function hold(change: { budgetMs?: number; progress?: (message: string) => void } = {}) {
  const { budgetMs = 20_000, progress } = change;
  return { budgetMs, progress, lifetime: new Lifetime() };
}

/** The kinds of all entries, in order. */
export function kinds(store: Store): readonly string[] {
  return entries(store).map((entry) => entry.kind);
}

export function lastEntry(store: Store): JsonObject {
  const body: unknown = JSON.parse(entries(store).at(-1)?.body ?? 'null');
  if (!isObject(body)) throw new Error('the journal is empty');
  return body;
}

function entries(store: Store): readonly StoredEntry[] {
  return store.journal.range(0, 1000);
}

/** A state as it is in the store now. */
export function stateOf(store: Store, { id }: ApprovalRow): string | undefined {
  return store.approval(id)?.state;
}
