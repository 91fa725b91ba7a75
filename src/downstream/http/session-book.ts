import { randomBytes } from '../../core/ids.ts';
import { Quota } from './budget.ts';
import type { HttpLimits } from './contract.ts';
import { type Refusal, refusal } from './refusal.ts';

/** A client that stays between its requests. */
export interface BookedSession {
  readonly id: string;
  readonly caller: string;
  isIdle(sinceMs: number): boolean;
  pulse(nowMs: number): void;
  /** Lets go of its connections; nothing of it may be used afterwards. */
  destroy(): void;
  readonly client: { close(): Promise<void> } | undefined;
}

/** 256 random bits in visible ASCII: who knows one was given it (MCP 2025-11-25, Session Management, 1). */
export function newSessionId(): string {
  return randomBytes(32).toString('base64url');
}

/** All open sessions: found only by the caller who opened them, bounded in number, ended when idle. */
export class SessionBook<S extends BookedSession> {
  readonly #limits: HttpLimits;
  readonly #now: () => number;
  readonly #quota: Quota;
  readonly #sessions = new Map<string, S>();

  constructor(limits: HttpLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#quota = new Quota(limits.sessionsPerCaller);
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Makes a place for one more session of this caller; what refuses it otherwise. */
  reserve(caller: string): Refusal | undefined {
    if (this.#sessions.size >= this.#limits.sessions) return full;
    return this.#quota.take(caller) ? undefined : tooMany;
  }

  /** Takes the place that was reserved. */
  add(session: S): void {
    this.#sessions.set(session.id, session);
  }

  find(id: string, caller: string): S | undefined {
    const session = this.#sessions.get(id);
    return session?.caller === caller ? session : undefined;
  }

  end(session: S): void {
    if (!this.#sessions.delete(session.id)) return;
    this.#quota.give(session.caller);
    session.destroy();
    // What is in flight is ended by the client's own close; nobody waits for it here.
    void session.client?.close();
  }

  pulse(): void {
    const nowMs = this.#now();
    const sinceMs = nowMs - this.#limits.sessionIdleMs;
    for (const session of this.#sessions.values()) {
      if (session.isIdle(sinceMs)) this.end(session);
      else session.pulse(nowMs);
    }
  }

  all(): readonly S[] {
    return [...this.#sessions.values()];
  }
}

const full = refusal(503, 'too many sessions', ['Retry-After', '60']);
const tooMany = refusal(429, 'too many sessions of this caller', ['Retry-After', '60']);
