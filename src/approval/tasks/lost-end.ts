import type { TaskEnd } from '../../core/held-task.ts';
import { isObject, type Json } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';

/** What the caller of a task is told when its call has an outcome and its result is not at hand, by the outcome's status. */
const sentences: ReadonlyMap<string, string> = new Map([
  [
    'unknown',
    'Nobody knows what became of the call. It may have run: do not repeat it before you know.',
  ],
  ['refused', 'The call was stopped before it was sent. It did not run.'],
  ['cancelled', 'The call was cancelled before it was sent. It did not run.'],
  [
    'failed',
    'The call failed, and its error is not kept. It may have run: do not repeat it before you know.',
  ],
]);

const gone = 'The call ran, and its result is not kept any more: do not repeat it.';

/**
 * The end of a task whose call ended without its process being there to write that down. `kept` is the result that was kept
 * with the outcome; the handle of a server's own task is none, for nobody follows that any more.
 */
export function lostEnd(status: string, kept: Buffer | undefined, endedMs: number): TaskEnd {
  const value: Json = kept === undefined ? null : parseJson(kept.toString('utf8'));
  const isResult = isObject(value) && (value['resultType'] ?? 'complete') === 'complete';
  if (kept !== undefined && isResult) {
    return { status: 'completed', message: undefined, value: kept, endedMs };
  }
  const text = sentences.get(status) ?? gone;
  const content = [{ type: 'text', text }];
  const told = Buffer.from(JSON.stringify({ content, isError: true }));
  return { status: 'completed', message: undefined, value: told, endedMs };
}
