import type { Answer } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import type { Lifetime } from '../core/lifetime.ts';
import type { Related } from '../core/related.ts';
import { shortened } from '../core/shortened.ts';
import type {
  Incoming,
  IncomingNotification,
  IncomingRequest,
  LineWriter,
  RequestId,
} from '../wire/contract.ts';
import { readMessage } from '../wire/read-message.ts';
import { cleanResponse, withoutReservedMembers } from '../wire/reserved-meta.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { withoutType } from '../wire/without-type.ts';
import { FaultMeter } from './fault-meter.ts';
import type { UpstreamLimits } from './limits.ts';
import type { Listening } from './listening.ts';
import type { PendingRequests } from './pending-requests.ts';
import { ServerRequests } from './server-requests.ts';

export interface MessageEvents {
  /** `related`: of the request that it most likely belongs to; undefined where there is none. */
  onRequest(
    request: IncomingRequest,
    lifetime: Lifetime,
    reply: (answer: Answer) => void,
    related: Related | undefined,
  ): void;
  /** All but those that belong to this hop, such as cancellations and progress, or to one request. */
  onNotification(notification: IncomingNotification): void;
}

export interface IncomingOptions {
  readonly server: string;
  readonly limits: UpstreamLimits;
  readonly events: MessageEvents;
  readonly pending: PendingRequests;
  readonly writer: LineWriter;
  readonly mayWrite: () => boolean;
  readonly onFlood: () => void;
}

/**
 * What a server process writes, one message at a time: answers, what it asks, and what it tells. A server of the modern era
 * asks nothing and is answered nothing (MCP 2026-07-28, stdio).
 */
export class IncomingMessages {
  readonly #options: IncomingOptions;
  readonly #asked: ServerRequests;
  readonly #faults: FaultMeter;
  /** Given once the server is known to be of the modern era. */
  #listening: Listening | undefined;

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.#asked = new ServerRequests(options.writer);
    this.#faults = new FaultMeter(options.limits.faultsPerMinute);
  }

  speakModern(listening: Listening): void {
    this.#listening = listening;
  }

  receive(line: Buffer): void {
    const message = readMessage(line);
    switch (message.kind) {
      case 'response':
        if (!this.#answer(message)) this.fault();
        break;
      case 'request':
        if (this.#listening === undefined) this.#request(message);
        else this.fault();
        break;
      case 'notification':
        this.#notification(message);
        break;
      case 'invalid':
        this.#invalid(message);
        break;
    }
  }

  fault(): void {
    if (this.#faults.add()) this.#options.onFlood();
  }

  close(reason: string): void {
    this.#asked.endAll(reason);
  }

  #answer({ id, response }: Incoming & { readonly kind: 'response' }): boolean {
    const { pending } = this.#options;
    if (typeof id !== 'number' || !pending.has(id)) return false;
    const clean = cleanResponse(response);
    return pending.answer(id, this.#listening === undefined ? withoutType(clean) : clean);
  }

  #request(request: IncomingRequest): void {
    const { limits, events, pending } = this.#options;
    if (request.method === 'ping') {
      this.#reply(request.id, { kind: 'made', result: {} });
    } else if (this.#asked.has(request.id)) {
      // An answer would go to the request that has this id already.
      this.fault();
    } else if (this.#asked.size >= limits.serverRequests) {
      this.fault();
      const error = { code: rpcCode.unavailable, message: 'too many requests are waiting' };
      this.#reply(request.id, { kind: 'refused', error });
    } else {
      const { lifetime, reply } = this.#asked.begin(request.id);
      events.onRequest(withoutReservedMembers(request), lifetime, reply, pending.askedRelated);
    }
  }

  #notification(notification: IncomingNotification): void {
    const params = notification.params ?? {};
    if (notification.method === 'notifications/progress') {
      const token = params['progressToken'];
      // One for a request that is over is no fault: it may have crossed the answer or the cancellation.
      if (typeof token === 'number') {
        this.#options.pending.progress(token, withoutReservedMembers(notification));
      }
    } else if (notification.method === 'notifications/cancelled') {
      this.#cancelled(params);
    } else {
      const taken =
        this.#listening === undefined ? notification : this.#listening.take(notification);
      if (taken !== undefined) this.#pass(withoutReservedMembers(taken));
    }
  }

  /** In the legacy era a request of the server's; in the modern one it may be nothing but what is listened for. */
  #cancelled({ requestId, reason }: JsonObject): void {
    if (typeof requestId !== 'string' && typeof requestId !== 'number') return;
    const said = typeof reason === 'string' ? shortened(reason, 200) : 'cancelled';
    if (this.#listening === undefined) this.#asked.cancel(requestId, said);
    else if (typeof requestId === 'number') this.#options.pending.loseStanding(requestId, said);
  }

  /** Logs name no request: only where a single one is under way is it known whose they are. */
  #pass(notification: IncomingNotification): void {
    const { server, events, pending } = this.#options;
    const isLog = notification.method === 'notifications/message';
    const related = isLog ? pending.soleRelated : undefined;
    if (related === undefined) events.onNotification(notification);
    else related.tell(server, notification);
  }

  #invalid(message: Incoming & { readonly kind: 'invalid' }): void {
    const { id, answers, error } = message;
    if (typeof answers === 'number') {
      this.#options.pending.lose(answers, `the answer is unusable: ${error.message}`);
    } else if (id !== null && this.#listening === undefined && !this.#asked.has(id)) {
      this.#reply(id, { kind: 'refused', error });
    }
    this.fault();
  }

  #reply(id: RequestId, answer: Answer): void {
    if (this.#options.mayWrite()) this.#asked.write(JSON.stringify(id), answer);
  }
}
