import type { Clock } from '../../core/clock.ts';

interface FailureTerms {
  readonly clock: Clock;
  /** So many failures under one key, and none more is heard until the time since the first is over. */
  readonly most: number;
  readonly windowMs: number;
  /** Keys are strangers' words: of more than this the one that began first is forgotten. */
  readonly mostKeys: number;
}

interface Window {
  readonly startedMs: number;
  count: number;
}

/** Counts what fails, by key, in bounded memory. A try counts as failed from its beginning on, so that many at once are many. */
export class Failures {
  readonly #terms: FailureTerms;
  /** The window that began first stands first. */
  readonly #windows = new Map<string, Window>();

  constructor(terms: FailureTerms) {
    this.#terms = terms;
  }

  /** How long nobody is heard under this key; 0 when somebody is. */
  blockedMs(key: string): number {
    const { most, windowMs } = this.#terms;
    const window = this.#current(key);
    if (window === undefined || window.count < most) return 0;
    return window.startedMs + windowMs - this.#terms.clock();
  }

  begin(key: string): void {
    const window = this.#current(key);
    if (window !== undefined) {
      window.count += 1;
      return;
    }
    this.#windows.delete(key);
    this.#windows.set(key, { startedMs: this.#terms.clock(), count: 1 });
    for (const oldest of this.#windows.keys()) {
      if (this.#windows.size <= this.#terms.mostKeys) return;
      this.#windows.delete(oldest);
    }
  }

  /** The try that was begun has not failed. */
  succeed(key: string): void {
    const window = this.#current(key);
    if (window !== undefined && window.count > 0) window.count -= 1;
  }

  #current(key: string): Window | undefined {
    const { clock, windowMs } = this.#terms;
    const window = this.#windows.get(key);
    if (window === undefined) return undefined;
    const ageMs = clock() - window.startedMs;
    // A clock that was set back must not block anybody for longer than a window.
    return ageMs >= 0 && ageMs < windowMs ? window : undefined;
  }
}
