import type { Clock } from '../core/clock.ts';
import type { JsonObject } from '../core/json.ts';
import { isRunning, processStart } from '../core/process-start.ts';
import type { InflightRow, Store, Tx } from '../store/contract.ts';
import { nothingCame, outcomeEntry } from './entries.ts';

const heartbeatMs = 5000;
const settleMs = 100;
const eraseMs = 60_000;
/** Calls in flight of an instance that never registered are left alone for this long: it may still be starting. */
const unregisteredMs = 60_000;

export interface InstanceParts {
  readonly store: Store;
  readonly id: string;
  readonly gate: string;
  readonly clock: Clock;
  readonly version: string;
  /** What the gate says of itself, for `mcp-gate status`. */
  readonly status: () => JsonObject;
  readonly warn: (message: string, cause: unknown) => void;
}

export interface Instance {
  /** Something that `status` shows is another now. */
  changed(): void;
  close(): Promise<void>;
}

/**
 * The place of this process among the gates of one store: says that it runs, and closes what gates that are gone have
 * left open, as `unknown`. Writes nothing when the store cannot be written; the next heartbeat tries again.
 */
export function openInstance(parts: InstanceParts): Instance {
  let started = false;
  let erasedMs = 0;
  let pending: NodeJS.Timeout | undefined;
  /** It has left: whatever changes while the rest of the gate ends must not put it back on the list. */
  let isOver = false;
  const write = async (): Promise<void> => {
    // A change that waits is in what is written now; its timer, left to itself, could outlive the store.
    clearTimeout(pending);
    pending = undefined;
    try {
      const nowMs = parts.clock();
      const erases = nowMs - erasedMs > eraseMs;
      await parts.store.write('outcome', (tx) => {
        renew(tx, parts, started);
        if (erases) erase(tx, parts, nowMs);
      });
      if (erases) erasedMs = nowMs;
      started = true;
    } catch (thrown) {
      parts.warn('the state of this gate could not be recorded', thrown);
    }
  };
  const heartbeat = setInterval(() => void write(), heartbeatMs).unref();
  void write();
  return {
    changed: () => {
      if (!isOver) pending ??= setTimeout(() => void write(), settleMs).unref();
    },
    close: async () => {
      isOver = true;
      clearInterval(heartbeat);
      clearTimeout(pending);
      try {
        await parts.store.write('decision', (tx) => leave(tx, parts));
      } catch (thrown) {
        // The next start finds this process gone, and closes what it left open.
        parts.warn('the stop of this gate could not be recorded', thrown);
      }
    },
  };
}

function renew(tx: Tx, parts: InstanceParts, started: boolean): void {
  const { id, gate, clock, status, version } = parts;
  const nowMs = clock();
  if (!started) {
    tx.append({ kind: 'gate.started', timeMs: nowMs, fields: { gate: id, config: gate, version } });
  }
  const { pid } = process;
  const row = { id, gate, pid, processStart: processStart(pid), heartbeatMs: nowMs };
  tx.putInstance({ ...row, status: status() });
  sweep(tx, parts, nowMs);
}

// What has expired can be read no more; from here on it is not on the disk either.
function erase(tx: Tx, { id }: InstanceParts, nowMs: number): void {
  const count = tx.erasePayloads(nowMs);
  if (count === 0) return;
  const fields = { gate: id, count, reason: 'expired' };
  tx.append({ kind: 'payload.erased', timeMs: nowMs, fields });
}

function leave(tx: Tx, { id, clock }: InstanceParts): void {
  const nowMs = clock();
  for (const row of tx.inflight()) {
    if (row.instance === id) abandon(tx, row, nowMs, 'the gate stopped before the answer came');
  }
  tx.append({ kind: 'gate.stopped', timeMs: nowMs, fields: { gate: id } });
  tx.removeInstance(id);
}

// What a gate that was killed left in flight: nobody can tell any more whether it ran.
function sweep(tx: Tx, { id }: InstanceParts, nowMs: number): void {
  const instances = new Map(tx.instances().map((row) => [row.id, row]));
  const gone = [...instances.values()].filter((row) => row.id !== id && !isRunning(row));
  const goneIds = new Set(gone.map((row) => row.id));
  for (const row of tx.inflight()) {
    const orphaned = !instances.has(row.instance) && nowMs - row.startedMs > unregisteredMs;
    if (!goneIds.has(row.instance) && !orphaned) continue;
    abandon(tx, row, nowMs, 'the gate ended before the answer came');
  }
  for (const row of gone) tx.removeInstance(row.id);
}

function abandon(tx: Tx, row: InflightRow, nowMs: number, reason: string): void {
  if (!tx.takeInflight(row.decisionId)) return;
  const { decisionId, traceId, server, tool, instance, startedMs } = row;
  const call = { decisionId, traceId, server, tool, instance };
  const durationMs = nowMs - startedMs;
  const end = { status: 'unknown', reason, isError: true, durationMs } as const;
  tx.append(outcomeEntry({ ...nothingCame, ...call, nowMs, ...end }));
}
