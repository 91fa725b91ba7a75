import type { ServerResponse } from 'node:http';
import type { Reply, RpcError } from '../../core/answer.ts';
import { Passing } from '../../core/passing.ts';
import type { FarMessage } from '../../core/related.ts';
import type { Identity } from '../../core/tool-call.ts';
import type { RequestId } from '../../wire/contract.ts';
import type { LegacySession, Outlet } from '../contract.ts';
import { openEvents, writeComment, writeEvent } from './events.ts';
import type { Exchange } from './exchange.ts';
import { errorText, notificationText, replyText } from './reply-text.ts';
import type { BookedSession } from './session-book.ts';

export interface SseSessionParts {
  readonly id: string;
  readonly identity: Identity;
  readonly res: ServerResponse;
  readonly unreadBytes: number;
  readonly now: () => number;
  /** When the credential runs out that it was opened with. */
  readonly untilMs: number;
  /** It has run out, and the caller has not come with another. */
  readonly onLapsed: () => void;
  /** A request has its answer, or will never have one. */
  readonly onFinished: (request: Exchange) => void;
}

/**
 * One client over HTTP+SSE (MCP 2024-11-05, Transports): everything for it goes over its one stream, and it ends with that.
 */
export class SseSession implements Outlet, BookedSession {
  readonly #parts: SseSessionParts;
  readonly #requests = new Passing<RequestId, Exchange>();
  #untilMs: number;
  client: LegacySession | undefined;

  constructor(parts: SseSessionParts) {
    this.#parts = parts;
    this.#untilMs = parts.untilMs;
  }

  get id(): string {
    return this.#parts.id;
  }

  get identity(): Identity {
    return this.#parts.identity;
  }

  /** Tells the client where its messages go. */
  open(endpoint: string): void {
    openEvents(this.#parts.res);
    this.#parts.res.write(`event: endpoint\ndata: ${endpoint}\n\n`);
  }

  /** The caller has come with a credential that is good until then. */
  proven(untilMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, untilMs);
  }

  isWaiting(id: RequestId): boolean {
    return this.#requests.has(id);
  }

  begin(id: RequestId, request: Exchange): void {
    this.#requests.set(id, request);
  }

  /** The client says that it no longer waits for this answer. */
  cancelled(id: unknown): void {
    if (typeof id === 'string' || typeof id === 'number') this.#finish(id);
  }

  get pending(): number {
    return this.#parts.res.writableLength;
  }

  reply(id: RequestId, reply: Reply): void {
    this.#write(replyText(id, reply));
    this.#finish(id);
  }

  refuse(id: RequestId | null, error: RpcError): void {
    this.#write(errorText(id, error));
    if (id !== null) this.#finish(id);
  }

  notify(notification: FarMessage): void {
    this.#write(notificationText(notification));
  }

  request(text: string): void {
    this.#write(text);
  }

  // It is there as long as its stream is.
  isIdle(): boolean {
    return false;
  }

  pulse(nowMs: number): void {
    if (nowMs >= this.#untilMs) this.#parts.onLapsed();
    else if (!this.#parts.res.destroyed) writeComment(this.#parts.res);
  }

  destroy(): void {
    for (const id of this.#requests.keys()) this.#finish(id);
    this.#parts.res.end();
  }

  #write(text: string | Buffer): void {
    const { res, unreadBytes, now, onLapsed } = this.#parts;
    if (res.destroyed || res.writableEnded) return;
    if (now() >= this.#untilMs) onLapsed();
    else if (res.writableLength > unreadBytes) res.destroy();
    else writeEvent(res, text);
  }

  #finish(id: RequestId): void {
    const request = this.#requests.get(id);
    if (request === undefined) return;
    this.#requests.delete(id);
    this.#parts.onFinished(request);
  }
}
