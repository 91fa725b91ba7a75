import { canonical } from '../core/canonical.ts';
import { timestamp } from '../core/clock.ts';
import { GateError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { leafHash } from '../journal/merkle.ts';
import type { EntryDraft } from './contract.ts';

/** The RFC 8785 text of an entry, and its RFC 6962 leaf hash. */
export interface SealedEntry {
  readonly body: string;
  readonly leaf: Buffer;
}

// C2SP tlog-tiles gives an entry 16 bits for its length; the rest is room for exports.
const maxBodyBytes = 60_000;

export function sealEntry(draft: EntryDraft): SealedEntry {
  const body = canonical(inOrder(draft));
  // A UTF-16 unit takes at most three bytes, so most entries need no count.
  const size = body.length * 3 > maxBodyBytes ? Buffer.byteLength(body) : 0;
  if (size > maxBodyBytes) {
    throw new GateError(
      'message_too_large',
      `journal entry "${draft.kind}" has ${size} bytes, expected at most ${maxBodyBytes}`,
    );
  }
  return { body, leaf: leafHash(body) };
}

/** The members in the order of RFC 8785, which spares `canonical` its slow way. */
function inOrder(draft: EntryDraft): JsonObject {
  const own: Readonly<Record<string, Json | undefined>> = {
    v: 1,
    kind: draft.kind,
    time: timestamp(draft.timeMs),
    trace_id: draft.traceId,
    decision_id: draft.decisionId,
  };
  const members: [string, Json][] = [];
  for (const source of [own, draft.fields]) {
    for (const [name, value] of Object.entries(source)) {
      if (source !== own && Object.hasOwn(own, name)) throw reserved(name);
      if (value !== undefined) members.push([name, value]);
    }
  }
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function reserved(name: string): GateError {
  return new GateError('invalid_json', `field "${name}" of a journal entry is set by the journal`);
}
