/** Processes that a run starts, each ended by its own id, and ports on loopback. */
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const running = new Set();

/** Starts a process; `stderr` keeps its last words. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const started = { child, stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => {
    started.stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    started.stderr = (started.stderr + chunk).slice(-20_000);
  });
  started.ended = new Promise((resolve) => {
    child.on('error', () => resolve(-1));
    child.on('exit', (code) => resolve(code));
  });
  running.add(started);
  void started.ended.then(() => running.delete(started));
  return started;
}

/** Runs a process to its end. */
export async function finish(command, args, options) {
  const started = start(command, args, options);
  const code = await started.ended;
  return { code, stdout: started.stdout, stderr: started.stderr };
}

export async function stop(started) {
  const { child } = started;
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await started.ended;
  clearTimeout(timer);
}

export async function stopAll() {
  await Promise.all([...running].map(stop));
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until somebody listens on the port; throws the process's last words when it ends first. */
export async function listening(port, started, patienceMs = 30_000) {
  const deadline = Date.now() + patienceMs;
  while (!(await accepts(port))) {
    const isOver = started.child.exitCode !== null || Date.now() > deadline;
    if (isOver) throw new Error(`nothing listens on port ${port}: ${started.stderr}`);
    await sleep(50);
  }
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** The first line that a process prints. */
export async function firstLine(started, patienceMs = 10_000) {
  const deadline = Date.now() + patienceMs;
  while (!started.stdout.includes('\n')) {
    const isOver = started.child.exitCode !== null || Date.now() > deadline;
    if (isOver) throw new Error(`it printed no line: ${started.stderr}`);
    await sleep(10);
  }
  return started.stdout.split('\n')[0];
}
