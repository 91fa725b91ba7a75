import type { Answer, Delivery } from '../core/answer.ts';
import type { CallScope } from '../core/call-scope.ts';
import type { JsonObject } from '../core/json.ts';
import { Lifetime } from '../core/lifetime.ts';
import type { FarMessage, Related } from '../core/related.ts';
import type { SendOptions } from '../core/target.ts';
import type { ForwardedRequest } from '../core/tool-call.ts';
import type { Connection } from '../upstream/contract.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { mayAsk } from './input-required.ts';
import type { BridgeLimits } from './limits.ts';
import { isLoggedAt } from './log-levels.ts';
import type { ParkedCalls } from './parked-calls.ts';
import { modernQuestion } from './question-words.ts';
import { Questions } from './questions.ts';
import { fingerprint } from './request-fingerprint.ts';
import { resultResponse } from './result-bytes.ts';
import { legacyRequest, modernDelivery } from './to-legacy.ts';

/** One request of the client, as long as it waits for the call. */
export interface Leg {
  readonly options: SendOptions;
  /** The least severe log that the client wants with this request. */
  readonly logLevel: string | undefined;
}

interface Waiting extends Leg {
  readonly resolve: (delivery: Delivery) => void;
  readonly leave: () => void;
}

/** What the server asked while no request of the client was there to decide it for. */
interface Early {
  readonly server: string;
  readonly request: FarMessage;
  readonly lifetime: Lifetime;
  readonly reply: (answer: Answer) => void;
}

export interface ParkedCallParts {
  readonly connection: Connection;
  readonly scope: string;
  readonly parked: ParkedCalls<ParkedCall>;
  readonly limits: BridgeLimits;
  /** Lets the operator end the call while it waits for its client; the returned function takes it out again. */
  readonly enter: (scope: CallScope, lifetime: Lifetime) => () => void;
}

/**
 * A modern client's call on a legacy server. When the server asks something, the request of the client ends with the
 * question, and the call stays in flight on the server until the client comes back with the answer: one call, several
 * legs. The end of a leg's lifetime is the end of the call; between legs it has only so long.
 */
export class ParkedCall implements Related {
  readonly #parts: ParkedCallParts;
  readonly #lifetime = new Lifetime();
  readonly #questions = new Questions();
  #early: Early[] = [];
  /** Kept until it is known whether the call has to wait: then its fingerprint does. */
  #request: ForwardedRequest | undefined;
  #fingerprint = '';
  #leg: Waiting | undefined;
  #client: object = this;
  #isFlushing = false;
  #isOver = false;
  /** The server's answer that came between two legs. */
  #kept: Delivery | undefined;
  #handle: number | undefined;
  #leave = () => {};

  constructor(parts: ParkedCallParts) {
    this.#parts = parts;
  }

  /** By which the client may come back to it; undefined unless it waits for that. */
  get handle(): number | undefined {
    return this.#handle;
  }

  /** Of its first leg: whoever holds the state of the next ones got it from that client. */
  get client(): object {
    return this.#client;
  }

