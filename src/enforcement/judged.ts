import type { RawResponse } from '../core/answer.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import { readStrict, type StrictRule } from '../core/strict-json.ts';
import type { Ruling } from './decide.ts';
import { type Adapted, adapt } from './obligations/adapt.ts';
import { adaptTask } from './obligations/adapt-task.ts';
import { isCleanAsWritten } from './obligations/as-written.ts';
import { concernsNoResult } from './obligations/plan.ts';

/** What the obligations make of what a server wrote. Bytes that nobody has to look into go through untouched. */
export function judged(
  { obligations, tool }: Ruling,
  response: RawResponse,
  isTask: boolean,
): Adapted {
  const { maxResultBytes } = obligations.limit;
  const [start, end] = response.value;
  if (maxResultBytes !== undefined && end - start > maxResultBytes) {
    return unseen('the result is larger than policy allows');
  }
  if (concernsNoResult(obligations)) return { kind: 'unchanged' };
  const look = (value: JsonObject) =>
    isTask && response.kind === 'result'
      ? adaptTask(obligations, value, tool?.output)
      : adapt(obligations, value, response.kind, tool?.output);
  // A parser that drops a member or rounds a number would hide it from what is looked for. Its own words are left out:
  // they may quote the result, and the reason stands in the journal for good.
  const bytes = response.line.subarray(start, end);
  const read = readStrict(bytes);
  if (read.kind === 'broken') return unseen('the result was withheld: it is no JSON');
  if (isCleanAsWritten(obligations, bytes, read, look)) return { kind: 'unchanged' };
  if (read.kind === 'refused') return unseen(`the result was withheld: ${faults[read.rule]}`);
  if (!isObject(read.value)) return unseen('the result was withheld: it is no object');
  return look(read.value);
}

const faults: Readonly<Record<StrictRule, string>> = {
  depth: 'it nests too deep',
  duplicate_key: 'a member stands in it twice',
  proto_key: 'it has a member "__proto__"',
  lone_surrogate: 'it holds half a character',
  number: 'it holds a number that loses digits',
};

function unseen(reason: string): Adapted {
  return { kind: 'withheld', reason, classes: [] };
}
