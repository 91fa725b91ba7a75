import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gitLimitMs } from './limits.ts';

const run = promisify(execFile);

/** The commit that a folder is at, with `-dirty` when something in it is not committed; null without git. */
export async function gitRevision(folder: string): Promise<string | null> {
  try {
    const [head, changes] = await Promise.all([
      git(folder, 'rev-parse', 'HEAD'),
      git(folder, 'status', '--porcelain', '--', '.'),
    ]);
    const commit = head.trim();
    if (!/^[0-9a-f]{40,64}$/.test(commit)) return null;
    return changes.trim() === '' ? commit : `${commit}-dirty`;
  } catch {
    // No repository, no commit, no git, or too slow: the digest still names the content.
    return null;
  }
}

/** The repository's own configuration must not make git start programs. */
async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const safe = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=', '--no-optional-locks'];
  const { stdout } = await run('git', [...safe, '-C', folder, ...args], {
    timeout: gitLimitMs,
    maxBuffer: 4 << 20,
    windowsHide: true,
  });
  return stdout;
}
