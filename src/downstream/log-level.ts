import type { JsonObject } from '../core/json.ts';
import { Lifetime } from '../core/lifetime.ts';
import type { Connection, UpstreamPool } from '../upstream/contract.ts';

/** A server that has not answered by then is not waited for. */
const answerMs = 10_000;

/** The level of logs that the client asked for last, told to every legacy server that logs, and to those that come later. */
export class LogLevel {
  readonly #pool: Pick<UpstreamPool, 'connections' | 'onChange'>;
  readonly #told = new WeakMap<Connection, JsonObject>();
  /** Servers that have not answered yet: they are told one level at a time, and then the last one. */
  readonly #busy = new WeakSet<Connection>();
  #fields: JsonObject | undefined;

  constructor(pool: Pick<UpstreamPool, 'connections' | 'onChange'>) {
    this.#pool = pool;
    pool.onChange(() => this.#tellAll());
  }

  set(fields: JsonObject): void {
    this.#fields = fields;
    this.#tellAll();
  }

  /** The client has gone: nobody is told any more. */
  close(): void {
    this.#fields = undefined;
  }

  #tellAll(): void {
    const fields = this.#fields;
    if (fields === undefined) return;
    for (const connection of this.#pool.connections('logging')) {
      // A modern server hears it in every request.
      if (connection.era === 'modern') continue;
      if (this.#busy.has(connection) || this.#told.get(connection) === fields) continue;
      this.#told.set(connection, fields);
      this.#busy.add(connection);
      void this.#tell(connection, fields);
    }
  }

  // The client has the gate's answer and waits for none of these. `send` never rejects.
  async #tell(connection: Connection, fields: JsonObject): Promise<void> {
    const lifetime = new Lifetime();
    const over = new Promise<void>((resolve) => lifetime.onEnd(resolve));
    const timer = setTimeout(() => lifetime.end('no answer in time'), answerMs).unref();
    const none = { meta: undefined, argumentsText: undefined, extras: undefined };
    const request = { method: 'logging/setLevel', fields, ...none };
    await Promise.race([
      connection.send(request, { lifetime, onProgress: undefined, related: undefined }),
      over,
    ]);
    clearTimeout(timer);
    this.#busy.delete(connection);
    this.#tellAll();
  }
}
