import type { Answer } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import type { Ruling } from './decide.ts';
import { markedError, markedResult, refOf, refuse } from './denial.ts';
import { adapt } from './obligations/adapt.ts';
import { concernsNoResult } from './obligations/plan.ts';
import type { Handed } from './step.ts';

/** An earlier result under what policy wants by now, which may be more than it wanted then. */
export function adaptedAnew(ruling: Ruling, handed: Handed): Handed {
  const { obligations, tool } = ruling;
  if (concernsNoResult(obligations)) return handed;
  const value: JsonObject = JSON.parse(handed.bytes.toString());
  const done = adapt(obligations, value, handed.part, tool?.output);
  if (done.kind === 'unchanged') return handed;
  if (done.kind === 'changed') return { ...handed, bytes: Buffer.from(JSON.stringify(done.value)) };
  const answer = refuse(ruling.call, 'withheld', refOf(ruling));
  if (answer.kind !== 'made') throw new Error('only results of tools are handed out again');
  return { ...handed, part: 'result', bytes: Buffer.from(JSON.stringify(answer.result)) };
}

/** The answer to a call that reached no server: what was made in its place, or what an earlier call had brought. */
export function handedOut(ruling: Ruling, { how, part, bytes }: Handed): Answer {
  // Written by this gate, or by another of this store, from an object.
  const value: JsonObject = JSON.parse(bytes.toString());
  const ref = { ...refOf(ruling), how };
  return part === 'error'
    ? { kind: 'refused', error: markedError(value, ref) }
    : { kind: 'made', result: markedResult(value, ref) };
}
