import type { Identity, Session } from '../core/tool-call.ts';
import type { ClientHello } from '../upstream/contract.ts';
import { clientOf } from './handshake.ts';
import { newSession } from './new-session.ts';
import { forgetOldest } from './tasks/task-owners.ts';

/** A caller that says nothing for so long begins anew, as one does who opens another session in the legacy era. */
const keptMs = 24 * 3_600_000;
/** Those that were used longest ago are forgotten. Names are the caller's word: it pushes out only its own. */
const sessionsPerScope = 100;
const scopesLimit = 1_000;

interface Kept {
  readonly session: Session;
  readonly usedMs: number;
}

/**
 * What is counted for each caller of the modern era under each name, and which kinds of data it has read. It outlives the
 * client that is made for one set of capabilities: neither waiting nor declaring others makes the gate forget.
 */
export class ModernSessions {
  /** By scope and by name, both in the order of their last use. */
  readonly #scopes = new Map<string, Map<string, Kept>>();

  /** The session that this caller had under this name, or a new one. */
  of(hello: ClientHello, { scope }: Identity, nowMs: number): Session {
    const client = clientOf(hello);
    const kept = this.#scopes.get(scope)?.get(nameOf(client));
    if (kept !== undefined && nowMs - kept.usedMs < keptMs) return kept.session;
    return newSession(client, nowMs);
  }

  /** From now on this is the session under its name. */
  used({ scope }: Identity, session: Session, nowMs: number): void {
    const sessions = this.#scopes.get(scope) ?? new Map<string, Kept>();
    const name = nameOf(session.client);
    sessions.delete(name);
    sessions.set(name, { session, usedMs: nowMs });
    this.#scopes.delete(scope);
    this.#scopes.set(scope, sessions);
    forgetOldest(sessions, sessionsPerScope);
    forgetOldest(this.#scopes, scopesLimit);
  }
}

function nameOf({ name, version }: Session['client']): string {
  return JSON.stringify([name, version]);
}
