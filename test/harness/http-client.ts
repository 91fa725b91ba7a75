import { eventsOf, type StreamEvent } from './event-stream.ts';
import { type Message, messageOf } from './message.ts';
import { RawClient } from './raw-client.ts';

const usual = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

/** A raw client over HTTP: what every kind of it has in common. `close` breaks off what is still open. */
abstract class HttpClient extends RawClient {
  protected readonly url: string;
  readonly #abort = new AbortController();
  #failure: string | undefined;

  constructor(url: string) {
    super();
    this.url = url;
  }

  async close(): Promise<void> {
    this.#failure ??= 'the client closed';
    this.#abort.abort();
  }

  protected over(): string | undefined {
    return this.#failure;
  }

  protected tail(): string {
    return this.url;
  }

  /** Runs until it is over; a failure ends every wait of the client. */
  protected keep(work: Promise<unknown>): void {
    work.catch((thrown: unknown) => {
      this.#failure ??= String(thrown);
      this.wake();
    });
  }

  protected post(url: string, message: object, headers: object = {}): Promise<Response> {
    const { signal } = this.#abort;
    const body = JSON.stringify(message);
    return fetch(url, { method: 'POST', headers: { ...usual, ...headers }, body, signal });
  }

  protected get(url: string, headers: object = {}): Promise<Response> {
    const { signal } = this.#abort;
    return fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal });
  }

  /** Takes whatever an answer to a POST carries: nothing, one message, or a stream of them. */
  protected async takeAll(response: Response): Promise<void> {
    if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
      await this.takeEvents(response);
      return;
    }
    const text = await response.text();
    if (text === '') return;
    this.nextRead();
    this.take(text);
    this.wake();
  }

  protected async takeEvents(
    response: Response,
    hear: (event: StreamEvent) => void = ({ data }) => this.take(data),
  ): Promise<void> {
    if (!response.ok || response.body === null) throw new Error(`no stream: ${response.status}`);
    for await (const events of eventsOf(response.body)) {
      this.nextRead();
      for (const event of events) hear(event);
      this.wake();
    }
  }
}

/** Streamable HTTP with a session, as the revisions up to 2025-11-25 have it. */
export class SessionClient extends HttpClient {
  #headers: Readonly<Record<string, string>> = {};

  send(message: object): void {
    this.keep(this.#send(message));
  }

  override async initialize(capabilities: object = {}): Promise<Message> {
    const clientInfo = { name: 'line-client', version: '1.0.0' };
    const params = { protocolVersion: '2025-11-25', capabilities, clientInfo };
    const answer = await this.request('initialize', params);
    await this.#send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    // The server's own news comes here; it must be open before anything is asked.
    const general = await this.get(this.url, this.#headers);
    this.keep(this.takeEvents(general));
    return answer;
  }

  override async close(): Promise<void> {
    await fetch(this.url, { method: 'DELETE', headers: this.#headers });
    await super.close();
  }

  async #send(message: object): Promise<void> {
    const response = await this.post(this.url, message, this.#headers);
    const id = response.headers.get('mcp-session-id');
    if (id !== null) {
      this.#headers = { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' };
    }
    await this.takeAll(response);
  }
}

/** HTTP as 2026-07-28 has it: every request for itself, with its headers. */
export class StatelessClient extends HttpClient {
  send(message: object): void {
    const { method, params } = messageOf(message);
    const { name, uri } = messageOf(params ?? {});
    const named = name ?? uri;
    const headers = {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': String(method),
      ...(typeof named === 'string' && { 'mcp-name': named }),
    };
    this.keep(this.post(this.url, message, headers).then((response) => this.takeAll(response)));
  }
}

/** HTTP+SSE, as 2024-11-05 has it: one stream for everything that comes, and an address to post to. */
export class StreamClient extends HttpClient {
  readonly #address: Promise<string>;

  constructor(url: string) {
    super(url);
    this.#address = new Promise((resolve) => {
      this.keep(this.#listen(resolve));
    });
  }

  send(message: object): void {
    this.keep(this.#send(message));
  }

  async #listen(found: (address: string) => void): Promise<void> {
    await this.takeEvents(await this.get(this.url), ({ type, data }) => {
      if (type === 'endpoint') found(new URL(data, this.url).href);
      else this.take(data);
    });
  }

  async #send(message: object): Promise<void> {
    const response = await this.post(await this.#address, message);
    if (!response.ok) throw new Error(`not taken: ${response.status} ${await response.text()}`);
    await response.text();
  }
}
