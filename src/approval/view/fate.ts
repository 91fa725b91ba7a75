import { isObject } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import type { OutcomeStatus } from '../../journal/entries.ts';
import { isUnderWay } from '../../journal/prior-run.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';

/** What became of the call that used an approval up. */
export interface Fate {
  readonly state: 'done' | 'unknown' | 'running';
  /** The status of its outcome entry; null while there is none. */
  readonly outcome: OutcomeStatus | null;
  readonly at: string | null;
}

/** How an outcome ends the story of an approval: one that nobody knows the end of may have run. */
const endings: Readonly<Record<OutcomeStatus, Fate['state']>> = {
  executed: 'done',
  failed: 'done',
  unknown: 'unknown',
  cancelled: 'done',
  refused: 'done',
  executed_withheld: 'done',
  simulated: 'done',
  reused: 'done',
  repeated: 'done',
  fetched: 'done',
  input_required: 'done',
};

/** From the outcome entry of the decision that used it up, two look-ups by index; undefined where nothing has. */
export function fateOf(reader: Reader, { state, consumedBy }: ApprovalRow): Fate | undefined {
  if (state !== 'consumed' || consumedBy === undefined) return undefined;
  const entry = reader.journal.outcome(consumedBy);
  if (entry === undefined) {
    return {
      state: isUnderWay(reader, consumedBy) ? 'running' : 'unknown',
      outcome: null,
      at: null,
    };
  }
  const body: unknown = parseJson(entry.body);
  const { status, time } = isObject(body) ? body : {};
  const at = typeof time === 'string' ? time : null;
  // An outcome of a newer version ends it too, in a way that is not known here.
  if (!isStatus(status)) return { state: 'unknown', outcome: null, at };
  return { state: endings[status], outcome: status, at };
}

function isStatus(status: unknown): status is OutcomeStatus {
  return typeof status === 'string' && Object.hasOwn(endings, status);
}

/** As people read it behind the state: `done (executed)`. */
export function fateText({ state, outcome }: Fate): string {
  return outcome === null || outcome === state ? state : `${state} (${outcome})`;
}
