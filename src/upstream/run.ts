import type { Answer } from '../core/answer.ts';
import type { Clock } from '../core/clock.ts';
import type { Lifetime } from '../core/lifetime.ts';
import type { FarMessage, Related } from '../core/related.ts';
import type { Era } from '../wire/eras.ts';
import type { ClientHello, Connection, ListKind, UpstreamEvents } from './contract.ts';
import type { UpstreamLimits } from './limits.ts';
import type { Log } from './log.ts';

/** One life of the way to a tool server: of its process, or of a session with a remote one. */
export interface Run {
  /** Opens the MCP session, once: `onReady` or `onOver` follows. Never rejects. */
  open(hello: ClientHello): Promise<void>;
  /** Ends the session at once and resolves when nothing of it is left. */
  end(reason: string): Promise<void>;
}

export interface RunEvents extends Pick<UpstreamEvents, 'onNotification'> {
  /** `related`: who takes it, where it belongs to a request of the client; how much a server asks is bounded here. */
  onRequest(
    server: string,
    request: FarMessage,
    lifetime: Lifetime,
    reply: (answer: Answer) => void,
    related?: Related,
  ): void;
  /** The session is open: requests may be sent. */
  onReady(connection: Connection): void;
  /** The server says that these lists are others than before. */
  onChanged(kinds: readonly ListKind[]): void;
  /** Once; `end` says when nothing of it is left. */
  onOver(reason: string): void;
}

/** What a run knows beside its spec. */
export interface RunParts {
  readonly limits: UpstreamLimits;
  readonly log: Log;
  readonly clock: Clock;
  readonly events: RunEvents;
  readonly eras: EraVerdicts;
}

/** What servers were found to speak; by server key, for the life of the process (MCP 2026-07-28, versioning). */
export interface EraVerdicts {
  of(server: string): Era | undefined;
  found(server: string, era: Era | undefined): void;
}
