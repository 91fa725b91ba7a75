import type { ServerResponse } from 'node:http';
import type { Reply, RpcError } from '../../core/answer.ts';
import type { FarMessage } from '../../core/related.ts';
import type { RequestId } from '../../wire/contract.ts';
import { rpcCode } from '../../wire/rpc-error.ts';
import type { Outlet } from '../contract.ts';
import type { HttpLimits } from './contract.ts';
import { openEvents, writeComment, writeEvent } from './events.ts';
import { type Exchange, endStream, type Outcome, outcomeOf, sendJson } from './exchange.ts';
import { errorText, notificationText, replyText } from './reply-text.ts';
import { statusOf } from './status.ts';

export interface ModernOutletParts {
  readonly id: RequestId;
  readonly res: ServerResponse;
  readonly limits: HttpLimits;
  /** A subscription, which is answered when it ends. */
  readonly isStanding: boolean;
  /** It stands on a credential that has run out. */
  readonly hasLapsed: () => boolean;
  /** Called once: answered, or given up by the client. */
  readonly onDone: (outlet: ModernOutlet, outcome: Outcome, status: number) => void;
}

/**
 * The answer to one modern request: one JSON object as long as there is nothing to tell before it, else a stream that ends
 * with it. The client gives the request up by closing the connection (MCP 2026-07-28, Streamable HTTP, Cancellation).
 */
export class ModernOutlet implements Outlet, Exchange {
  readonly #parts: ModernOutletParts;
  #isStream = false;
  #isDone = false;
  #isOld = false;

  constructor(parts: ModernOutletParts) {
    this.#parts = parts;
    parts.res.on('close', () => this.#done('gone', 0));
  }

  get isStanding(): boolean {
    return this.#parts.isStanding;
  }

  get pending(): number {
    return this.#parts.res.writableLength;
  }

  reply(id: RequestId, reply: Reply): void {
    if (this.#isDone) return;
    const { res, limits } = this.#parts;
    const status = this.#isStream ? 200 : statusOf(reply);
    if (this.#isStream) {
      this.#write(replyText(id, reply));
      endStream(res, limits);
    } else {
      sendJson(res, status, id, reply, limits);
    }
    this.#done(outcomeOf(reply), status);
  }

  refuse(id: RequestId | null, error: RpcError): void {
    if (id !== null) this.reply(id, { kind: 'refused', error });
  }

  notify(notification: FarMessage): void {
    if (this.#isDone || this.#lapsed()) return;
    this.#open();
    this.#write(notificationText(notification));
  }

  // Nobody is asked on this stream: questions are in the answer (MCP 2026-07-28, Receiving Messages).
  request(): void {}

  pulse(): void {
    if (this.#lapsed()) return;
    if (this.#isOld) this.#open();
    if (this.#isStream) writeComment(this.#parts.res);
    this.#isOld = true;
  }

  /** Ends a stream whose caller is not known any more; it may come back with another credential. */
  #lapsed(): boolean {
    const { id, res, limits, hasLapsed } = this.#parts;
    if (!hasLapsed()) return false;
    this.#open();
    this.#write(errorText(id, lapsed));
    endStream(res, limits);
    this.#done('gone', 200);
    return true;
  }

  #open(): void {
    if (this.#isStream) return;
    this.#isStream = true;
    openEvents(this.#parts.res);
  }

  #write(text: string | Buffer): void {
    const { res, limits } = this.#parts;
    if (res.writableLength > limits.unreadBytes) res.destroy();
    else writeEvent(res, text);
  }

  #done(outcome: Outcome, status: number): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#parts.onDone(this, outcome, status);
  }
}

const lapsed: RpcError = {
  code: rpcCode.expired,
  message: 'the token of this stream has expired: open it again with a new one',
};
