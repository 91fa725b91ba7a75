import type { Answer } from '../core/answer.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import type { Ruling } from './decide.ts';
import { goingOn } from './deliver.ts';
import { markedError, markedResult, refOf, refuse } from './denial.ts';
import { withNote } from './edit-note.ts';
import { noteLabels } from './labels.ts';
import { adapt } from './obligations/adapt.ts';
import { adaptTask } from './obligations/adapt-task.ts';
import { concernsNoResult } from './obligations/plan.ts';
import type { Handed } from './step.ts';

/** A result that an earlier call had brought, as it was kept. */
export type Kept = Pick<Handed, 'how' | 'of' | 'part' | 'bytes' | 'ofEdited'>;

export function made(value: JsonObject): Handed {
  const bytes = Buffer.from(JSON.stringify(value));
  return { how: 'simulated', of: undefined, part: 'result', value, bytes, ...asItIs };
}

const asItIs = { adapted: [], classes: [], reason: undefined } as const;

/** An earlier result under what policy wants by now, which may be more than it wanted then. */
export function adaptedAnew(ruling: Ruling, kept: Kept): Handed {
  const { obligations, tool } = ruling;
  const value: Json = parseJson(kept.bytes.toString());
  if (!isObject(value)) throw new Error('what was kept is no object');
  const unchanged = { ...kept, value, ...asItIs };
  if (concernsNoResult(obligations)) return unchanged;
  const done =
    value['resultType'] === 'task'
      ? adaptTask(obligations, value, tool?.output)
      : adapt(obligations, value, kept.part, tool?.output);
  if (done.kind === 'unchanged') return unchanged;
  if (done.kind === 'changed') return { ...unchanged, ...done, ...written(done.value) };
  const { reason, classes } = done;
  const answer = refuse(ruling.call, 'withheld', refOf(ruling));
  return answer.kind === 'made'
    ? { ...unchanged, part: 'result', ...written(answer.result), reason, classes }
    : { ...unchanged, part: 'error', ...written({ ...errorOf(answer) }), reason, classes };
}

function errorOf(answer: Answer): JsonObject {
  return answer.kind === 'refused' ? { ...answer.error } : {};
}

function written(value: JsonObject): Pick<Handed, 'value' | 'bytes'> {
  return { value, bytes: Buffer.from(JSON.stringify(value)) };
}

/** The answer to a call that reached no server: what was made in its place, or what an earlier call had brought. */
export function handedOut(ruling: Ruling, { how, part, value, classes, ofEdited }: Handed): Answer {
  if (how !== 'simulated') noteLabels(ruling, classes);
  const ref = { ...refOf(ruling), how, ...(ofEdited === true && { edited: true }) };
  return part === 'error'
    ? { kind: 'refused', error: markedError(value, ref) }
    : withNote(ruling, {
        kind: 'made',
        result: markedResult(value, ref),
        ...goingOn(ruling, value['resultType']),
      });
}
