import { uuidv7 } from '../core/ids.ts';
import type { Session } from '../core/tool-call.ts';

/** A session of which nothing is known yet but who its client says it is. */
export function newSession(client: Session['client'], startedMs: number): Session {
  const labels = new Set<string>();
  return { id: uuidv7(startedMs), startedMs, client, calls: 0, denials: 0, labels };
}
