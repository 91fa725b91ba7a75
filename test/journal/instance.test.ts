import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { processStart } from '../../src/core/process-start.ts';
import { type Instance, openInstance } from '../../src/journal/instance.ts';
import type { InstanceRow, Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/sqlite-store.ts';

let dir: string;
let store: Store;
let instance: Instance | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'instance-'));
  store = openStore({ dir, durability: 'process', clock: Date.now });
});
afterEach(async () => {
  await instance?.close();
  await store.close();
  rmSync(dir, { recursive: true });
});

const start = (id: string) => {
  instance = openInstance({
    store,
    id,
    gate: 'g',
    clock: Date.now,
    version: '1',
    status: () => ({ mode: 'enforce' }),
    warn: () => {},
  });
};

const open = (id = 'me') => {
  start(id);
  return vi.waitFor(() => {
    if (!store.instances().some((row) => row.id === id)) throw new Error('not registered yet');
  });
};

const bodies = (kind: string): JsonObject[] =>
  store.journal.range(0, 100).flatMap((entry) => {
    const body: unknown = JSON.parse(entry.body);
    return entry.kind === kind && isObject(body) ? [body] : [];
  });

const row = (id: string, pid: number, start: string | undefined): InstanceRow => {
  return { id, gate: 'g', pid, processStart: start, heartbeatMs: 0, status: {} };
};

const inFlight = (decisionId: string, of: string, startedMs = Date.now()) =>
  store.write('decision', (tx) => {
    tx.putInflight({ decisionId, traceId: 't', instance: of, server: 's', tool: 'x', startedMs });
  });

describe('a gate that starts', () => {
  it('registers, with what it says of itself', async () => {
    await open();
    expect(store.instances()[0]).toMatchObject({ pid: process.pid, status: { mode: 'enforce' } });
    expect(bodies('gate.started')).toHaveLength(1);
  });

  it.each<[name: string, other: InstanceRow, swept: boolean]>([
    ['of a process that is gone', row('other', 2 ** 22 - 1, '1'), true],
    ['of an earlier process with the same pid', row('other', process.pid, '1'), true],
    ['of a gate that lives', row('other', process.pid, processStart(process.pid)), false],
  ])('closes as unknown what is in flight %s', async (_, other, swept) => {
    await store.write('decision', (tx) => tx.putInstance(other));
    await inFlight('d1', 'other');
    await open();
    const unknown = swept
      ? [expect.objectContaining({ decision_id: 'd1', status: 'unknown' })]
      : [];
    expect(bodies('outcome')).toEqual(unknown);
    expect(store.inflight()).toHaveLength(swept ? 0 : 1);
  });

  it.each([
    ['closes what a gate that never registered left long ago', Date.now() - 61_000, 0],
    ['leaves what such a gate started just now', Date.now(), 1],
  ])('%s', async (_, startedMs, left) => {
    await inFlight('d1', 'nobody', startedMs);
    await open();
    expect(store.inflight()).toHaveLength(left);
  });

  it('erases what has expired', async () => {
    const salt = Buffer.alloc(32, 1);
    await store.write('decision', (tx) => {
      const bytes = Buffer.from('x');
      tx.putPayload({ id: 'p', kind: 'input', bytes, salt, expiresMs: Date.now() - 1 });
    });
    await open();
    expect(bodies('payload.erased')).toEqual([expect.objectContaining({ count: 1 })]);
  });
});

it('a gate that stops closes its own calls as unknown and leaves the list', async () => {
  await open();
  await inFlight('d1', 'me');
  await instance?.close();
  instance = undefined;
  expect(bodies('outcome')).toEqual([expect.objectContaining({ status: 'unknown' })]);
  expect(bodies('gate.stopped')).toHaveLength(1);
  expect(store.instances()).toEqual([]);
});

it('a gate that has left the list does not come back, whatever changes while it ends', async () => {
  await open();
  const closed = instance?.close();
  instance?.changed();
  await closed;
  instance?.changed();
  // Longer than a change waits for others: a write of it would be there by now.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(store.instances()).toEqual([]);
  expect(bodies('gate.started')).toHaveLength(1);
});

it('a gate that has left the list does not come back, whatever waited at its last heartbeat', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  try {
    start('me');
    await store.write('outcome', () => {});
    vi.advanceTimersByTime(4950);
    instance?.changed();
    vi.advanceTimersByTime(50);
    await instance?.close();
    vi.advanceTimersByTime(100);
    await store.write('outcome', () => {});
    expect(store.instances()).toEqual([]);
    expect(bodies('gate.started')).toHaveLength(1);
  } finally {
    vi.useRealTimers();
  }
});
