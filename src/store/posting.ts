import { sha256Hex } from '../core/digest.ts';
import { randomBytes } from '../core/ids.ts';
import type { Connection } from './connection.ts';
import { putInflight } from './instances.ts';
import type { Ledger } from './ledger.ts';
import { putSalted, saltBytes } from './payloads.ts';
import type { PostingText } from './posting-text.ts';
import { sealText } from './seal-entry.ts';

/** Writes a posting within a transaction; false when the decision that it ends is not in flight. */
export function writePosting(
  connection: Connection,
  ledger: Ledger,
  posting: PostingText,
): boolean {
  const { kind, timeMs, traceId, decisionId, pieces, texts, keeps, begins, ends } = posting;
  if (ends && connection.run('takeInflight', decisionId) === 0) return false;
  const salted = salt(texts);
  const sealed = sealText(kind, bodyOf(pieces, salted));
  ledger.insert({ kind, timeMs, traceId, decisionId }, sealed);
  const kept = keeps === undefined ? undefined : salted[keeps.text];
  if (keeps !== undefined && kept !== undefined) putSalted(connection, keeps, kept);
  if (begins !== undefined) putInflight(connection, begins);
  return true;
}

/**
 * Whether a posting was kept by a thread that died before it could say so. Throws `store_unavailable` when the file cannot
 * be read: then nobody can tell, and a decision that stands there all the same is one without an outcome.
 */
export function isKept(connection: Connection, { decisionId, ends }: PostingText): boolean {
  return ends
    ? connection.get('isInflight', decisionId) === undefined
    : connection.get('decisionEntry', decisionId) !== undefined;
}

/** The texts, each behind the same fresh salt. */
function salt(texts: readonly string[]): readonly Buffer[] {
  if (texts.length === 0) return [];
  const fresh = randomBytes(saltBytes);
  return texts.map((text) => {
    const salted = Buffer.allocUnsafe(saltBytes + Buffer.byteLength(text));
    fresh.copy(salted);
    salted.write(text, saltBytes);
    return salted;
  });
}

/** A commitment is SHA-256 over salt and bytes, hexadecimal: it opens only to who has both. */
function bodyOf(pieces: readonly string[], salted: readonly Buffer[]): string {
  let body = pieces[0] ?? '';
  salted.forEach((bytes, at) => {
    body += sha256Hex(bytes) + (pieces[at + 1] ?? '');
  });
  return body;
}
