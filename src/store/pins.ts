import type { Connection } from './connection.ts';
import type { PinRow } from './contract.ts';
import type { Row } from './driver.ts';
import { integer, optionalText, text } from './row.ts';

export function readPin(
  connection: Connection,
  gate: string,
  server: string,
  tool: string,
): PinRow | undefined {
  const row = connection.get('pin', gate, server, tool);
  return row === undefined ? undefined : toPin(row);
}

export function readPins(connection: Connection, gate: string): readonly PinRow[] {
  return connection.all('pins', gate).map(toPin);
}

export function putPin(connection: Connection, row: PinRow): void {
  connection.run(
    'putPin',
    row.gate,
    row.server,
    row.tool,
    row.digest,
    row.changedDigest ?? null,
    row.seenMs,
  );
}

function toPin(row: Row): PinRow {
  return {
    gate: text(row, 'gate'),
    server: text(row, 'server'),
    tool: text(row, 'tool'),
    digest: text(row, 'digest'),
    changedDigest: optionalText(row, 'changed_digest'),
    seenMs: integer(row, 'seen_ms'),
  };
}
