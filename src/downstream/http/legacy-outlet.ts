import type { ServerResponse } from 'node:http';
import type { Reply, RpcError } from '../../core/answer.ts';
import type { FarMessage } from '../../core/related.ts';
import type { RequestId } from '../../wire/contract.ts';
import type { Outlet } from '../contract.ts';
import type { HttpLimits } from './contract.ts';
import type { EventStream } from './event-stream.ts';
import { openEvents } from './events.ts';
import { type Exchange, type Outcome, outcomeOf, sendJson } from './exchange.ts';
import { notificationText, replyText } from './reply-text.ts';
import type { HttpSession } from './session.ts';
import { legacyStatusOf } from './status.ts';

export interface LegacyOutletParts {
  readonly id: RequestId;
  readonly res: ServerResponse;
  readonly session: HttpSession;
  readonly limits: HttpLimits;
  /** Called once, when the answer has been given, whoever is there to take it. */
  readonly onDone: (outlet: LegacyOutlet, outcome: Outcome, status: number) => void;
}

/**
 * The answer to one request of a session: one JSON object as long as nothing is told or asked before it, else a stream. A
 * connection that breaks cancels nothing (MCP 2025-11-25, Sending Messages, 6): a stream can be resumed, a lone answer
 * is lost.
 */
export class LegacyOutlet implements Outlet, Exchange {
  readonly isStanding = false;
  readonly #parts: LegacyOutletParts;
  #stream: EventStream | undefined;
  #isDone = false;
  #isOld = false;

  constructor(parts: LegacyOutletParts) {
    this.#parts = parts;
    parts.session.begin(parts.id, this);
  }

  get pending(): number {
    return this.#stream?.pending ?? 0;
  }

  reply(id: RequestId, reply: Reply): void {
    if (this.#isDone) return;
    const { res, limits } = this.#parts;
    const status = this.#stream === undefined ? legacyStatusOf(reply) : 200;
    if (this.#stream !== undefined) {
      this.#stream.send(replyText(id, reply));
      this.#stream.end();
    } else if (!res.destroyed) {
      sendJson(res, status, id, reply, limits);
    }
    this.#done(outcomeOf(reply), status);
  }

  refuse(id: RequestId | null, error: RpcError): void {
    if (id !== null) this.reply(id, { kind: 'refused', error });
  }

  notify(notification: FarMessage): void {
    if (!this.#isDone) this.#open()?.send(notificationText(notification));
  }

  request(text: string): void {
    if (!this.#isDone) this.#open()?.send(text);
  }

  /** There will be no answer: a stream that ends without one. */
  drop(): void {
    if (this.#isDone) return;
    const { res, session } = this.#parts;
    if (this.#stream !== undefined) session.abandonAnswer(this.#stream);
    else if (!res.destroyed) {
      openEvents(res);
      res.end();
    }
    this.#done('gone', 0);
  }

  pulse(): void {
    if (this.#isOld) this.#open()?.pulse();
    this.#isOld = true;
  }

  /** Nobody can take up a stream that was never opened. */
  #open(): EventStream | undefined {
    const { res, session } = this.#parts;
    if (this.#stream === undefined && !res.destroyed) this.#stream = session.openAnswer(res);
    return this.#stream;
  }

  #done(outcome: Outcome, status: number): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#parts.session.finish(this.#parts.id);
    this.#parts.onDone(this, outcome, status);
  }
}
