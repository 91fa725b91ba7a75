import { StdioConnection } from './connection.ts';
import type { ClientHello } from './contract.ts';
import { envelopeOf } from './envelope.ts';
import { exitReason } from './exit-reason.ts';
import type { Leash } from './leash.ts';
import { changedKinds } from './lister.ts';
import { openSession } from './open-session.ts';
import { type ServerProcess, startProcess } from './process.ts';
import type { Run, RunParts } from './run.ts';
import type { ProcessSpec } from './server-spec.ts';

export interface ProcessRunParts extends RunParts {
  readonly leash: Leash;
}

/**
 * One life of a tool server, from its process' start to the end of its group. It owns both the process and the session. A
 * process that cannot bear to be asked what it speaks is followed by another one within the same run.
 */
export class ProcessRun implements Run {
  readonly #spec: ProcessSpec;
  readonly #parts: ProcessRunParts;
  #process: ServerProcess | undefined;
  /** The one that came before it. */
  #former: Promise<void> | undefined;
  #connection: StdioConnection | undefined;
  #isOpening = false;
  /** What happened while the session was being opened. */
  #lostReason: string | undefined;
  #isOver = false;

  constructor(spec: ProcessSpec, parts: ProcessRunParts) {
    this.#spec = spec;
    this.#parts = parts;
    this.#process = this.#start();
  }

  async open(hello: ClientHello): Promise<void> {
    const process = this.#process;
    if (process === undefined || this.#isOver || this.#isOpening) return;
    const { events, eras, limits } = this.#parts;
    const connection = this.#connect(process);
    this.#connection = connection;
    this.#isOpening = true;
    this.#lostReason = undefined;
    const { probeMs } = limits;
    const opened = await openSession(connection, { spec: this.#spec, hello, eras, probeMs });
    this.#isOpening = false;
    if (this.#isOver) return;
    switch (opened.kind) {
      case 'open':
        if (this.#lostReason !== undefined) return this.end(this.#lostReason);
        connection.establish({ ...opened, envelope: envelopeOf(hello) });
        if (!this.#isOver) events.onReady(connection);
        break;
      case 'failed':
        await this.end(opened.reason);
        break;
      case 'again':
        await this.#again(process, hello);
        break;
    }
  }

  /** The session ends at once. */
  async end(reason: string): Promise<void> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#connection?.close(reason);
      this.#parts.events.onOver(reason);
    }
    await this.#former;
    await this.#process?.end();
  }

  #start(): ServerProcess | undefined {
    const { key } = this.#spec;
    const { log } = this.#parts;
    let lastStderr: string | undefined;
    const started = startProcess(
      this.#spec,
      {
        onStderr: (line) => {
          if (line.trim() !== '') lastStderr = line;
          log.debug({ server: key, line }, 'server stderr');
        },
        onExit: (exit) => {
          if (started === this.#process) this.#lost(exitReason(exit, this.#spec, lastStderr));
        },
      },
      this.#parts,
    );
    return started;
  }

  #connect(process: ServerProcess): StdioConnection {
    const { key } = this.#spec;
    const { limits, events } = this.#parts;
    return new StdioConnection({
      server: key,
      stdin: process.stdin,
      stdout: process.stdout,
      limits,
      events: {
        onRequest: (request, lifetime, reply, related) =>
          events.onRequest(key, request, lifetime, reply, related),
        onNotification: (notification) => {
          const kinds = changedKinds(notification.method);
          if (kinds === undefined) events.onNotification(key, notification);
          else events.onChanged(kinds);
        },
        onGap: (kinds) => events.onChanged(kinds),
        onBroken: (reason) => this.#lost(reason),
      },
    });
  }

  /** While the session is being opened, it is for whoever opens it to say what that means. */
  #lost(reason: string): void {
    if (this.#isOpening) {
      this.#lostReason = reason;
      this.#connection?.close(reason);
    } else void this.end(reason);
  }

  async #again(asked: ServerProcess, hello: ClientHello): Promise<void> {
    this.#connection?.close('it is started again');
    this.#parts.eras.found(this.#spec.key, 'legacy');
    this.#process = undefined;
    this.#former = asked.end();
    await this.#former;
    if (this.#isOver) return;
    this.#process = this.#start();
    await this.open(hello);
  }
}
