import type { Answer, Delivery, RawResponse, RpcError } from '../core/answer.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Lifetime } from '../core/lifetime.ts';
import type { SendOptions, Target } from '../core/target.ts';
import type { ForwardedRequest } from '../core/tool-call.ts';
import type { Connection } from '../upstream/contract.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { answeredResult, askAll, refusedInput } from './ask-all.ts';
import { relayedError } from './hop-errors.ts';
import {
  type InputRequired,
  isAsking,
  type Question,
  readInputRequired,
} from './input-required.ts';
import type { BridgeLimits } from './limits.ts';
import { inputRequest } from './question-words.ts';
import type { Carried } from './request-state.ts';
import { errorResponse, resultMembers, resultResponse, withMembers } from './result-bytes.ts';

/**
 * A modern server for a modern client: everything goes through as it is, but every question in an answer is decided first.
 * What was let through is in the result; the rest ends the call, and the client sees none of it.
 */
export class RelayModern implements Target {
  readonly #connection: Connection;
  readonly #limits: BridgeLimits;
  /** The questions that are being decided, and how policy lets them go to the client. */
  readonly #asked = new Map<Lifetime, { sent: ForwardedRequest | undefined }>();
  #carried: Carried | undefined;

  constructor(connection: Connection, limits: BridgeLimits) {
    this.#connection = connection;
    this.#limits = limits;
  }

  /** What the next request of the client must bring along; undefined when the server asked for nothing. */
  get carried(): Carried | undefined {
    return this.#carried;
  }

  async send(request: ForwardedRequest, options: SendOptions): Promise<Delivery> {
    const delivery = await this.#connection.send(request, options);
    if (delivery.kind !== 'answered') return delivery;
    const { response } = delivery;
    if (response.kind === 'error') return { kind: 'answered', response: relayedError(response) };
    // A client may read it as a question all the same.
    if (response.resultType === '') return { kind: 'answered', response: unreadable };
    if (!isAsking(delivery)) return delivery;
    return { kind: 'answered', response: await this.#handOver(request.method, response, options) };
  }

  /** The client as the gate asks it: what was decided stands in the answer to the client's request. */
  question(request: ForwardedRequest, { lifetime }: SendOptions): Promise<Delivery> {
    const slot = this.#asked.get(lifetime.root);
    if (slot === undefined) return Promise.resolve({ kind: 'unsent', reason: 'nobody is asked' });
    slot.sent = request;
    return Promise.resolve({ kind: 'answered', response: handedOver });
  }

  async #handOver(
    method: string,
    response: RawResponse,
    { related, lifetime }: SendOptions,
  ): Promise<RawResponse> {
    const input = readInputRequired(method, response, this.#limits.questions);
    if (typeof input === 'string') return errorResponse({ code: rpcCode.internal, message: input });
    const { server } = this.#connection;
    const { questions } = input;
    for (const question of questions) this.#asked.set(question.lifetime, { sent: undefined });
    const answers = new Map<string, Json>();
    const take = (question: Question, answer: Answer) => this.#take(question, answer, answers);
    const refusal = await askAll({ server, questions, related, lifetime, take });
    if (refusal !== undefined) return errorResponse(refusal);
    const state = input.state ?? null;
    this.#carried = { kind: 'server', server, state, answers: Object.fromEntries(answers) };
    return this.#put(response, input);
  }

  #take(question: Question, answer: Answer, answers: Map<string, Json>): RpcError | undefined {
    const result = answeredResult(answer);
    if (result === undefined) return refusedInput(question, answer);
    // Policy itself has answered: the client is not asked, and its next request brings the answer along.
    if (this.#asked.get(question.lifetime)?.sent === undefined) answers.set(question.key, result);
    return undefined;
  }

  /** The result as the client gets it, but for the state, which is sealed when the result goes out. */
  #put(response: RawResponse, { questions }: InputRequired): RawResponse {
    const members = new Map(resultMembers(response));
    members.delete('requestState');
    members.delete('inputRequests');
    const requests = Object.fromEntries(
      questions.flatMap(({ key, lifetime }): [string, JsonObject][] => {
        const sent = this.#asked.get(lifetime)?.sent;
        return sent === undefined ? [] : [[key, inputRequest(sent)]];
      }),
    );
    if (Object.keys(requests).length > 0) {
      members.set('inputRequests', Buffer.from(JSON.stringify(requests)));
    }
    return withMembers(response, members);
  }
}

/** Answers the gate, not the server: what the client says comes with its next request. */
const handedOver = resultResponse({});

const unreadable = errorResponse({
  code: rpcCode.internal,
  message: 'the server answered with a type of result that cannot be read',
});
