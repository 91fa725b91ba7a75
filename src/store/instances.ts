import type { Connection } from './connection.ts';
import type { InflightRow, InstanceRow } from './contract.ts';
import type { Row } from './driver.ts';
import { integer, object, optionalText, text } from './row.ts';

export function readInstances(connection: Connection): readonly InstanceRow[] {
  return connection.all('instances').map(toInstance);
}

export function putInstance(connection: Connection, row: InstanceRow): void {
  connection.run(
    'putInstance',
    row.id,
    row.gate,
    row.pid,
    row.processStart ?? null,
    row.heartbeatMs,
    JSON.stringify(row.status),
  );
}

export function readInflight(connection: Connection): readonly InflightRow[] {
  return connection.all('inflight').map(toInflight);
}

export function putInflight(connection: Connection, row: InflightRow): void {
  connection.run(
    'insertInflight',
    row.decisionId,
    row.traceId,
    row.instance,
    row.server,
    row.tool,
    row.startedMs,
  );
}

function toInstance(row: Row): InstanceRow {
  return {
    id: text(row, 'id'),
    gate: text(row, 'gate'),
    pid: integer(row, 'pid'),
    processStart: optionalText(row, 'process_start'),
    heartbeatMs: integer(row, 'heartbeat_ms'),
    status: object(row, 'status'),
  };
}

function toInflight(row: Row): InflightRow {
  return {
    decisionId: text(row, 'decision_id'),
    traceId: text(row, 'trace_id'),
    instance: text(row, 'instance'),
    server: text(row, 'server'),
    tool: text(row, 'tool'),
    startedMs: integer(row, 'started_ms'),
  };
}
