import path from 'node:path';
import { type Clock, systemClock } from '../core/clock.ts';
import { describe, GateError } from '../core/errors.ts';
import type { Compiler } from './compiler.ts';
import type { ActivePolicy, PolicyChange, PolicySource } from './contract.ts';
import { defaultMemoryPages, defaultPollMs, defaultTimeLimitMs } from './limits.ts';
import {
  type LoadedPolicy,
  type LoadOptions,
  loadPolicy,
  type PolicyOrigin,
  readPolicy,
} from './load-policy.ts';
import { createPolicyCache } from './policy-cache.ts';
import { PolicyError, type PolicyFault } from './policy-error.ts';
import { every, signatureOf } from './policy-watch.ts';

export interface PolicySourceOptions {
  readonly origin: PolicyOrigin;
  /** Forks its process only when something must be compiled. The caller closes it, after the source. */
  readonly compiler: Compiler;
  readonly gateVersion: string;
  /** Compiled policies are kept in `cache/policy` below it; undefined keeps none. */
  readonly stateDir?: string;
  readonly isolation?: 'inline' | 'worker';
  readonly timeLimitMs?: number;
  readonly memoryPages?: number;
  /** False reads the policy once. */
  readonly watch?: boolean;
  readonly pollMs?: number;
  readonly clock?: Clock;
}

/**
 * Resolves when the first policy is in force or refused, and never rejects. A newer one is swapped in between two
 * evaluations; what runs in a worker finishes on the old one, which is then closed. One that is refused changes nothing.
 */
export async function openPolicySource(options: PolicySourceOptions): Promise<PolicySource> {
  const source = new WatchedPolicy(options.origin, loadOptions(options));
  await source.load();
  if (options.watch !== false) source.watch(options.pollMs ?? defaultPollMs);
  return source;
}

function loadOptions(options: PolicySourceOptions): LoadOptions {
  const { origin, compiler, gateVersion, stateDir, clock = systemClock } = options;
  const cacheDir = stateDir === undefined ? undefined : path.join(stateDir, 'cache', 'policy');
  const inWorker = options.isolation === 'worker';
  return {
    id: origin.path === undefined ? 'starter' : path.basename(origin.path),
    compiler,
    cache: cacheDir === undefined ? undefined : createPolicyCache(cacheDir),
    clock,
    gateVersion,
    memoryPages: options.memoryPages ?? defaultMemoryPages,
    timeLimitMs: inWorker ? (options.timeLimitMs ?? defaultTimeLimitMs) : undefined,
  };
}

/** Looking at every file costs something: where nothing moves it is done so many times less often. */
const restingPolls = 3;

class WatchedPolicy implements PolicySource {
  readonly #origin: PolicyOrigin;
  readonly #options: LoadOptions;
  readonly #listeners: ((change: PolicyChange) => void)[] = [];
  #active: ActivePolicy | undefined;
  #activated: PolicyChange | undefined;
  #rejected: readonly PolicyFault[] = [];
  /** The files that were last loaded or refused, and those of the last poll. */
  #settled = '';
  #seen = '';
  /** The content that was refused last, so that touching its files does not refuse it again. */
  #refusedDigest: string | undefined;
  #stop: () => Promise<void> = () => Promise.resolve();

  constructor(origin: PolicyOrigin, options: LoadOptions) {
    this.#origin = origin;
    this.#options = options;
  }

  current(): ActivePolicy | undefined {
    return this.#active;
  }

  rejected(): readonly PolicyFault[] {
    return this.#rejected;
  }

  /** A listener hears at once how things stand. It must not throw. */
  onChange(listener: (change: PolicyChange) => void): void {
    this.#listeners.push(listener);
    if (this.#activated !== undefined) listener(this.#activated);
    if (this.#rejected.length > 0) listener({ kind: 'rejected', faults: this.#rejected });
  }

  watch(pollMs: number): void {
    const restMs = restingPolls * pollMs;
    this.#stop = every(
      () => (this.#seen === this.#settled ? restMs : pollMs),
      () => this.#poll(),
    );
  }

  async close(): Promise<void> {
    await this.#stop();
    await this.#active?.close();
    this.#active = undefined;
  }

  async load(): Promise<void> {
    // Taken before reading: a write during the load is then seen by the next poll.
    this.#settled = await signatureOf(this.#origin);
    const loaded = await this.#prepare();
    if (loaded !== undefined) await this.#swap(loaded);
  }

  /** The policy as it is now, ready to be in force; undefined when it is the one in force, or refused. */
  async #prepare(): Promise<LoadedPolicy | undefined> {
    let digest: string | undefined;
    try {
      const content = await readPolicy(this.#origin);
      digest = content.digest;
      if (digest === this.#active?.version.digest) this.#accept();
      else if (digest !== this.#refusedDigest) return await loadPolicy(content, this.#options);
    } catch (error) {
      this.#refusedDigest = digest;
      this.#rejected = faultsOf(error);
      this.#tell({ kind: 'rejected', faults: this.#rejected });
    }
    return undefined;
  }

  /** An editor writes several files, and each in steps: only what stood still between two polls is read. */
  async #poll(): Promise<void> {
    const signature = await signatureOf(this.#origin);
    const isStill = signature === this.#seen;
    this.#seen = signature;
    if (isStill && signature !== this.#settled) await this.load();
  }

  async #swap({ policy, bundle }: LoadedPolicy): Promise<void> {
    const old = this.#active;
    this.#active = policy;
    this.#activated = { kind: 'activated', version: policy.version, bundle };
    this.#accept();
    this.#tell(this.#activated);
    await old?.close();
  }

  #accept(): void {
    this.#rejected = [];
    this.#refusedDigest = undefined;
  }

  #tell(change: PolicyChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function faultsOf(error: unknown): readonly PolicyFault[] {
  if (error instanceof PolicyError && error.faults.length > 0) return error.faults;
  const code = error instanceof GateError ? error.code : 'policy_engine';
  return [{ code, message: describe(error) }];
}
