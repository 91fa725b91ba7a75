import type { ChildProcess } from 'node:child_process';
import spawn from 'cross-spawn';

/**
 * The processes of one tool server: on POSIX the group that its first process leads, so that what it started ends with it;
 * on Windows its tree.
 */
export interface ProcessGroup {
  /** False once nothing of it is left. */
  isAlive(): boolean;
  terminate(): void;
  kill(): void;
}

export function processGroup(child: ChildProcess, pid: number): ProcessGroup {
  return process.platform === 'win32' ? windowsTree(child, pid) : posixGroup(pid);
}

function posixGroup(pid: number): ProcessGroup {
  // Once the group was seen to be gone its id may belong to somebody else: it gets no further signal.
  let gone = false;
  const signal = (name: NodeJS.Signals | 0): void => {
    if (gone) return;
    try {
      process.kill(-pid, name);
    } catch {
      gone = true; // ESRCH: nothing left; EPERM: nothing of ours left
    }
  };
  return {
    isAlive: () => {
      signal(0);
      return !gone;
    },
    terminate: () => signal('SIGTERM'),
    kill: () => signal('SIGKILL'),
  };
}

function windowsTree(child: ChildProcess, pid: number): ProcessGroup {
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  const kill = (): void => {
    // What its first process has left behind cannot be reached once that is gone.
    if (!isAlive()) return;
    const taskkill = spawn('taskkill', ['/PID', String(pid), '/T', '/F'], { stdio: 'ignore' });
    taskkill.on('error', () => {}); // no taskkill on this system: nothing else reaches the tree
  };
  return { isAlive, terminate: kill, kill };
}
