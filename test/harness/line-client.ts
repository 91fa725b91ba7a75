import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Message, messageOf, pick } from './message.ts';

export interface StartOptions {
  readonly cwd?: string;
  /** The whole environment of the process; ours when undefined. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** One line as it came in. Lines with the same `chunk` arrived in one read. */
export interface Arrival {
  readonly text: string;
  readonly message: Message;
  readonly chunk: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** What the far side's request gets: a result, an error, or no answer at all. */
export type Reply = { readonly result: unknown } | { readonly error: unknown } | undefined;

const patienceMs = 60_000;

/**
 * An MCP client that knows nothing but lines: what it sends is exactly what the test wrote, what it keeps is exactly
 * what came in, in order. The test that starts one closes it.
 */
export class LineClient {
  readonly arrivals: Arrival[] = [];
  readonly exited: Promise<Exit>;
  #child: ChildProcess;
  #pending: Buffer[] = [];
  #chunk = 0;
  #nextId = 1;
  #stderr = '';
  #wakers: (() => void)[] = [];
  #answer: (request: Message) => Reply = () => ({
    error: { code: -32601, message: 'method not found' },
  });

  constructor(command: string, args: readonly string[], options: StartOptions = {}) {
    this.#child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    this.exited = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }));
    void this.exited.then(() => this.#wake());
    // A far side that has gone is seen by its exit, not by a failed write.
    this.#child.stdin?.on('error', () => {});
    this.#child.stdout?.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#stderr += bytes;
      this.#wake();
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

  /** Answers the requests of the far side from now on. */
  onRequest(answer: (request: Message) => Reply): void {
    this.#answer = answer;
  }

  /** Any text as one line; any bytes as they are. */
  sendLine(line: string | Buffer): void {
    this.#child.stdin?.write(typeof line === 'string' ? `${line}\n` : line);
  }

  send(message: object): void {
    this.sendLine(JSON.stringify(message));
  }

  notify(method: string, params?: object): void {
    this.send({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) });
  }

  /** Sends a request under a fresh id and gives the id. */
  start(method: string, params?: object): number {
    const id = this.#nextId++;
    this.send({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) });
    return id;
  }

  request(method: string, params?: object): Promise<Message> {
    return this.response(this.start(method, params));
  }

  /** The response to this id. */
  response(id: unknown): Promise<Message> {
    return this.waitFor(
      `the response to ${JSON.stringify(id)}`,
      ({ message }) => message.method === undefined && message.id === id,
    );
  }

  notifications(method: string): Arrival[] {
    return this.arrivals.filter(
      ({ message }) => message.method === method && message.id === undefined,
    );
  }

  /** The first arrival that fits, among those that came already and those to come. */
  async waitFor(what: string, fits: (arrival: Arrival) => boolean): Promise<Message> {
    const found = await this.waitUntil(what, () => this.arrivals.find(fits));
    return found.message;
  }

  /** Looks again after every chunk until `look` finds something; fails with what the process said on stderr. */
  async waitUntil<T>(what: string, look: () => T | undefined): Promise<T> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (!this.running) throw new Error(`the process ended before ${what}\n${this.#tail()}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no sign of ${what}\n${this.#tail()}`);
      await this.#nextChunk(left);
    }
  }

  async initialize(
    capabilities: object = {},
    protocolVersion = '2025-11-25',
    clientInfo: object = { name: 'line-client', version: '1.0.0' },
  ): Promise<Message> {
    const answer = await this.request('initialize', { protocolVersion, capabilities, clientInfo });
    this.notify('notifications/initialized');
    return answer;
  }

  /** Every item of a list method over all its pages. */
  async list(method: string, member: string): Promise<Message[]> {
    const items: Message[] = [];
    let cursor: unknown;
    do {
      const answer = await this.request(method, cursor === undefined ? {} : { cursor });
      const page = pick(answer, `result.${member}`);
      if (!Array.isArray(page)) {
        throw new Error(`"${method}" answered ${JSON.stringify(answer.error ?? answer)}`);
      }
      items.push(...page.map(messageOf));
      cursor = pick(answer, 'result.nextCursor');
    } while (cursor !== undefined);
    return items;
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

  #read(bytes: Buffer): void {
    this.#chunk += 1;
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const line = Buffer.concat([...this.#pending, bytes.subarray(start, end)]).toString('utf8');
      this.#pending = [];
      start = end + 1;
      this.#take(line);
    }
    if (start < bytes.length) this.#pending.push(bytes.subarray(start));
    this.#wake();
  }

  #take(text: string): void {
    const message = messageOf(JSON.parse(text));
    this.arrivals.push({ text, message, chunk: this.#chunk });
    if (message.method === undefined || message.id === undefined) return;
    const reply = this.#answer(message);
    if (reply !== undefined) this.send({ jsonrpc: '2.0', id: message.id, ...reply });
  }

  #wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const waker of wakers) waker();
  }

  async #nextChunk(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
      this.#wakers.push(resolve);
    });
    clearTimeout(timer);
  }

  #tail(): string {
    return this.#stderr.slice(-2000);
  }
}
