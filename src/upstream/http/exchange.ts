import type { Dispatcher } from 'undici';

/** What of a response's head anybody here reads; the names are in small letters. */
export interface ResponseHead {
  readonly status: number;
  header(name: string): string | undefined;
}

/** Takes one response. `onEnd` or `onFailed` is called once, unless the exchange was aborted. */
export interface ExchangeTaker {
  onHead(head: ResponseHead, exchange: Abortable): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  /** `written`: some of the request may have reached the server, and it may have acted on that. */
  onFailed(reason: string, written: boolean): void;
}

export interface Abortable {
  /** Nothing of it has left yet. */
  readonly isUnwritten: boolean;
  /** Closes the connection of the request; its taker hears nothing more. */
  abort(): void;
}

export interface HttpRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Beside the configured ones: names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string | Buffer | undefined;
  /** `calls` are waited for and may take long. */
  readonly lane: 'calls' | 'messages';
  /** Undefined: that of the configured URL. */
  readonly path?: string;
  /** How long the server may be silent; undefined for what may take long. */
  readonly timeoutMs?: number;
}

/** What went out, and whose it is. */
export interface Outgoing {
  readonly request: HttpRequest;
  readonly taker: ExchangeTaker;
  /** The authorization that it was sent with. */
  readonly token: string | undefined;
  /** False for one that is sent again already. */
  readonly mayRenew: boolean;
}

/** The client that the exchange belongs to. */
export interface ExchangeOwner {
  /** The server refused the authorization. True when the request is sent again: its taker hears nothing of this response. */
  onChallenge(head: ResponseHead, exchange: Exchange): boolean;
  /** It understood the request and will not do it. */
  onForbidden(head: ResponseHead): void;
  onAnswered(): void;
  /** Its request waits no longer; once. */
  onReleased(request: HttpRequest): void;
  describe(error: unknown, written: boolean): string;
}

/** One HTTP request and its response, as undici's dispatcher drives it. */
export class Exchange implements Abortable, Dispatcher.DispatchHandler {
  readonly outgoing: Outgoing;
  readonly #owner: ExchangeOwner;
  #controller: Dispatcher.DispatchController | undefined;
  #state: 'waiting' | 'written' | 'over' = 'waiting';
  #isReleased = false;
  #next: Abortable | undefined;

  constructor(outgoing: Outgoing, owner: ExchangeOwner) {
    this.outgoing = outgoing;
    this.#owner = owner;
  }

  get isUnwritten(): boolean {
    return this.#state === 'waiting';
  }

  abort(): void {
    this.#next?.abort();
    // One that waits for a socket stays in undici's queue until it gets one.
    if (this.#state === 'written') this.#release();
    this.#state = 'over';
    this.#controller?.abort(new Error('aborted'));
  }

  /** The same request goes out once more, as another exchange. */
  continueAs(next: Abortable): void {
    this.#next = next;
  }

  // Called in the tick in which the request is written: before it, nothing has left.
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#state === 'over') controller.abort(new Error('aborted'));
    else this.#state = 'written';
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    // An interim response, such as "103 Early Hints".
    if (this.#state === 'over' || status < 200) return;
    this.#release();
    this.#owner.onAnswered();
    const head: ResponseHead = { status, header: (name) => single(headers[name]) };
    if (status === 403) this.#owner.onForbidden(head);
    if (status === 401 && this.#owner.onChallenge(head, this)) this.#state = 'over';
    else this.outgoing.taker.onHead(head, this);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state !== 'over') this.outgoing.taker.onData(chunk);
  }

  onResponseEnd(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.outgoing.taker.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release();
    if (this.#state === 'over') return;
    const written = this.#state === 'written';
    this.#state = 'over';
    this.outgoing.taker.onFailed(this.#owner.describe(error, written), written);
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#owner.onReleased(this.outgoing.request);
  }
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
