import type { Delivery, RawResponse } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import { Passing } from '../core/passing.ts';
import type { HearProgress, Said } from '../core/related.ts';
import type { SendOptions, Target } from '../core/target.ts';
import type { ForwardedRequest } from '../core/tool-call.ts';
import type { RequestId } from '../wire/contract.ts';
import type { Outlet } from './contract.ts';
import { newsLimitBytes } from './news.ts';

interface Waiting {
  readonly outlet: Outlet;
  readonly resolve: (delivery: Delivery) => void;
  readonly onProgress: HearProgress | undefined;
  readonly detach: () => void;
}

/** More requests than this at once and the client is not asked any more: a server may flood it. */
const waitingLimit = 100;

/** The way to the client for what servers ask it: ids and progress tokens of this hop are numbers of its own. */
export class ClientLink {
  readonly #waiting = new Passing<number, Waiting>();
  #next = 1;

  /** The client as a target, asked over this outlet; its answers come back over any. */
  over(outlet: Outlet): Target {
    return { send: (request, options) => this.#send(outlet, request, options) };
  }

  #send(outlet: Outlet, request: ForwardedRequest, options: SendOptions): Promise<Delivery> {
    if (this.#waiting.size >= waitingLimit) {
      return Promise.resolve({ kind: 'unsent', reason: 'the client has too many open requests' });
    }
    if (outlet.pending > newsLimitBytes) {
      return Promise.resolve({ kind: 'unsent', reason: 'the client reads too slowly' });
    }
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve) => {
      const detach = options.lifetime.onEnd(() => this.#cancel(id, options.lifetime.ended));
      this.#waiting.set(id, { outlet, resolve, onProgress: options.onProgress, detach });
      outlet.request(JSON.stringify(messageOf(id, request, options)));
    });
  }

  /** True when the response answers a request of this link. */
  answered(id: RequestId, response: RawResponse): boolean {
    return this.#settle(id, { kind: 'answered', response });
  }

  /** The client's answer could not be read. */
  garbled(id: RequestId): void {
    this.#settle(id, { kind: 'lost', reason: 'the client answered with an invalid message' });
  }

  progressed({ params = {}, extras }: Said): void {
    const token = params['progressToken'];
    if (typeof token === 'number') this.#waiting.get(token)?.onProgress?.(params, extras);
  }

  close(): void {
    for (const id of this.#waiting.keys()) {
      this.#settle(id, { kind: 'lost', reason: 'the client has gone' });
    }
  }

  #cancel(id: number, reason: string | undefined): void {
    const params = { requestId: id, ...(reason !== undefined && { reason }) };
    const method = 'notifications/cancelled';
    this.#waiting.get(id)?.outlet.notify({ method, params, extras: undefined });
    this.#settle(id, { kind: 'lost', reason: 'cancelled' });
  }

  #settle(id: RequestId, delivery: Delivery): boolean {
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined;
    if (waiting === undefined || typeof id !== 'number') return false;
    this.#waiting.delete(id);
    waiting.detach();
    waiting.resolve(delivery);
    return true;
  }
}

function messageOf(id: number, request: ForwardedRequest, options: SendOptions): JsonObject {
  const token = options.onProgress === undefined ? undefined : { progressToken: id };
  const meta =
    request.meta === undefined && token === undefined ? undefined : { ...request.meta, ...token };
  const params =
    request.fields === undefined && meta === undefined
      ? undefined
      : { ...request.fields, ...(meta !== undefined && { _meta: meta }) };
  return {
    ...request.extras,
    jsonrpc: '2.0',
    id,
    method: request.method,
    ...(params !== undefined && { params }),
  };
}
