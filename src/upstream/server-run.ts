import { describe } from '../core/errors.ts';
import { StdioConnection } from './connection.ts';
import type { ClientHello, ListKind, UpstreamEvents } from './contract.ts';
import { exitReason } from './exit-reason.ts';
import { openSession } from './handshake.ts';
import type { Leash } from './leash.ts';
import type { UpstreamLimits } from './limits.ts';
import { changedKinds } from './lister.ts';
import type { Log } from './log.ts';
import { type ServerProcess, startProcess } from './process.ts';
import type { ProcessSpec } from './server-spec.ts';

export interface RunEvents extends Pick<UpstreamEvents, 'onRequest' | 'onNotification'> {
  /** The session is open: requests may be sent. */
  onReady(connection: StdioConnection): void;
  /** The server says that these lists are others than before. */
  onChanged(kinds: readonly ListKind[]): void;
  /** Once; the process group is being ended by then, and `end` says when it is gone. */
  onOver(reason: string): void;
}

export interface RunOptions {
  readonly spec: ProcessSpec;
  readonly limits: UpstreamLimits;
  readonly leash: Leash;
  readonly log: Log;
  readonly events: RunEvents;
}

/** One life of a tool server, from its process' start to the end of its group. It owns both the process and the session. */
export class ServerRun {
  readonly #options: RunOptions;
  readonly #process: ServerProcess | undefined;
  #connection: StdioConnection | undefined;
  #lastStderr: string | undefined;
  #over = false;

  constructor(options: RunOptions) {
    this.#options = options;
    const { spec, log } = options;
    this.#process = startProcess(
      spec,
      {
        onStderr: (line) => {
          if (line.trim() !== '') this.#lastStderr = line;
          log.debug({ server: spec.key, line }, 'server stderr');
        },
        onExit: (exit) => void this.end(exitReason(exit, spec, this.#lastStderr)),
      },
      options,
    );
  }

  /** Opens the session, once. */
  async open(hello: ClientHello): Promise<void> {
    const { spec, limits, events } = this.#options;
    if (this.#process === undefined || this.#over) return;
    const connection = new StdioConnection({
      server: spec.key,
      stdin: this.#process.stdin,
      stdout: this.#process.stdout,
      limits,
      events: {
        onRequest: (request, lifetime, reply) =>
          events.onRequest(spec.key, request, lifetime, reply),
        onNotification: (notification) => {
          const kinds = changedKinds(notification.method);
          if (kinds === undefined) events.onNotification(spec.key, notification);
          else events.onChanged(kinds);
        },
        onBroken: (reason) => void this.end(reason),
      },
    });
    this.#connection = connection;
    try {
      await openSession(connection, hello, spec.initTimeoutMs);
    } catch (error) {
      await this.end(describe(error));
      return;
    }
    if (!this.#over) events.onReady(connection);
  }

  /** Ends the session at once and resolves when the process group is gone. */
  async end(reason: string): Promise<void> {
    if (!this.#over) {
      this.#over = true;
      this.#connection?.close(reason);
      this.#options.events.onOver(reason);
    }
    await this.#process?.end();
  }
}
