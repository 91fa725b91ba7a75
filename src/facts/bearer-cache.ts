import type { Identity } from '../core/tool-call.ts';

export interface Bearer {
  readonly identity: Identity;
  /** When the token says that it ends. */
  readonly expiresMs: number;
}

interface Entry {
  readonly bearer: Bearer;
  readonly untilMs: number;
}

/** Who was found to stand behind a token, by its digest; what was put in first goes first when it is full. */
export class BearerCache {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  find(digest: string, nowMs: number): Bearer | undefined {
    const entry = this.#entries.get(digest);
    if (entry === undefined || nowMs < entry.untilMs) return entry?.bearer;
    this.#entries.delete(digest);
    return undefined;
  }

  keep(digest: string, bearer: Bearer, untilMs: number): void {
    this.#entries.delete(digest);
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= this.#limit) this.#entries.delete(oldest);
    this.#entries.set(digest, { bearer, untilMs });
  }
}
