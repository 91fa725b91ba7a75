import type { KeyResult } from '../control/contract.ts';
import type { Answer, Delivery, RawResponse } from '../core/answer.ts';
import { isObject } from '../core/json.ts';
import { readStrict } from '../core/strict-json.ts';
import type { OutcomeStatus } from '../journal/entries.ts';
import type { Ruling } from './decide.ts';
import { markedError, markedResult, type Refusal, refOf, refuse } from './denial.ts';
import { noteLabels } from './labels.ts';
import { adapt } from './obligations/adapt.ts';
import { isCleanAsWritten } from './obligations/as-written.ts';
import { concernsNoResult } from './obligations/plan.ts';

/** What came of a call, for the journal, and what of it goes back. */
export interface Delivered {
  readonly answer: Answer;
  readonly status: OutcomeStatus;
  readonly reason: string | undefined;
  readonly isError: boolean;
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
  const result = underObligations(ruling, delivery);
  if (result.status.startsWith('executed')) noteLabels(ruling, result.classes);
  return result;
}

/** Applies the obligations to what a server answered. Bytes that nobody has to look into go through untouched. */
function underObligations(ruling: Ruling, delivery: Delivery): Delivered {
  if (delivery.kind !== 'answered') {
    const isLost = delivery.kind === 'lost';
    const status = isLost ? 'unknown' : 'failed';
    return nothing(ruling, status, delivery.reason, isLost ? 'unknown' : 'unavailable');
  }
  const { response } = delivery;
  const asked = response.resultType === 'input_required';
  const { obligations } = ruling;
  // Questions on the way to a result are requests of their own, and are decided as such.
  const { maxResultBytes } = obligations.limit;
  const [start, end] = response.value;
  if (asked) return untouched(response, asked);
  if (maxResultBytes !== undefined && end - start > maxResultBytes) {
    return withheld(ruling, response, 'the result is larger than policy allows', []);
  }
  return concernsNoResult(obligations) ? untouched(response, asked) : adapted(ruling, response);
}

function adapted(ruling: Ruling, response: RawResponse): Delivered {
  const { obligations, tool } = ruling;
  // A parser that drops a member or rounds a number would hide it from what is looked for.
  const bytes = response.line.subarray(...response.value);
  const read = readStrict(bytes);
  if (read.kind !== 'value') {
    return isCleanAsWritten(obligations, bytes, read, response.kind, tool?.output)
      ? untouched(response, false)
      : withheld(ruling, response, read.reason, []);
  }
  if (!isObject(read.value)) return withheld(ruling, response, 'it is no object', []);
  const done = adapt(obligations, read.value, response.kind, tool?.output);
  switch (done.kind) {
    case 'unchanged':
      return untouched(response, false);
    case 'withheld':
      return withheld(ruling, response, done.reason, done.classes);
    case 'changed': {
      const kept = Buffer.from(JSON.stringify(done.value));
      const ref = { ...refOf(ruling), adapted: done.adapted };
      const answer: Answer =
        response.kind === 'error'
          ? { kind: 'refused', error: markedError(done.value, ref) }
          : { kind: 'made', result: markedResult(done.value, ref) };
      const { adapted: what, classes } = done;
      const before = untouched(response, false);
      const told = { ...before.told, bytes: kept };
      return { ...before, answer, kept, told, adapted: what, classes };
    }
  }
}

function untouched(response: RawResponse, asked: boolean): Delivered {
  const output = response.line.subarray(...response.value);
  const { kind: part, isError } = response;
  const status = part === 'error' ? 'failed' : asked ? 'input_required' : 'executed';
  return {
    answer: { kind: 'relayed', response },
    status,
    reason: undefined,
    isError,
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
  const before = untouched(response, false);
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
