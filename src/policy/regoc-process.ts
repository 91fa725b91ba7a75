import { type ChildProcess, fork } from 'node:child_process';
import { isObject } from '../core/json.ts';
import { PolicyError } from './policy-error.ts';

// Without the optimising compiler of V8 the first answer comes in a third of the time.
const fastStart = '--liftoff-only';
const badOption = 9;

// The unit tests load this file as TypeScript, which Node 20 cannot fork: they use the built child.
const childFile = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/policy/regoc-child.js', import.meta.url)
  : new URL('./regoc-child.js', import.meta.url);

export interface RegocProcessOptions {
  readonly folder: URL;
  readonly digest: string;
  readonly timeoutMs: number;
  readonly idleMs: number;
}

interface Job {
  readonly id: number;
  readonly request: string;
  readonly settle: (outcome: string | PolicyError) => void;
  sentTwice: boolean;
}

/**
 * The child that runs the compiler: forked for the first request, gone when idle, killed when a request takes too long,
 * forked again for the next one. Requests run one after another. An idle child does not keep this process alive.
 */
export class RegocProcess {
  readonly #options: RegocProcessOptions;
  /** The first one is with the child. */
  #jobs: readonly Job[] = [];
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flags: readonly string[] = [fastStart];
  #lastId = 0;
  #closed = false;

  constructor(options: RegocProcessOptions) {
    this.#options = options;
  }

  /** Throws `policy_timeout` after the time limit and `policy_engine` when the child fails. */
  ask(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: string | PolicyError) =>
        typeof outcome === 'string' ? resolve(outcome) : reject(outcome);
      if (this.#closed) return settle(closedError());
      this.#lastId += 1;
      this.#jobs = [...this.#jobs, { id: this.#lastId, request, settle, sentTwice: false }];
      if (this.#jobs.length === 1) this.#send();
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const job of this.#jobs) job.settle(closedError());
    this.#jobs = [];
    return this.#kill();
  }

  #send(): void {
    const [job] = this.#jobs;
    if (job === undefined) return;
    const child = this.#child ?? this.#start();
    child.ref();
    child.channel?.ref();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#expire(), this.#options.timeoutMs);
    // A child that left in this very moment reports its exit, which sends the job again.
    child.send({ id: job.id, request: job.request }, () => {});
  }

  #start(): ChildProcess {
    const { folder, digest, idleMs, timeoutMs } = this.#options;
    const child = fork(childFile, [folder.href, digest, String(idleMs), String(timeoutMs)], {
      execArgv: [...this.#flags],
      env: environment(),
      // stdout of the gate is the protocol
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.on('message', (message) => this.#receive(message));
    child.on('error', (cause) => {
      if (this.#child === child) this.#lost(`failed to start: ${cause.message}`);
    });
    child.on('exit', (code, signal) => {
      if (this.#child === child) this.#exited(code, signal);
    });
    this.#child = child;
    return child;
  }

  #receive(message: unknown): void {
    const [job] = this.#jobs;
    if (!isObject(message) || job === undefined || message['id'] !== job.id) return;
    const { answer, error } = message;
    if (typeof answer === 'string') this.#finish(answer);
    else this.#finish(new PolicyError('policy_engine', String(error)));
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    const [job] = this.#jobs;
    this.#child = undefined;
    if (job === undefined) return;
    if (code === badOption && this.#flags.length > 0) {
      this.#flags = [];
      this.#send();
    } else if (code === 0 && !job.sentTwice) {
      job.sentTwice = true;
      this.#send();
    } else {
      this.#lost(`ended with ${signal ?? `code ${code}`}`);
    }
  }

  #lost(how: string): void {
    this.#child = undefined;
    this.#finish(new PolicyError('policy_engine', `policy compiler ${how}`));
  }

  #expire(): void {
    void this.#kill();
    const { timeoutMs } = this.#options;
    this.#finish(
      new PolicyError('policy_timeout', `policy compiler took longer than ${timeoutMs} ms`),
    );
  }

  #finish(outcome: string | PolicyError): void {
    const [job, ...rest] = this.#jobs;
    clearTimeout(this.#timer);
    this.#jobs = rest;
    job?.settle(outcome);
    if (rest.length > 0) this.#send();
    else this.#unref();
  }

  #unref(): void {
    this.#child?.unref();
    this.#child?.channel?.unref();
  }

  /** Resolves when the child is gone. */
  #kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return Promise.resolve();
    // An idle child was let go of; whoever waits for its end must be able to.
    child.ref();
    return new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
      child.kill('SIGKILL');
    });
  }
}

function closedError(): PolicyError {
  return new PolicyError('policy_engine', 'policy compiler is closed');
}

/** The compiler needs no environment; these two are for Node itself. */
function environment(): NodeJS.ProcessEnv {
  const names = ['SystemRoot', 'LD_LIBRARY_PATH'];
  return Object.fromEntries(names.flatMap((name) => pair(name, process.env[name])));
}

function pair(name: string, value: string | undefined): readonly (readonly [string, string])[] {
  return value === undefined ? [] : [[name, value]];
}
