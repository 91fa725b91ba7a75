import { setTimeout as sleep } from 'node:timers/promises';

/** Looks again and again until it is so. */
export async function until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`no sign of ${what}`);
    await sleep(50);
  }
}
