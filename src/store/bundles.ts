import type { Connection } from './connection.ts';
import type { BundleRow } from './contract.ts';
import { bytes, integer, object, optionalText, text } from './row.ts';

export function readBundle(connection: Connection, digest: string): BundleRow | undefined {
  const row = connection.get('bundle', digest);
  if (row === undefined) return undefined;
  return {
    digest: text(row, 'digest'),
    revision: optionalText(row, 'revision'),
    engine: object(row, 'engine'),
    sources: bytes(row, 'sources'),
    wasm: bytes(row, 'wasm'),
    createdMs: integer(row, 'created_ms'),
  };
}

/** A digest names its content, so a bundle that is there already stays as it is. */
export function putBundle(connection: Connection, row: BundleRow): void {
  connection.run(
    'putBundle',
    row.digest,
    row.revision ?? null,
    JSON.stringify(row.engine),
    row.sources,
    row.wasm,
    row.createdMs,
  );
}
