import { GateError } from '../core/errors.ts';
import { leafHash } from '../journal/merkle.ts';
import type { EntryDraft, EntryKind } from './contract.ts';
import { entryText } from './entry-text.ts';

/** The RFC 8785 text of an entry, and its RFC 6962 leaf hash. */
export interface SealedEntry {
  readonly body: string;
  readonly leaf: Buffer;
}

// C2SP tlog-tiles gives an entry 16 bits for its length; the rest is room for exports.
const maxBodyBytes = 60_000;

export function sealEntry(draft: EntryDraft): SealedEntry {
  return sealText(draft.kind, entryText(draft, {}).pieces.join(''));
}

export function sealText(kind: EntryKind, body: string): SealedEntry {
  // A UTF-16 unit takes at most three bytes, so most entries need no count.
  const size = body.length * 3 > maxBodyBytes ? Buffer.byteLength(body) : 0;
  if (size > maxBodyBytes) {
    throw new GateError(
      'message_too_large',
      `journal entry "${kind}" has ${size} bytes, expected at most ${maxBodyBytes}`,
    );
  }
  return { body, leaf: leafHash(body) };
}
