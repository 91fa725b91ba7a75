import { Worker } from 'node:worker_threads';
import { GateError } from '../core/errors.ts';
import { isObject } from '../core/json.ts';
import type { Entrypoint } from './entrypoints.ts';
import { workerStartLimitMs } from './limits.ts';

// The unit tests load this file as TypeScript, which Node 20 cannot start: they use the built thread.
const threadFile = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/policy/engine-worker.js', import.meta.url)
  : new URL('./engine-worker.js', import.meta.url);

export interface ThreadPolicy {
  readonly module: WebAssembly.Module;
  readonly dataText: string;
  readonly memoryPages: number;
}

type Settle = (outcome: { readonly value: unknown } | GateError) => void;

/**
 * One thread with one policy, for one evaluation at a time. After a time-out or a crash it is `dead`: every further call
 * rejects. It does not keep the process alive; `end` resolves when it is gone.
 */
export class PolicyThread {
  readonly #worker: Worker;
  #settle: Settle | undefined;
  #dead: GateError | undefined;
  readonly #warm: Promise<unknown>;

  constructor(policy: ThreadPolicy) {
    this.#worker = new Worker(threadFile, {
      workerData: policy,
      env: {},
      execArgv: [],
      // stdout of the gate is the protocol
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: unknown) => this.#receive(reply));
    this.#worker.on('error', (cause) => this.#die(`failed: ${cause.name}`));
    this.#worker.on('exit', () => this.#die('has ended'));
    this.#warm = this.#await(workerStartLimitMs, 'policy worker took too long to start');
    // Whoever evaluates hears of it; until then nobody may be listening.
    this.#warm.catch(() => {});
  }

  get dead(): boolean {
    return this.#dead !== undefined;
  }

  async warm(): Promise<void> {
    await this.#warm;
  }

  /** The time limit counts from the moment that the warm thread gets the input. */
  async evaluate(inputText: string, entrypoint: Entrypoint, timeLimitMs: number): Promise<unknown> {
    await this.#warm;
    if (this.#dead !== undefined) throw this.#dead;
    const answer = this.#await(timeLimitMs, `policy evaluation took longer than ${timeLimitMs} ms`);
    this.#worker.postMessage({ inputText, entrypoint });
    return answer;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #await(limitMs: number, late: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#dead = new GateError('policy_timeout', late);
        settle(this.#dead);
        void this.end();
      }, limitMs);
      const settle: Settle = (outcome) => {
        clearTimeout(timer);
        this.#settle = undefined;
        if (outcome instanceof GateError) reject(outcome);
        else resolve(outcome.value);
      };
      this.#settle = settle;
    });
  }

  #receive(reply: unknown): void {
    if (!isObject(reply)) return;
    if (reply['kind'] === 'failed')
      this.#settle?.(new GateError('policy_engine', String(reply['reason'])));
    else this.#settle?.({ value: reply['value'] });
  }

  #die(how: string): void {
    this.#dead ??= new GateError('policy_engine', `policy worker ${how}`);
    this.#settle?.(this.#dead);
  }
}
