import { answeredResult, refusedInput } from '../../bridge/ask-all.ts';
import { isConfusing, type Question, questionsIn } from '../../bridge/input-required.ts';
import { inputRequest } from '../../bridge/question-words.ts';
import {
  errorResponse,
  objectIn,
  resultMembers,
  resultResponse,
  withMembers,
} from '../../bridge/result-bytes.ts';
import type { Delivery, RawResponse, RpcError } from '../../core/answer.ts';
import { digestOf } from '../../core/digest.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Related } from '../../core/related.ts';
import type { Target } from '../../core/target.ts';
import type { ForwardedRequest } from '../../core/tool-call.ts';
import { rpcCode } from '../../wire/rpc-error.ts';
import { forgetOldest, type TaskOwners } from './task-owners.ts';

export interface TaskPlace {
  readonly scope: string;
  readonly server: string;
  readonly taskId: string;
  /** Decides what the server asks; the client as a target is where it goes then. */
  readonly asking: (client: Target) => Related['ask'];
}

const questionsPerAnswer = 20;
const knownLimit = 1_000;
/** A longer question is decided each time: a server may make up as many as it likes. */
const knownCharacters = 8_192;

/**
 * What the server of a task asks of its client stands in the state of the task. It is decided like everything that a server
 * asks; what was let through is not decided again while the client asks for the state again and again, and may be answered.
 */
export class TaskQuestions {
  readonly #known = new Map<string, JsonObject>();
  readonly #owners: TaskOwners;

  constructor(owners: TaskOwners) {
    this.#owners = owners;
  }

  /** The answer of a task's server as the client may have it. One question that is refused withholds it. */
  async cleared(response: RawResponse, place: TaskPlace): Promise<RawResponse> {
    const members = resultMembers(response);
    if (members === undefined) return response;
    if (isConfusing(members.keys())) return unreadable;
    if (!members.has('inputRequests')) return response;
    const asked = questionsIn(objectIn(response)?.['inputRequests'] ?? null, questionsPerAnswer);
    if (typeof asked === 'string') {
      return errorResponse({ code: rpcCode.internal, message: asked });
    }
    const requests: Record<string, JsonObject> = {};
    for (const question of asked) {
      const decided = await this.#decided(question, place);
      if ('refused' in decided) return errorResponse(decided.refused);
      requests[question.key] = decided.request;
    }
    this.#owners.ask(place.scope, place.taskId, Object.keys(requests));
    const text = Buffer.from(JSON.stringify(requests));
    return withMembers(response, new Map([...members, ['inputRequests', text]]));
  }

  async #decided(question: Question, place: TaskPlace): Promise<Decided> {
    const { key, method, params } = question;
    const { scope, server, taskId } = place;
    const text = JSON.stringify([scope, server, taskId, key, method, params ?? null]);
    if (text.length > knownCharacters) return decide(question, place);
    const known = digestOf(text);
    const request = this.#known.get(known);
    if (request !== undefined) return { request };
    const decided = await decide(question, place);
    if ('request' in decided) this.#known.set(known, decided.request);
    forgetOldest(this.#known, knownLimit);
    return decided;
  }
}

type Decided = { readonly request: JsonObject } | { readonly refused: RpcError };

function decide(question: Question, { server, asking }: TaskPlace): Promise<Decided> {
  const { method, params, lifetime } = question;
  let sent: ForwardedRequest | undefined;
  const client: Target = {
    send: (request) => {
      sent = request;
      return handedOver;
    },
  };
  return new Promise((resolve) => {
    asking(client)(server, { method, params, extras: undefined }, lifetime, (answer) => {
      const isAnswered = answeredResult(answer) !== undefined;
      if (isAnswered && sent !== undefined) resolve({ request: inputRequest(sent) });
      else resolve({ refused: refusedInput(question, answer) });
    });
  });
}

/** Answers the gate, not the server: what the client says comes with `tasks/update`. */
const handedOver: Promise<Delivery> = Promise.resolve({
  kind: 'answered',
  response: resultResponse({}),
});

const unreadable = errorResponse({
  code: rpcCode.internal,
  message: 'the server asked for input in a way that cannot be read',
});
