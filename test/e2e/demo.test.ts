import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { main } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

/** Starts the demo with a home and a temporary folder that nobody else uses. */
function startDemo() {
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'demo-test-')));
  const [home, temporary] = [path.join(dir, 'home'), path.join(dir, 'tmp')];
  for (const folder of [home, temporary]) mkdirSync(folder);
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    TMPDIR: temporary,
    TEMP: temporary,
    // A gate of the user's own must not be touched, nor its approvers be asked.
    MCP_GATE_HOME: path.join(home, 'own-state'),
    MCP_GATE_APPROVER: 'nobody:nothing',
  };
  const child = spawn(process.execPath, [main, 'demo'], { cwd: dir, env });
  const told = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    told.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    told.stderr += String(chunk);
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(dir, { recursive: true, force: true });
  });
  const left = () => [...readdirSync(home), ...readdirSync(temporary)];
  return { child, told, exited, left, dir };
}

/** Everything that the demo starts runs in its folder. Zero on systems without /proc. */
function runningIn(dir: string): number {
  if (!existsSync('/proc/self/cwd')) return 0;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readlinkSync(`/proc/${name}/cwd`).startsWith(`${dir}/`);
      } catch {
        // It ended while the folder was read, or is none of ours.
        return false;
      }
    }).length;
}

it('shows every outcome as expected, exits 0 and leaves nothing behind', async () => {
  const { told, exited, left, dir } = startDemo();
  const code = await exited;
  expect(`${code} ${told.stderr}`, told.stdout).toBe('0 ');
  for (const shown of [
    'deny (observed) everything/echo by secrets.open-world',
    'Denied by policy: the arguments hold a secret',
    'allow files/write_file by files.write-inside-workspace',
    /PENDING APPROVAL ap_\w+/,
    /approved ap_\w+\n.*Successfully wrote to \.\.\/outbox\/report\.txt/,
    /Denied by an approver\. It did not run\..*\n.*deploy\.sh is not there/,
    /trace \w{32} {2}reproduced\n/,
    /trace \w{32} {2}drift\n/,
    /recorded {2}escalate by scripts\.ask.*\n.*replayed {2}deny by scripts\.never/,
    'Everything came as expected',
  ]) {
    expect(told.stdout).toMatch(shown);
  }
  expect(left()).toEqual([]);
  await until('nothing left running', () => runningIn(dir) === 0);
});

it('leaves nothing behind when it is interrupted while a call is held', async () => {
  const { child, told, exited, left, dir } = startDemo();
  await until('a held call', () => told.stdout.includes('4. Held'));
  expect(runningIn(dir)).toBeGreaterThan(process.platform === 'linux' ? 2 : -1);
  child.kill('SIGINT');
  child.kill('SIGINT');
  expect(await exited).toBe(130);
  expect(told.stderr).toBe('');
  expect(left()).toEqual([]);
  await until('nothing left running', () => runningIn(dir) === 0);
});
