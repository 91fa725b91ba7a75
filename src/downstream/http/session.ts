import type { ServerResponse } from 'node:http';
import { Passing } from '../../core/passing.ts';
import type { Identity } from '../../core/tool-call.ts';
import type { RequestId } from '../../wire/contract.ts';
import type { LegacySession } from '../contract.ts';
import type { ByteBudget } from './budget.ts';
import type { HttpLimits } from './contract.ts';
import { EventStream } from './event-stream.ts';
import { SessionOutlet } from './session-outlet.ts';

/** A request of the client that has no answer yet. */
interface Unanswered {
  /** There will be none: it was cancelled, or the session is over. */
  drop(): void;
}

export interface SessionParts {
  readonly id: string;
  /** Who opened it; nobody else gets in. */
  readonly identity: Identity;
  readonly protocolVersion: string;
  readonly limits: HttpLimits;
  readonly replays: ByteBudget;
  readonly now: () => number;
  /** When the credential runs out that it was opened with. */
  readonly untilMs: number;
}

/** The first revision whose clients understand an event without data. */
const primingRevision = '2025-11-25';
const getStream = 0;
/** Closed streams that are kept, at most. */
const closedLimit = 64;

/** A legacy client over Streamable HTTP: what of it outlives a connection. The session book ends it. */
export class HttpSession {
  readonly #parts: SessionParts;
  readonly #get: EventStream;
  /** Streams that may be resumed, by number: what `id` of an event begins with. */
  readonly #streams = new Passing<number, EventStream>();
  /** When the connection of a stream closed, whether or not all of it had arrived. */
  readonly #closed = new Map<number, number>();
  #nextStream = getStream + 1;
  readonly #requests = new Passing<RequestId, Unanswered>();
  #usedMs: number;
  #untilMs: number;
  readonly outlet: SessionOutlet;
  client: LegacySession | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#usedMs = parts.now();
    this.#untilMs = parts.untilMs;
    this.#get = this.#stream(getStream, () => this.#touch());
    this.outlet = new SessionOutlet(this.#get);
  }

  get id(): string {
    return this.#parts.id;
  }

  get identity(): Identity {
    return this.#parts.identity;
  }

  get hasGetStream(): boolean {
    return this.#get.isRead();
  }

  /** Nothing is going on, and nothing was since `sinceMs`. */
  isIdle(sinceMs: number): boolean {
    return this.#requests.size === 0 && !this.#get.isRead() && this.#usedMs < sinceMs;
  }

  /** The caller has come with a credential that is good until then. */
  proven(untilMs: number): void {
    // A stream that should have ended by now is not taken on by it.
    this.#get.isRead();
    this.#untilMs = Math.max(this.#untilMs, untilMs);
  }

  /** A request with this id has no answer yet. */
  isWaiting(id: RequestId): boolean {
    return this.#requests.has(id);
  }

  begin(id: RequestId, request: Unanswered): void {
    this.#requests.set(id, request);
    this.#touch();
  }

  finish(id: RequestId): void {
    this.#requests.delete(id);
    this.#touch();
  }

  /** The client says that it no longer waits for this answer. */
  cancelled(id: unknown): void {
    if (typeof id === 'string' || typeof id === 'number') this.#requests.get(id)?.drop();
  }

  /** The connection for what belongs to no request. */
  openGet(res: ServerResponse): void {
    this.#touch();
    this.#get.stand(res);
    this.outlet.opened();
  }

  /** Makes the answer to a request a stream. */
  openAnswer(res: ServerResponse): EventStream {
    const number = this.#nextStream;
    this.#nextStream += 1;
    const stream = this.#stream(number, () => this.#detached(number));
    this.#streams.set(number, stream);
    stream.attach(res);
    return stream;
  }

  /** The request of this stream gets no answer. */
  abandonAnswer(stream: EventStream): void {
    this.#streams.delete(stream.number);
    this.#closed.delete(stream.number);
    stream.abandon();
  }

  /** Takes up the stream of an event that the client has seen; false when there is no such stream any more. */
  resume(lastEventId: string, res: ServerResponse): boolean {
    const [, number = '', sequence = ''] = /^(\d{1,15})-(\d{1,15})$/.exec(lastEventId) ?? [];
    const stream = number === '0' ? this.#get : this.#streams.get(Number(number));
    if (number === '' || stream === undefined) return false;
    this.#touch();
    this.#closed.delete(Number(number));
    stream.stand(res, Number(sequence));
    if (stream === this.#get) this.outlet.opened();
    return true;
  }

  /** Keeps connections in use, and gives up what nobody came back for. */
  pulse(nowMs: number): void {
    this.#get.pulse();
    const sinceMs = nowMs - this.#parts.limits.replayMs;
    for (const [number, closedMs] of this.#closed) if (closedMs < sinceMs) this.#drop(number);
  }

  /** Ends the GET stream in good order; answers under way go on. */
  quiet(): void {
    this.#get.end();
  }

  destroy(): void {
    for (const request of this.#requests.values()) request.drop();
    this.#get.destroy();
    for (const number of this.#streams.keys()) this.#drop(number);
  }

  #stream(number: number, onDetached: () => void): EventStream {
    const { limits, replays, protocolVersion, now } = this.#parts;
    const { replayBytes, unreadBytes, stallMs } = limits;
    const primes = protocolVersion >= primingRevision;
    return new EventStream({
      number,
      primes,
      replayBytes,
      replays,
      unreadBytes,
      stallMs,
      hasLapsed: () => now() >= this.#untilMs,
      onDetached,
    });
  }

  #detached(number: number): void {
    this.#touch();
    if (!this.#streams.has(number)) return;
    this.#closed.set(number, this.#parts.now());
    const [oldest] = this.#closed.keys();
    if (this.#closed.size > closedLimit && oldest !== undefined) this.#drop(oldest);
  }

  #drop(number: number): void {
    this.#streams.get(number)?.destroy();
    this.#streams.delete(number);
    this.#closed.delete(number);
  }

  #touch(): void {
    this.#usedMs = this.#parts.now();
  }
}
