import type { Identity } from '../core/tool-call.ts';

interface Entry {
  readonly identity: Identity;
  readonly untilMs: number;
}

/** Who was found to stand behind a token, by its digest; what was put in first goes first when it is full. */
export class BearerCache {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  find(digest: string, nowMs: number): Identity | undefined {
    const entry = this.#entries.get(digest);
    if (entry === undefined || nowMs < entry.untilMs) return entry?.identity;
    this.#entries.delete(digest);
    return undefined;
  }

  keep(digest: string, identity: Identity, untilMs: number): void {
    this.#entries.delete(digest);
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= this.#limit) this.#entries.delete(oldest);
    this.#entries.set(digest, { identity, untilMs });
  }
}
