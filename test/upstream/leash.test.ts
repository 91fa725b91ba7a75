import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLeash } from '../../src/upstream/leash.ts';
import { isRunning, scratchFolder, until } from './rig.ts';

const root = path.join(import.meta.dirname, '..', '..');
const posixOnly = it.runIf(process.platform !== 'win32');

describe('the leash', () => {
  posixOnly('ends the group of a server whose gate was killed, against its will too', async () => {
    const holder = startHolder();
    const [pids] = await once(holder.stdout ?? holder, 'data');
    const [server, child] = pidsIn(pids);
    expect([isRunning(server), isRunning(child)]).toEqual([true, true]);
    holder.kill('SIGKILL');
    await until('end of the server', () => !isRunning(server));
    await until('end of its child', () => !isRunning(child));
  });

  posixOnly(
    'ends what it holds when the pipe to it ends, and nothing that it was told to free',
    async () => {
      const freed = startSleeper();
      const held = startSleeper();
      const leash = createLeash(1);
      leash.hold(freed.pid ?? 0);
      leash.hold(held.pid ?? 0);
      leash.free(freed.pid ?? 0);
      leash.close();
      expect(await once(held, 'exit')).toEqual([null, 'SIGTERM']);
      expect(isRunning(freed.pid ?? 0)).toBe(true);
    },
  );
});

/** The leash, compiled, in a process of its own that can be killed. */
function startHolder(): ChildProcess {
  const outDir = scratchFolder();
  const tsc = createRequire(import.meta.url).resolve('typescript/package.json');
  const source = path.join(root, 'src', 'upstream', 'leash.ts');
  const options = [
    '--ignoreConfig',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
  ];
  const typeRoots = path.join(root, 'node_modules', '@types');
  execFileSync(process.execPath, [
    path.join(path.dirname(tsc), 'bin', 'tsc'),
    ...[source, '--outDir', outDir, '--typeRoots', typeRoots, ...options],
  ]);
  const fixture = path.join(root, 'test', 'fixtures', 'leash-holder.mjs');
  const holder = spawn(process.execPath, [fixture, path.join(outDir, 'leash.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  return holder;
}

/** A process in a group of its own. */
function startSleeper(): ChildProcess {
  const sleeper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    detached: true,
    stdio: 'ignore',
  });
  onTestFinished(() => void sleeper.kill('SIGKILL'));
  return sleeper;
}

function pidsIn(bytes: unknown): [number, number] {
  const [server, child] = JSON.parse(String(bytes));
  return [server, child];
}
