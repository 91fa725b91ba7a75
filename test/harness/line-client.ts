import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { RawClient } from './raw-client.ts';

export interface StartOptions {
  readonly cwd?: string;
  /** The whole environment of the process; ours when undefined. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A raw client over the lines of a process that it starts. Lines with the same `chunk` arrived in one read. */
export class LineClient extends RawClient {
  readonly exited: Promise<Exit>;
  #child: ChildProcess;
  #pending: Buffer[] = [];
  #stderr = '';

  constructor(command: string, args: readonly string[], options: StartOptions = {}) {
    super();
    this.#child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    this.exited = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }));
    void this.exited.then(() => this.wake());
    // A far side that has gone is seen by its exit, not by a failed write.
    this.#child.stdin?.on('error', () => {});
    this.#child.stdout?.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#stderr += bytes;
      this.wake();
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Any text as one line; any bytes as they are. */
  sendLine(line: string | Buffer): void {
    this.#child.stdin?.write(typeof line === 'string' ? `${line}\n` : line);
  }

  send(message: object): void {
    this.sendLine(JSON.stringify(message));
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Ends the input and waits for the process to leave by itself; takes it down when it does not. */
  async close(graceMs = 8000): Promise<Exit> {
    this.endInput();
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  protected over(): string | undefined {
    return this.running ? undefined : 'the process ended';
  }

  protected tail(): string {
    return this.#stderr.slice(-2000);
  }

  #read(bytes: Buffer): void {
    this.nextRead();
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const line = Buffer.concat([...this.#pending, bytes.subarray(start, end)]).toString('utf8');
      this.#pending = [];
      start = end + 1;
      this.take(line);
    }
    if (start < bytes.length) this.#pending.push(bytes.subarray(start));
    this.wake();
  }
}
