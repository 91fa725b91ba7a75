import type { InflightRow, PayloadDraft, Posting } from './contract.ts';
import { entryText } from './entry-text.ts';

/** A posting with its entry in text: all that is left to do is to salt its commitments, to hash it and to write it. */
export interface PostingText {
  readonly kind: Posting['entry']['kind'];
  readonly timeMs: number;
  readonly traceId: string | undefined;
  readonly decisionId: string;
  /** The entry; between two pieces goes the commitment to a text, in the order of both. */
  readonly pieces: readonly string[];
  readonly texts: readonly string[];
  readonly keeps: KeptText | undefined;
  readonly begins: InflightRow | undefined;
  readonly ends: boolean;
}

/** Which of the texts is kept as a payload. */
export interface KeptText {
  readonly text: number;
  readonly id: string;
  readonly kind: PayloadDraft['kind'];
  readonly expiresMs: number;
}

/** Throws where the entry has no canonical text or no room for a commitment. */
export function postingText({ entry, commitments, payload, begins, ends }: Posting): PostingText {
  const { kind, timeMs, traceId, decisionId } = entry;
  const { pieces, gaps } = entryText(entry, commitments);
  const texts = gaps.map((name) => textOf(commitments, name));
  const keeps = payload === undefined ? undefined : keptText(payload, gaps);
  return { kind, timeMs, traceId, decisionId, pieces, texts, keeps, begins, ends };
}

function keptText(
  { commitment, id, kind, expiresMs }: NonNullable<Posting['payload']>,
  gaps: readonly string[],
): KeptText {
  const text = gaps.indexOf(commitment);
  if (text === -1) throw new Error(`posting has no commitment "${commitment}"`);
  return { text, id, kind, expiresMs };
}

function textOf(commitments: Posting['commitments'], name: string): string {
  const text = commitments[name];
  if (text === undefined) throw new Error(`posting has no commitment "${name}"`);
  return text;
}
