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

/** `made` holds members that are put in the place of nulls of the draft. */
export function sealEntry(draft: EntryDraft, made: Members = none): SealedEntry {
  const body = canonical(bodyOf(draft, made));
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

type Members = ReadonlyMap<string, string>;

const none: Members = new Map();

/** What the journal itself says in every entry. */
const ownNames: ReadonlySet<string> = new Set(['decision_id', 'kind', 'time', 'trace_id', 'v']);

/** The members with the journal's own among them; where the draft's are in the order of RFC 8785, so are all. */
function bodyOf(draft: EntryDraft, made: Members): JsonObject {
  const own: JsonObject = {
    decision_id: draft.decisionId,
    kind: draft.kind,
    time: timestamp(draft.timeMs),
    trace_id: draft.traceId,
    v: 1,
  };
  const body: Record<string, Json> = {};
  const put = (name: string, value: Json | undefined): void => {
    if (value !== undefined) body[name] = value;
  };
  const due = ownNames.values();
  let next = due.next();
  for (const name in draft.fields) {
    if (ownNames.has(name) || name === '__proto__') throw reserved(name);
    for (; !next.done && next.value < name; next = due.next()) put(next.value, own[next.value]);
    put(name, made.get(name) ?? draft.fields[name]);
  }
  for (; !next.done; next = due.next()) put(next.value, own[next.value]);
  return body;
}

function reserved(name: string): GateError {
  return new GateError('invalid_json', `field "${name}" of a journal entry is set by the journal`);
}
