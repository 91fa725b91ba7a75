import { readFileSync } from 'node:fs';

/**
 * When a process started, in clock ticks since boot as Linux counts them (proc(5), field 22): with the pid it names a
 * process for good. Undefined where there is no such process or no procfs.
 */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in field 2 may hold spaces and brackets; counting starts behind the last bracket.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** Whether a process with this pid lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

/** Whether the process that wrote this still runs: it may have been killed, and its pid be another program's by now. */
export function isRunning({
  pid,
  processStart: recorded,
}: {
  readonly pid: number;
  readonly processStart: string | undefined;
}): boolean {
  return pid > 0 && isAlive(pid) && (recorded === undefined || recorded === processStart(pid));
}
