import type { KeyResult } from '../control/contract.ts';
import type { Answer, Delivery, Later, RawResponse } from '../core/answer.ts';
import type { Json } from '../core/json.ts';
import type { OutcomeStatus } from '../journal/entries.ts';
import type { Ruling } from './decide.ts';
import { markedError, markedResult, type Refusal, refOf, refuse } from './denial.ts';
import { bytesWithNote, withNote } from './edit-note.ts';
import { judged } from './judged.ts';
import { noteLabels } from './labels.ts';
import type { Adapted } from './obligations/adapt.ts';

type Changed = Extract<Adapted, { kind: 'changed' }>;

/** What came of a call, for the journal, and what of it goes back. */
export interface Delivered {
  readonly answer: Answer;
  readonly status: OutcomeStatus;
  readonly reason: string | undefined;
  readonly isError: boolean;
  /** It is all that comes of the call, and may be handed out again: no question, no task that goes on, no error. */
  readonly isFinal: boolean;
  /** For whoever asks again under the same idempotency key. */
  readonly told: KeyResult;
  /** As the server wrote it. */
  readonly output: Buffer | undefined;
  /** As it goes back, without the mark of this decision; undefined when nothing of it does. */
  readonly kept: Buffer | undefined;
  readonly adapted: readonly string[];
  readonly classes: readonly string[];
}

/** What became of a call, for its caller and its session. */
export function delivered(ruling: Ruling, delivery: Delivery): Delivered {
  const result = saidToBeEdited(ruling, underObligations(ruling, delivery));
  // What a server says on the way to an answer, or in place of one, has been read as well.
  if (delivery.kind !== 'unsent') noteLabels(ruling, result.classes);
  return result;
}

/** The agent is told that the call was changed, and whoever fetches the result is: under the call that was asked for. */
function saidToBeEdited(ruling: Ruling, result: Delivered): Delivered {
  const { kept, told } = result;
  if (ruling.standing.edited === undefined || kept === undefined) return result;
  const answer = withNote(ruling, result.answer);
  if (told.part === 'error') return { ...result, answer };
  const noted = bytesWithNote(kept);
  // Who makes the changed call themselves finds no such words in a result that is used again.
  return { ...result, answer, kept: noted, told: { ...told, bytes: noted }, isFinal: false };
}

/** What a server says later of a call that it goes on with as a task; undefined when nothing of it may be passed on. */
function deliveredLater(ruling: Ruling, response: RawResponse): Answer | undefined {
  const done = judged(ruling, response, true);
  noteLabels(ruling, done.kind === 'unchanged' ? [] : done.classes);
  if (done.kind === 'withheld') return undefined;
  const answer =
    done.kind === 'unchanged' ? relayed(ruling, response) : changedAnswer(ruling, response, done);
  return withNote(ruling, answer);
}

function underObligations(ruling: Ruling, delivery: Delivery): Delivered {
  if (delivery.kind !== 'answered') {
    const isLost = delivery.kind === 'lost';
    const status = isLost ? 'unknown' : 'failed';
    return nothing(ruling, status, delivery.reason, isLost ? 'unknown' : 'unavailable');
  }
  const { response } = delivery;
  const done = judged(ruling, response, response.resultType === 'task');
  switch (done.kind) {
    case 'unchanged':
      return untouched(ruling, response);
    case 'withheld':
      return withheld(ruling, response, done.reason, done.classes);
    case 'changed': {
      const before = untouched(ruling, response);
      const kept = Buffer.from(JSON.stringify(done.value));
      const isError = before.isError || done.value['isError'] === true;
      const isFinal = before.isFinal && !isError;
      const { adapted, classes } = done;
      const told = { ...before.told, isError, bytes: kept };
      const answer = changedAnswer(ruling, response, done);
      return { ...before, answer, isFinal, kept, told, adapted, classes };
    }
  }
}

function changedAnswer(ruling: Ruling, { kind, resultType }: RawResponse, done: Changed): Answer {
  const ref = { ...refOf(ruling), adapted: done.adapted };
  return kind === 'error'
    ? { kind: 'refused', error: markedError(done.value, ref) }
    : { kind: 'made', result: markedResult(done.value, ref), ...goingOn(ruling, resultType) };
}

function relayed(ruling: Ruling, response: RawResponse): Answer {
  return { kind: 'relayed', response, ...goingOn(ruling, response.resultType) };
}

/** What a task brings later is under the obligations of the call that started it. */
export function goingOn(ruling: Ruling, resultType: Json | undefined): { readonly later?: Later } {
  return resultType === 'task' ? { later: (response) => deliveredLater(ruling, response) } : {};
}

function untouched(ruling: Ruling, response: RawResponse): Delivered {
  const output = response.line.subarray(...response.value);
  const { kind: part, isError, resultType = 'complete' } = response;
  const asked = resultType === 'input_required';
  const status = part === 'error' ? 'failed' : asked ? 'input_required' : 'executed';
  return {
    answer: relayed(ruling, response),
    status,
    reason: undefined,
    isError,
    isFinal: resultType === 'complete' && !isError,
    told: { part, isError, bytes: output },
    output,
    kept: output,
    adapted: [],
    classes: [],
  };
}

/** It ran, and nobody sees what came of it. */
function withheld(
  ruling: Ruling,
  response: RawResponse,
  reason: string,
  classes: readonly string[],
): Delivered {
  const answer = refuse(ruling.call, 'withheld', refOf(ruling));
  const before = untouched(ruling, response);
  const status = 'executed_withheld';
  const told = toldOf(answer);
  return { ...before, answer, told, status, reason, isError: true, kept: undefined, classes };
}

function nothing(
  ruling: Ruling,
  status: OutcomeStatus,
  reason: string,
  refusal: Refusal,
): Delivered {
  const answer = refuse(ruling.call, refusal, refOf(ruling));
  return {
    answer,
    status,
    reason,
    isError: true,
    isFinal: false,
    told: toldOf(answer),
    output: undefined,
    kept: undefined,
    adapted: [],
    classes: [],
  };
}

function toldOf(answer: Answer): KeyResult {
  const part = answer.kind === 'refused' ? 'error' : 'result';
  const value = answer.kind === 'refused' ? answer.error : answer.kind === 'made' && answer.result;
  return { part, isError: true, bytes: Buffer.from(JSON.stringify(value)) };
}
