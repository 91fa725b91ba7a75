import { randomUUID } from 'node:crypto';
import type { Answer, Delivery, RawResponse, RpcError } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import { limitedLifetime, pause } from '../core/limited-lifetime.ts';
import type { SendOptions, Target } from '../core/target.ts';
import type { ForwardedRequest } from '../core/tool-call.ts';
import type { Connection } from '../upstream/contract.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { answeredResult, askAll, refusedInput } from './ask-all.ts';
import type { Speaker } from './contract.ts';
import { modernMeta } from './envelope.ts';
import {
  type InputRequired,
  isAsking,
  type Question,
  readInputRequired,
} from './input-required.ts';
import { legacyResponse } from './legacy-reply.ts';
import type { BridgeLimits } from './limits.ts';
import { errorResponse } from './result-bytes.ts';

export interface ToModernParts {
  readonly limits: BridgeLimits;
  /** Why everything is stopped; undefined when nothing is. */
  readonly frozen: () => string | undefined;
}

/** Requests that a modern connection has a call of its own for, and what it is told. */
const subscriptions: ReadonlyMap<string, boolean> = new Map([
  ['resources/subscribe', true],
  ['resources/unsubscribe', false],
]);

/**
 * A modern server for a legacy client: every request gets its envelope, and a question in the answer becomes a real request
 * to the client; then the request is sent again with what the client said.
 */
export class ToModern implements Target {
  readonly #connection: Connection;
  readonly #speaker: Speaker;
  readonly #limits: BridgeLimits;
  readonly #frozen: () => string | undefined;

  constructor(connection: Connection, speaker: Speaker, { limits, frozen }: ToModernParts) {
    this.#connection = connection;
    this.#speaker = speaker;
    this.#limits = limits;
    this.#frozen = frozen;
  }

  async send(request: ForwardedRequest, options: SendOptions): Promise<Delivery> {
    const wanted = subscriptions.get(request.method);
    if (wanted !== undefined) {
      return legacyDelivery(request.method, await this.#subscribe(request, wanted));
    }
    const worded = this.#worded(request);
    const first = await this.#connection.send(worded, options);
    const last = isAsking(first) ? await this.#converse(worded, first.response, options) : first;
    return legacyDelivery(request.method, last);
  }

  #subscribe({ fields }: ForwardedRequest, wanted: boolean): Promise<Delivery> {
    const uri = fields?.['uri'];
    if (typeof uri === 'string') return this.#connection.subscribe(uri, wanted);
    return Promise.resolve({ kind: 'unsent', reason: 'no "uri" to subscribe to' });
  }

  /** What a retry adds is no word of the legacy era: a client that says it anyway is not heard. */
  #worded(request: ForwardedRequest): ForwardedRequest {
    const { inputResponses: _1, requestState: _2, ...fields } = request.fields ?? {};
    return { ...request, fields, meta: modernMeta(request.meta, this.#speaker) };
  }

  async #converse(
    request: ForwardedRequest,
    first: RawResponse,
    options: SendOptions,
  ): Promise<Delivery> {
    let response = first;
    for (let round = 1; round <= this.#limits.rounds; round += 1) {
      const leg = limitedLifetime(options.lifetime, this.#limits.legMs);
      const delivery = await this.#again(request, response, { ...options, lifetime: leg.lifetime });
      leg.release();
      if (!isAsking(delivery)) return delivery;
      response = delivery.response;
    }
    return failed(rpcCode.internal, 'the server asked for input again and again');
  }

  async #again(
    request: ForwardedRequest,
    response: RawResponse,
    options: SendOptions,
  ): Promise<Delivery> {
    const input = readInputRequired(request.method, response, this.#limits.questions);
    if (typeof input === 'string') return failed(rpcCode.internal, input);
    const answers = new Map<string, JsonObject>();
    const refusal = await this.#ask(input, options, answers);
    if (refusal !== undefined) return { kind: 'answered', response: errorResponse(refusal) };
    if (input.questions.length === 0) await pause(this.#limits.pauseMs, options.lifetime);
    // It was decided before all that waiting: who stops everything stops this too.
    if (this.#frozen() !== undefined) return stopped;
    const retried = retry(request, input, Object.fromEntries(answers));
    return sentBefore(await this.#connection.send(retried, options));
  }

  #ask(
    { questions }: InputRequired,
    { related, lifetime }: SendOptions,
    answers: Map<string, JsonObject>,
  ): Promise<RpcError | undefined> {
    const { server } = this.#connection;
    const take = (question: Question, answer: Answer): RpcError | undefined => {
      const result = answeredResult(answer) ?? declined.get(question.method);
      if (result === undefined) return refusedInput(question, answer);
      answers.set(question.key, result);
      return undefined;
    };
    return askAll({ server, questions: questions.map(legacyQuestion), related, lifetime, take });
  }
}

/** What a server is told when its question is not answered; where there is nothing to say the call ends. */
const declined: ReadonlyMap<string, JsonObject> = new Map([
  ['elicitation/create', { action: 'cancel' }],
]);

/** An elicitation by URL has an id in MCP 2025-11-25, and clients refuse it without one. */
function legacyQuestion(question: Question): Question {
  const { method, params } = question;
  if (method !== 'elicitation/create' || params?.['mode'] !== 'url') return question;
  return { ...question, params: { elicitationId: randomUUID(), ...params } };
}

function retry(
  request: ForwardedRequest,
  { questions, state }: InputRequired,
  inputResponses: JsonObject,
): ForwardedRequest {
  const fields = {
    ...request.fields,
    ...(questions.length > 0 && { inputResponses }),
    ...(state !== undefined && { requestState: state }),
  };
  return { ...request, fields };
}

/** The server has worked on the call already: nobody may say that it did not run. */
function sentBefore(delivery: Delivery): Delivery {
  return delivery.kind === 'unsent' ? { ...delivery, kind: 'lost' } : delivery;
}

const stopped: Delivery = { kind: 'lost', reason: 'all calls are stopped by the operator' };

function failed(code: number, message: string): Delivery {
  return { kind: 'answered', response: errorResponse({ code, message }) };
}

function legacyDelivery(method: string, delivery: Delivery): Delivery {
  if (delivery.kind !== 'answered') return delivery;
  return { kind: 'answered', response: legacyResponse(method, delivery.response) };
}
