import { describe, GateError } from '../../core/errors.ts';
import type { ClientHello } from '../contract.ts';
import type { Run, RunParts } from '../run.ts';
import type { RemoteSpec } from '../server-spec.ts';
import { HttpClient, hasHeader } from './http-client.ts';
import type { HttpConnection } from './http-connection.ts';
import { openTokens, type StoredTokens } from './oauth/stored-tokens.ts';
import { openSession } from './open-session.ts';
import { remoteUrl } from './remote-url.ts';
import { legacySession, modernSession, openSseSession, type SessionParts } from './sessions.ts';
import { Wording } from './wording.ts';

/** One life of the way to a remote server: from the opening of a session until it ends, for whatever reason. */
export function startRemote(spec: RemoteSpec, parts: RunParts): Run {
  return new RemoteRun(spec, parts);
}

class RemoteRun implements Run {
  readonly #spec: RemoteSpec;
  readonly #parts: RunParts;
  #client: HttpClient | undefined;
  #connection: HttpConnection | undefined;
  #isOpening = false;
  #isOver = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(spec: RemoteSpec, parts: RunParts) {
    this.#spec = spec;
    this.#parts = parts;
  }

  async open(hello: ClientHello): Promise<void> {
    if (this.#isOver || this.#isOpening) return;
    this.#isOpening = true;
    try {
      const client = await this.#openClient();
      if (this.#isOver) {
        await client.close();
        return;
      }
      this.#client = client;
      this.#ready(await this.#openSession(this.#sessionParts(client, hello)));
    } catch (error) {
      await this.end(describe(error));
    }
  }

  /** Whatever waits is settled before anybody hears of the end. */
  end(reason: string): Promise<void> {
    if (!this.#isOver) {
      this.#isOver = true;
      const closed = this.#connection?.close(reason) ?? Promise.resolve();
      this.#ended = closed.then(() => this.#client?.close());
      this.#parts.events.onOver(reason);
    }
    return this.#ended;
  }

  async #openClient(): Promise<HttpClient> {
    const { headers } = this.#spec;
    const url = remoteUrl(this.#spec.url);
    let authorization: StoredTokens | undefined;
    const wording = new Wording(headers, () => authorization?.secrets() ?? [], url);
    // What the operator configured counts: no other authorization is looked for.
    if (!hasHeader(headers, 'authorization')) authorization = await openTokens(this.#spec, wording);
    return new HttpClient({
      url,
      headers,
      limits: this.#parts.limits,
      wording,
      authorization,
      onHopeless: (reason) => void this.end(reason),
    });
  }

  #sessionParts(client: HttpClient, hello: ClientHello): SessionParts {
    const { limits, log, events } = this.#parts;
    const server = this.#spec.key;
    return {
      server,
      client,
      hello,
      limits,
      log,
      events: {
        onRequest: (request, lifetime, reply, related) =>
          events.onRequest(server, request, lifetime, reply, related),
        onNotification: (notification) => events.onNotification(server, notification),
        onChanged: (kinds) => events.onChanged(kinds),
        onBroken: (reason) => void this.end(reason),
      },
      onLost: (reason) => void this.end(reason),
    };
  }

  async #openSession(parts: SessionParts): Promise<HttpConnection> {
    const { transport, protocol, initTimeoutMs: timeoutMs } = this.#spec;
    const { client, hello } = parts;
    const { eras } = this.#parts;
    if (transport === 'http') {
      const opened = await openSession(this.#spec, { client, hello, timeoutMs }, eras);
      if (opened.era === 'legacy') return legacySession(parts, opened);
      const onLost = (reason: string): void => {
        eras.found(this.#spec.key, undefined);
        parts.onLost(reason);
      };
      return modernSession({ ...parts, onLost }, opened);
    }
    if (protocol === 'modern') {
      throw new GateError(
        'upstream_unavailable',
        'servers of HTTP+SSE are legacy: their "protocol" must not be "modern"',
      );
    }
    return openSseSession(parts, timeoutMs, (connection) => {
      this.#connection = connection;
    });
  }

  #ready(connection: HttpConnection): void {
    if (this.#isOver) {
      // The end came first and knew of no connection yet.
      void connection.close('the session is over');
      return;
    }
    this.#connection = connection;
    this.#parts.events.onReady(connection);
    connection.listen();
  }
}
