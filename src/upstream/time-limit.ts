import { createContext, Script } from 'node:vm';

// A time limit is the one thing that also stops a regular expression that backtracks without end, in this thread. It
// costs some hundred microseconds, so it is for work that strangers can make long.
const slot: { job: (() => unknown) | undefined } = { job: undefined };
const context = createContext(slot);
const script = new Script('job()');

/** Runs synchronous work and throws `ERR_SCRIPT_EXECUTION_TIMEOUT` when it takes longer than `timeoutMs`. */
export function withinTime<T>(timeoutMs: number, job: () => T): T {
  let result: { readonly value: T } | undefined;
  slot.job = () => {
    result = { value: job() };
  };
  try {
    script.runInContext(context, { timeout: timeoutMs });
  } finally {
    slot.job = undefined;
  }
  if (result === undefined) throw new Error('work has no result');
  return result.value;
}
