import type { Delivery, RawResponse } from '../core/answer.ts';
import { foldOf } from '../core/fold.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { Lifetime } from '../core/lifetime.ts';
import { objectIn } from './result-bytes.ts';

/** One thing that a server wants of the client before it goes on. */
export interface Question {
  readonly key: string;
  readonly method: string;
  readonly params: JsonObject | undefined;
  /** Its own: whoever answers it in the client's place knows it by that. */
  readonly lifetime: Lifetime;
}

/** A result that is none yet (MCP 2026-07-28, basic/patterns/mrtr). */
export interface InputRequired {
  readonly questions: readonly Question[];
  /** For the server alone: it goes back exactly as it came. */
  readonly state: string | undefined;
}

const inputMethods: ReadonlySet<unknown> = new Set([
  'elicitation/create',
  'sampling/createMessage',
  'roots/list',
]);

const askingMethods: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** Whether a request of this method may be answered with a question. */
export function mayAsk(method: string): boolean {
  return askingMethods.has(method);
}

type Asking = Delivery & { readonly kind: 'answered' };

export function isAsking(delivery: Delivery): delivery is Asking {
  return delivery.kind === 'answered' && delivery.response.resultType === 'input_required';
}

/** What a server wants, or what is wrong with how it says so. */
export function readInputRequired(
  method: string,
  response: RawResponse,
  limit: number,
): InputRequired | string {
  if (!mayAsk(method)) return `the server asked for input, which "${method}" does not allow`;
  const result = objectIn(response);
  if (result === undefined || isConfusing(Object.keys(result))) return unreadable;
  const { inputRequests, requestState } = result;
  if (requestState !== undefined && typeof requestState !== 'string') {
    return 'the server sent a "requestState" that is no string';
  }
  if (inputRequests === undefined && requestState === undefined) {
    return 'the server asked for input and did not say which';
  }
  const questions = questionsIn(inputRequests ?? {}, limit);
  return typeof questions === 'string' ? questions : { questions, state: requestState };
}

const unreadable = 'the server asked for input in a way that cannot be read';

const inputMembers: ReadonlySet<string> = new Set(['inputRequests', 'requestState']);
const inputFolds: ReadonlySet<string> = new Set([...inputMembers].map(foldOf));

/** Whether a parser that ignores the case of keys may find other questions in a result than were decided. */
export function isConfusing(keys: Iterable<string>): boolean {
  for (const key of keys) {
    if (!inputMembers.has(key) && inputFolds.has(foldOf(key))) return true;
  }
  return false;
}

/** The questions of a server by their keys, or what is wrong with them. */
export function questionsIn(requests: Json, limit: number): readonly Question[] | string {
  if (!isObject(requests)) return 'the server sent "inputRequests" that are no object';
  const entries = Object.entries(requests);
  if (entries.length > limit) return `the server asked for more than ${limit} things at once`;
  const questions = entries.flatMap(([key, request]) => questionIn(key, request));
  return questions.length === entries.length
    ? questions
    : 'the server asked for something that no server may ask for';
}

function questionIn(key: string, request: Json | undefined): readonly Question[] {
  if (!isObject(request)) return [];
  const { method, params } = request;
  if (typeof method !== 'string' || !inputMethods.has(method)) return [];
  if (params !== undefined && !isObject(params)) return [];
  return [{ key, method, params, lifetime: new Lifetime() }];
}
