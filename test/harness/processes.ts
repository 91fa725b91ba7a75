import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Running processes whose command line holds `text`; zombies do not count. Empty on systems without /proc and ps. */
export function processesNaming(text: string): readonly { pid: number; command: string }[] {
  return (existsSync('/proc/self/cmdline') ? fromProc() : fromPs()).filter(
    ({ pid, command }) => pid !== process.pid && command.includes(text),
  );
}

function fromProc(): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return [{ pid: Number(name), command }];
      } catch {
        // It ended while the folder was read.
        return [];
      }
    });
}

function fromPs(): { pid: number; command: string }[] {
  if (process.platform === 'win32') return [];
  return execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => ({ pid: Number.parseInt(line, 10), command: line.trim() }))
    .filter(({ pid }) => Number.isInteger(pid));
}