  start(request: ForwardedRequest, leg: Leg): Promise<Delivery> {
    const worded = legacyRequest(request);
    this.#request = worded;
    this.#client = leg.options.related?.client ?? this;
    const delivery = this.#attach(leg);
    const onProgress =
      leg.options.onProgress &&
      ((params: JsonObject, extras?: JsonObject) =>
        this.#leg?.options.onProgress?.(params, extras));
    const options = { lifetime: this.#lifetime, onProgress, related: this };
    // `send` never rejects.
    void this.#parts.connection.send(worded, options).then((answer) => this.#finish(answer));
    return delivery;
  }

  /** The client has come back; `request` is what was decided now, and it must be what is running. */
  resume(
    connection: Connection,
    request: ForwardedRequest,
    answers: JsonObject,
    leg: Leg,
  ): Promise<Delivery> {
    if (fingerprint(legacyRequest(request)) !== this.#fingerprint) {
      return this.#giveUp({ kind: 'unsent', reason: 'the call was changed while it waited' });
    }
    if (this.#kept !== undefined) return this.#giveUp(this.#kept);
    if (connection !== this.#parts.connection) {
      return this.#giveUp({ kind: 'lost', reason: 'the server was started anew' });
    }
    const delivery = this.#attach(leg);
    this.#questions.answer(answers);
    for (const early of this.#early.splice(0)) this.#decide(leg, early);
    if (this.#questions.size > 0) this.#flushSoon();
    return delivery;
  }

  /** Puts a question of the server, which was decided, to the client. */
  question(request: ForwardedRequest, { lifetime }: SendOptions): Promise<Delivery> {
    const reason = this.#obstacle();
    if (reason !== undefined) return Promise.resolve({ kind: 'unsent', reason });
    const answer = this.#questions.put(request, lifetime);
    this.#flushSoon();
    return answer;
  }

  ask(
    server: string,
    request: FarMessage,
    lifetime: Lifetime,
    reply: (answer: Answer) => void,
  ): void {
    const early = { server, request: modernQuestion(request), lifetime, reply };
    if (this.#isOver) reply(nobody);
    else if (this.#leg !== undefined) this.#decide(this.#leg, early);
    else if (this.#early.length < this.#parts.limits.questions) this.#early.push(early);
    else reply(nobody);
  }

  /** Logs only, of the level that the request asked for; nothing else can go to it (server/utilities/logging). */
  tell(server: string, notification: FarMessage): void {
    const leg = this.#leg;
    if (leg?.logLevel === undefined || notification.method !== 'notifications/message') return;
    if (!isLoggedAt(notification.params?.['level'], leg.logLevel)) return;
    leg.options.related?.tell(server, notification);
  }

  cancel(reason: string): void {
    this.#remove();
    if (this.#isOver) return;
    this.#lifetime.end(reason);
    this.#endQuestions(reason);
  }

  #attach({ options, logLevel }: Leg): Promise<Delivery> {
    const { lifetime } = options;
    return new Promise((resolve) => {
      const leave = lifetime.onEnd(() => this.cancel(lifetime.ended ?? ''));
      this.#leg = { options, logLevel, resolve, leave };
    });
  }

  #detach(): Waiting | undefined {
    const leg = this.#leg;
    this.#leg = undefined;
    leg?.leave();
    return leg;
  }

  #decide({ options }: Leg, { server, request, lifetime, reply }: Early): void {
    if (options.related === undefined || lifetime.ended !== undefined) reply(nobody);
    else options.related.ask(server, request, lifetime, reply);
  }

  /** Why nothing can be asked now. */
  #obstacle(): string | undefined {
    const { limits } = this.#parts;
    if (this.#isOver) return 'the call is over';
    if (this.#questions.size >= limits.questions) return 'the call has too many open questions';
    if (this.#handle === undefined) return this.#takePlace();
    return undefined;
  }

  /** A call that may have to wait needs a place for that before. */
  #takePlace(): string | undefined {
    const { parked, scope, connection, enter } = this.#parts;
    const request = this.#request;
    if (request === undefined || !mayAsk(request.method)) {
      return 'this request is not answered with questions';
    }
    this.#handle = parked.admit(this, scope);
    if (this.#handle === undefined) return 'too many calls wait for their clients';
    this.#fingerprint = fingerprint(request);
    this.#leave = enter(callScope(connection.server, request), this.#lifetime);
    this.#lifetime.onEnd(() => this.cancel(this.#lifetime.ended ?? ''));
    this.#request = undefined;
    return undefined;
  }

  /** Questions that come together go out together. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#questions.size === 0 || this.#handle === undefined) return;
    const leg = this.#detach();
    if (leg === undefined) return;
    this.#parts.parked.park(this.#handle);
    const inputRequests = this.#questions.requests();
    const response = resultResponse({ resultType: 'input_required', inputRequests });
    leg.resolve({ kind: 'answered', response });
  }

  #finish(answer: Delivery): void {
    this.#endQuestions('the call is over');
    const delivery = modernDelivery(answer);
    const leg = this.#detach();
    if (leg === undefined) {
      this.#kept = delivery;
      return;
    }
    this.#remove();
    leg.resolve(delivery);
  }

  #giveUp(delivery: Delivery): Promise<Delivery> {
    this.cancel('the call was given up');
    return Promise.resolve(delivery);
  }

  #endQuestions(reason: string): void {
    this.#isOver = true;
    this.#questions.loseAll(reason);
    for (const { reply } of this.#early.splice(0)) reply(nobody);
  }

  #remove(): void {
    if (this.#handle !== undefined) this.#parts.parked.remove(this.#handle);
    this.#handle = undefined;
    this.#leave();
  }
}

/** BUG: whose call it is is not known here; a freeze of a subject ends it only when its client comes back. */
function callScope(server: string, { fields }: ForwardedRequest): CallScope {
  const name = fields?.['name'] ?? fields?.['uri'];
  return { server, tool: typeof name === 'string' ? name : '', subject: null };
}

const nobody: Answer = {
  kind: 'refused',
  error: { code: rpcCode.unavailable, message: 'nobody can be asked' },
};
