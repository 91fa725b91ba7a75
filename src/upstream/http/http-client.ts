import { Pool } from 'undici';
import { describe } from '../../core/errors.ts';
import type { UpstreamLimits } from '../limits.ts';
import { httpBounds } from './bounds.ts';
import {
  Exchange,
  type ExchangeOwner,
  type ExchangeTaker,
  type HttpRequest,
  type Outgoing,
  type ResponseHead,
} from './exchange.ts';
import { networkFault, type Wording } from './wording.ts';

/** What a session's requests are authorized with, beside the configured headers. */
export interface Authorization {
  /** The value of the header; undefined when there is none. */
  header(): string | undefined;
  /**
   * The server refused `used`. Resolves when another value stands in its place; rejects with what a person has to do. May
   * be called for many requests at once.
   */
  renew(used: string | undefined, challenge: string | undefined): Promise<void>;
  /** The server wants more than what is authorized, and says so: kept for the next login. Never rejects. */
  lacks(challenge: string | undefined): Promise<void>;
}

export interface HttpClientOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly limits: UpstreamLimits;
  readonly wording: Wording;
  readonly authorization: Authorization | undefined;
  /** Nothing useful can come of it any more: the server cannot be reached, or wants what only a person can give. */
  readonly onHopeless: (reason: string) => void;
}

/** What belongs to this hop, whatever the config says. */
const ownHeaders: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'keep-alive',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The way to one origin, for one session. Redirects are not followed, certificates are checked, and every socket is its own:
 * `close` ends them all, and with them what still waits.
 */
export class HttpClient implements ExchangeOwner {
  readonly url: URL;
  readonly limits: UpstreamLimits;
  readonly wording: Wording;
  readonly #options: HttpClientOptions;
  readonly #pools: Readonly<Record<HttpRequest['lane'], Pool>>;
  readonly #path: string;
  readonly #base: readonly string[];
  /** Connections in a row that could not be made. */
  #failures = 0;
  /** Of requests that wait for a socket or an answer. */
  #waitingBytes = 0;

  constructor(options: HttpClientOptions) {
    const { url, headers, limits, wording } = options;
    this.url = url;
    this.limits = limits;
    this.wording = wording;
    this.#options = options;
    this.#pools = {
      calls: openPool(url, httpBounds.callSockets),
      messages: openPool(url, httpBounds.messageSockets),
    };
    this.#path = `${url.pathname}${url.search}`;
    this.#base = baseHeaders(headers);
  }

  /** Too much waits for a server that does not answer: nothing more is taken for it. */
  get isStuffed(): boolean {
    return this.#waitingBytes > this.limits.unreadBytes;
  }

  send(request: HttpRequest, taker: ExchangeTaker): Exchange {
    return this.#send(request, taker, true);
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#pools).map((pool) => pool.destroy()));
  }

  onChallenge(head: ResponseHead, exchange: Exchange): boolean {
    if (!exchange.outgoing.mayRenew || this.#options.authorization === undefined) return false;
    void this.#renew(head, exchange);
    return true;
  }

  onForbidden(head: ResponseHead): void {
    void this.#options.authorization?.lacks(head.header('www-authenticate'));
  }

  onAnswered(): void {
    this.#failures = 0;
  }

  onReleased(request: HttpRequest): void {
    this.#waitingBytes -= request.body?.length ?? 0;
  }

  describe(error: unknown, written: boolean): string {
    const fault = this.wording.clean(networkFault(error));
    if (written) return `the connection broke: ${fault}`;
    const reason = `cannot be reached: ${fault}`;
    this.#failures += 1;
    // Whoever sent this request hears of it first.
    if (this.#failures === httpBounds.unreachable) {
      queueMicrotask(() => this.#options.onHopeless(reason));
    }
    return reason;
  }

  #send(request: HttpRequest, taker: ExchangeTaker, mayRenew: boolean): Exchange {
    const { method, headers, body = null, lane, path = this.#path, timeoutMs } = request;
    const token = this.#options.authorization?.header();
    const outgoing: Outgoing = { request, taker, token, mayRenew };
    const exchange = new Exchange(outgoing, this);
    this.#waitingBytes += body?.length ?? 0;
    const all = [...this.#base, ...headers];
    if (token !== undefined) all.push('authorization', token);
    const times =
      timeoutMs === undefined ? {} : { headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
    this.#pools[lane].dispatch({ method, path, headers: all, body, ...times }, exchange);
    return exchange;
  }

  /** A request that was refused so was not acted upon: it goes out once more with what is valid then. */
  async #renew(head: ResponseHead, refused: Exchange): Promise<void> {
    const { request, taker, token } = refused.outgoing;
    let isWanted = true;
    refused.continueAs({
      isUnwritten: false,
      abort: () => {
        isWanted = false;
      },
    });
    try {
      await this.#options.authorization?.renew(token, head.header('www-authenticate'));
    } catch (error) {
      const reason = describe(error);
      if (isWanted) taker.onFailed(reason, false);
      this.#options.onHopeless(reason);
      return;
    }
    if (isWanted) refused.continueAs(this.#send(request, taker, false));
  }
}

function openPool(url: URL, connections: number): Pool {
  return new Pool(url.origin, {
    connections,
    pipelining: 1,
    connectTimeout: httpBounds.connectMs,
    headersTimeout: httpBounds.headersMs,
    // Streams stay open as long as somebody waits for them.
    bodyTimeout: 0,
    maxHeaderSize: httpBounds.headerBytes,
  });
}

function baseHeaders(configured: Readonly<Record<string, string>>): readonly string[] {
  const agent = hasHeader(configured, 'user-agent') ? [] : ['user-agent', 'mcp-gate'];
  const others = Object.entries(configured).flatMap(([name, value]) =>
    ownHeaders.has(name.toLowerCase()) ? [] : [name, value],
  );
  return ['accept-encoding', 'identity', ...agent, ...others];
}

export function hasHeader(headers: Readonly<Record<string, string>>, name: string): boolean {
  return Object.keys(headers).some((each) => each.toLowerCase() === name);
}
