import { stat } from 'node:fs/promises';
import { describe } from '../core/errors.ts';
import type { PolicyOrigin } from './load-policy.ts';
import { listPolicyFiles } from './source-files.ts';

/** What tells whether the files of a policy were written to; a text of its own for files that cannot be listed. */
export async function signatureOf(origin: PolicyOrigin): Promise<string> {
  try {
    if (origin.kind === 'bundle') {
      const { mtimeNs, size, ino } = await stat(origin.path, { bigint: true });
      return `${mtimeNs}:${size}:${ino}`;
    }
    const files = await listPolicyFiles(origin.path);
    return files.map(({ signature }) => signature).join('\n');
  } catch (error) {
    return `unreadable: ${describe(error)}`;
  }
}

/**
 * Polls; an interval that is still at work is not started again, and how long the next one is, is asked before it. `stop`
 * resolves when nothing runs any more.
 */
export function every(intervalMs: () => number, work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const arm = () => {
    if (stopped) return;
    timer = setTimeout(() => {
      running = work().then(arm);
    }, intervalMs());
    timer.unref();
  };
  arm();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
}
