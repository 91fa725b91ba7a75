import { sha256 } from '../core/digest.ts';
import { randomBytes } from '../core/ids.ts';
import type { Connection } from './connection.ts';
import type { EntryDraft, LedgerId, Posting } from './contract.ts';
import { putInflight } from './instances.ts';
import type { Ledger } from './ledger.ts';
import { putPayload, saltBytes } from './payloads.ts';
import { bytes, integer } from './row.ts';

/** Writes a posting within a transaction; undefined when the decision that it ends is not in flight. */
export function writePosting(
  connection: Connection,
  ledger: Ledger,
  { entry, commitments, payload, begins, ends }: Posting,
): LedgerId | undefined {
  if (ends && connection.run('takeInflight', entry.decisionId) === 0) return undefined;
  const salt = randomBytes(saltBytes);
  const id = ledger.append(entry, commit(entry, commitments, salt));
  if (payload !== undefined) {
    const { commitment: name, ...rest } = payload;
    const text = Buffer.from(textOf(commitments, name));
    putPayload(connection, { ...rest, bytes: text, salt });
  }
  if (begins !== undefined) putInflight(connection, begins);
  return id;
}

/**
 * Whether a posting was kept by a thread that died before it could say so. Throws `store_unavailable` when the file cannot
 * be read: then nobody can tell, and a decision that stands there all the same is one without an outcome.
 */
export function findPosting(
  connection: Connection,
  { entry: { decisionId }, ends }: Posting,
): { readonly isKept: boolean; readonly id: LedgerId | undefined } {
  if (ends) {
    return { isKept: connection.get('isInflight', decisionId) === undefined, id: undefined };
  }
  const row = connection.get('decisionEntry', decisionId);
  if (row === undefined) return { isKept: false, id: undefined };
  return {
    isKept: true,
    id: { seq: integer(row, 'seq'), leaf: bytes(row, 'leaf').toString('hex') },
  };
}

function commit({ fields }: EntryDraft, commitments: Posting['commitments'], salt: Buffer) {
  const made = new Map<string, string>();
  for (const name in commitments) {
    if (fields[name] !== null) throw new Error(`field "${name}" has no room for a commitment`);
    made.set(name, commitment(salt, textOf(commitments, name)));
  }
  return made;
}

/** SHA-256 over salt and bytes, hexadecimal: opens only to who has both. */
function commitment(salt: Buffer, text: string): string {
  const salted = Buffer.allocUnsafe(salt.length + Buffer.byteLength(text));
  salt.copy(salted);
  salted.write(text, salt.length);
  return sha256(salted).toString('hex');
}

function textOf(commitments: Posting['commitments'], name: string): string {
  const text = commitments[name];
  if (text === undefined) throw new Error(`posting has no commitment "${name}"`);
  return text;
}
