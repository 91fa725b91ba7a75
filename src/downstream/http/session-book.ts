import { randomBytes } from '../../core/ids.ts';
import type { Identity } from '../../core/tool-call.ts';
import { Quota } from './budget.ts';
import type { HttpLimits } from './contract.ts';
import { type Refusal, refusal } from './refusal.ts';

/** A client that stays between its requests. */
export interface BookedSession {
  readonly id: string;
  /** Who opened it. */
  readonly identity: Identity;
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

  // What is decided for a session is decided by what was known of its caller at first: who has lost a role since, or comes
  // with a lesser token, opens a new one.
  find(id: string, identity: Identity): S | undefined {
    const session = this.#sessions.get(id);
    return session !== undefined && isSame(session.identity, identity) ? session : undefined;
  }

  end(session: S): void {
    if (!this.#sessions.delete(session.id)) return;
    this.#quota.give(session.identity.scope);
    session.destroy();
    // What is in flight is ended by the client's own close; nobody waits for it here.
    session.client?.close().catch(() => {});
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

/** All of it, claims too; both were made by the same hand, so their members have one order. */
function isSame(one: Identity, other: Identity): boolean {
  if (one === other) return true;
  return one.scope === other.scope && JSON.stringify(one) === JSON.stringify(other);
}

const full = refusal(503, 'too many sessions', ['Retry-After', '60']);
const tooMany = refusal(429, 'too many sessions of this caller', ['Retry-After', '60']);
