import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
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
  const port = await freePort();
  house.configure({ transport: { http: { host: '127.0.0.1', port, ...http } } });
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
  await untilListening(
    port,
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

async function untilListening(
  port: number,
  exitCode: () => number | null,
  log: () => string,
): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await accepts(port))) {
    if (exitCode() !== null || Date.now() > deadline) throw new Error(`no gate: ${log()}`);
    await sleep(50);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
