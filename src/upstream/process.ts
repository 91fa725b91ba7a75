import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import spawn from 'cross-spawn';
import { LineSplitter } from '../wire/line-splitter.ts';
import { serverEnvironment } from './environment.ts';
import type { Leash } from './leash.ts';
import type { UpstreamLimits } from './limits.ts';
import { type ProcessGroup, processGroup } from './process-group.ts';
import type { ServerCommand } from './server-spec.ts';

export interface ProcessEvents {
  /** One line of stderr, cut at the limit; it may hold anything, secrets too. */
  onStderr(line: string): void;
  /** Once, after what it had still written could be read. */
  onExit(exit: ProcessExit): void;
}

export type ProcessExit =
  | { readonly kind: 'unstarted'; readonly error: unknown }
  | {
      readonly kind: 'exited';
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
    };

/** A running tool server. Whoever started it reads `stdout`, and calls `end`, which resolves when its group is gone. */
export interface ServerProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  end(): Promise<void>;
}

export interface ProcessOptions {
  readonly leash: Leash;
  readonly limits: UpstreamLimits;
}

/** How long the stdout of a server that has exited is read on: something it started may hold the pipe open for ever. */
const drainMs = 200;
/** How often a group is looked at while it is being ended, and how long after SIGKILL it is waited for. */
const pollMs = 20;
const killedMs = 1_000;

/** Starts a server; undefined when there is no process, which `onExit` has then been told in a later tick. */
export function startProcess(
  command: ServerCommand,
  events: ProcessEvents,
  options: ProcessOptions,
): ServerProcess | undefined {
  let child: ChildProcess;
  try {
    child = spawn(command.command, [...command.args], {
      cwd: command.cwd,
      env: serverEnvironment(command.env),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
  } catch (error) {
    setImmediate(() => events.onExit({ kind: 'unstarted', error }));
    return undefined;
  }
  const { pid, stdin, stdout, stderr } = child;
  if (pid === undefined || stdin === null || stdout === null || stderr === null) {
    child.once('error', (error) => events.onExit({ kind: 'unstarted', error }));
    return undefined;
  }
  options.leash.hold(pid);
  readStderr(stderr, events.onStderr, options.limits.stderrLineBytes);
  // A broken pipe is not an event of its own: the exit or the reader of stdout says what happened.
  for (const stream of [stdin, stdout, stderr, child]) stream.on('error', () => {});
  const group = processGroup(child, pid);
  const exited = watchExit(child, events);
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> => {
    ending ??= endGroup(stdin, exited, group, options.limits).finally(() => {
      options.leash.free(pid);
      for (const stream of [stdout, stderr]) stream.destroy();
    });
    return ending;
  };
  return { stdin, stdout, end };
}

function readStderr(stderr: Readable, onStderr: (line: string) => void, limitBytes: number): void {
  const splitter = new LineSplitter({
    onLine: (line) => onStderr(line.toString('utf8')),
    onOverflow: () => onStderr(`(a line of more than ${limitBytes} bytes)`),
    limitBytes,
  });
  stderr.on('data', (chunk: Buffer) => splitter.push(chunk));
  stderr.on('end', () => splitter.end());
}

/** Resolves when the first process is gone; `onExit` follows once the pipes are empty, or soon after. */
function watchExit(child: ChildProcess, events: ProcessEvents): Promise<void> {
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve();
      void Promise.race([closed, sleep(drainMs)]).then(() =>
        events.onExit({ kind: 'exited', code, signal }),
      );
    });
  });
}

/** The server gets a chance to leave by itself; whatever of its group is left then is told to, and at last made to. */
async function endGroup(
  stdin: Writable,
  exited: Promise<void>,
  group: ProcessGroup,
  limits: UpstreamLimits,
): Promise<void> {
  stdin.end();
  // Not a reason to stay alive: while there is a child, its handle is one.
  await Promise.race([exited, sleep(limits.closeMs, undefined, { ref: false })]);
  group.terminate();
  await gone(group, limits.terminateMs);
  group.kill();
  await gone(group, killedMs);
}

/** Resolves when nothing of the group is left, or after `timeoutMs`: what nobody reaps stays in its group for ever. */
async function gone(group: ProcessGroup, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (group.isAlive() && performance.now() < deadline) await sleep(pollMs);
}
