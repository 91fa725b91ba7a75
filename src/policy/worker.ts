import { GateError } from '../core/errors.ts';
import type { Entrypoint } from './entrypoints.ts';
import { PolicyThread, type ThreadPolicy } from './policy-thread.ts';

/**
 * Evaluations in a thread, one after another, each under the time limit: `policy_timeout` ends the thread, and a standby
 * that is already warm takes over. `close` lets what was asked finish; it is idempotent.
 */
export interface Workers {
  evaluate(inputText: string, entrypoint: Entrypoint): Promise<unknown>;
  close(): Promise<void>;
}

/** Resolves when the first thread is warm; rejects with `policy_engine` when it cannot load the policy. */
export async function startWorkers(policy: ThreadPolicy, timeLimitMs: number): Promise<Workers> {
  const pair = new WorkerPair(policy, timeLimitMs);
  await pair.start();
  return pair;
}

class WorkerPair implements Workers {
  readonly #policy: ThreadPolicy;
  readonly #timeLimitMs: number;
  #active: PolicyThread;
  #standby: PolicyThread;
  /** Settles with the newest evaluation; never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(policy: ThreadPolicy, timeLimitMs: number) {
    this.#policy = policy;
    this.#timeLimitMs = timeLimitMs;
    this.#active = new PolicyThread(policy);
    this.#standby = new PolicyThread(policy);
  }

  async start(): Promise<void> {
    try {
      await this.#active.warm();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  evaluate(inputText: string, entrypoint: Entrypoint): Promise<unknown> {
    if (this.#closed)
      return Promise.reject(new GateError('policy_engine', 'policy worker is closed'));
    const turn = this.#last.then(() => this.#run(inputText, entrypoint));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    await Promise.all([this.#active.end(), this.#standby.end()]);
  }

  async #run(inputText: string, entrypoint: Entrypoint): Promise<unknown> {
    try {
      return await this.#active.evaluate(inputText, entrypoint, this.#timeLimitMs);
    } finally {
      if (this.#active.dead) this.#replace();
    }
  }

  #replace(): void {
    void this.#active.end();
    this.#active = this.#standby;
    this.#standby = new PolicyThread(this.#policy);
  }
}
