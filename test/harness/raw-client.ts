import { type Message, messageOf, pick } from './message.ts';

/** One message as it came in. Those with the same `chunk` arrived in one read. */
export interface Arrival {
  readonly text: string;
  readonly message: Message;
  readonly chunk: number;
}

/** What the far side's request gets: a result, an error, or no answer at all. */
export type Reply = { readonly result: unknown } | { readonly error: unknown } | undefined;

const patienceMs = 60_000;

/**
 * An MCP client that knows nothing but messages, whatever carries them: what it sends is exactly what the test wrote,
 * what it keeps is exactly what came in, in order. The test that starts one closes it.
 */
export abstract class RawClient {
  readonly arrivals: Arrival[] = [];
  #chunk = 0;
  #nextId = 1;
  #wakers: (() => void)[] = [];
  #envelope: Message | undefined;
  #answer: (request: Message) => Reply = () => ({
    error: { code: -32601, message: 'method not found' },
  });

  abstract send(message: object): void;
  abstract close(): Promise<unknown>;
  /** Why nothing can come any more, or undefined while something can. */
  protected abstract over(): string | undefined;
  /** What a failure is told with. */
  protected abstract tail(): string;

  /** Every request from now on carries this in its metadata, as those of 2026-07-28 do. */
  wrap(envelope: Message): void {
    this.#envelope = envelope;
  }

  /** Answers the requests of the far side from now on. */
  onRequest(answer: (request: Message) => Reply): void {
    this.#answer = answer;
  }

  notify(method: string, params?: object): void {
    this.send({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) });
  }

  /** Sends a request under a fresh id and gives the id. */
  start(method: string, params?: object): number {
    const id = this.#nextId++;
    const full = this.#wrapped(params);
    this.send({ jsonrpc: '2.0', id, method, ...(full === undefined ? {} : { params: full }) });
    return id;
  }

  request(method: string, params?: object): Promise<Message> {
    return this.response(this.start(method, params));
  }

  /** The response to this id. */
  response(id: unknown): Promise<Message> {
    return this.waitFor(
      `the response to ${JSON.stringify(id)}`,
      ({ message }) => message.method === undefined && message.id === id,
    );
  }

  notifications(method: string): Arrival[] {
    return this.arrivals.filter(
      ({ message }) => message.method === method && message.id === undefined,
    );
  }

  /** The first arrival that fits, among those that came already and those to come. */
  async waitFor(what: string, fits: (arrival: Arrival) => boolean): Promise<Message> {
    const found = await this.waitUntil(what, () => this.arrivals.find(fits));
    return found.message;
  }

  /** Looks again after every chunk until `look` finds something. */
  async waitUntil<T>(what: string, look: () => T | undefined): Promise<T> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const over = this.over();
      if (over !== undefined) throw new Error(`${over} before ${what}\n${this.tail()}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no sign of ${what}\n${this.tail()}`);
      await this.#nextChunk(left);
    }
  }

  async initialize(
    capabilities: object = {},
    protocolVersion = '2025-11-25',
    clientInfo: object = { name: 'line-client', version: '1.0.0' },
  ): Promise<Message> {
    const answer = await this.request('initialize', { protocolVersion, capabilities, clientInfo });
    this.notify('notifications/initialized');
    return answer;
  }

  /** Every item of a list method over all its pages. */
  async list(method: string, member: string): Promise<Message[]> {
    const items: Message[] = [];
    let cursor: unknown;
    do {
      const answer = await this.request(method, cursor === undefined ? {} : { cursor });
      const page = pick(answer, `result.${member}`);
      if (!Array.isArray(page)) {
        throw new Error(`"${method}" answered ${JSON.stringify(answer.error ?? answer)}`);
      }
      items.push(...page.map(messageOf));
      cursor = pick(answer, 'result.nextCursor');
    } while (cursor !== undefined);
    return items;
  }

  protected nextRead(): void {
    this.#chunk += 1;
  }

  protected take(text: string): void {
    const message = messageOf(JSON.parse(text));
    this.arrivals.push({ text, message, chunk: this.#chunk });
    if (message.method === undefined || message.id === undefined) return;
    const reply = this.#answer(message);
    if (reply !== undefined) this.send({ jsonrpc: '2.0', id: message.id, ...reply });
  }

  protected wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const waker of wakers) waker();
  }

  #wrapped(params: object | undefined): object | undefined {
    if (this.#envelope === undefined) return params;
    const own = pick(params, '_meta');
    return { ...params, _meta: { ...this.#envelope, ...messageOf(own ?? {}) } };
  }

  async #nextChunk(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
      this.#wakers.push(resolve);
    });
    clearTimeout(timer);
  }
}
