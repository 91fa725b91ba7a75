import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { main, type Scratch } from '../harness/scratch.ts';

/** A running `mcp-gate serve`. */
export interface ServedGate {
  readonly origin: string;
  readonly port: number;
  readonly pid: number;
  /** What it logged so far. */
  log(): string;
  /** Null while it runs. */
  exitCode(): number | null;
}

/** Starts `mcp-gate serve` over the config of the house on a free port; it ends with the test. */
export async function serveGate(house: Scratch, http: object = {}): Promise<ServedGate> {
  house.configure({ transport: { http: { host: '127.0.0.1', port: 0, ...http } } });
  const args = [main, 'serve', '--config', house.configFile];
  const child = spawn(process.execPath, args, {
    cwd: house.dir,
    env: house.env(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-1_000_000);
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(timer);
  });
  const { pid, exitCode } = child;
  if (pid === undefined) throw new Error(`the gate did not start: ${exitCode}`);
  const port = await untilListening(
    () => child.exitCode,
    () => log,
  );
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    pid,
    log: () => log,
    exitCode: () => child.exitCode,
  };
}

/** The port that it says. */
async function untilListening(exitCode: () => number | null, log: () => string): Promise<number> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const url = /^mcp-gate serves (\S+)$/m.exec(log())?.[1];
    if (url !== undefined) return Number(new URL(url).port);
    if (exitCode() !== null || Date.now() > deadline) throw new Error(`no gate: ${log()}`);
    await sleep(20);
  }
}
