import type { RawResponse } from '../core/answer.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import { readStrict } from '../core/strict-json.ts';
import { composeResponse, idOf, withheld } from './raw-response.ts';
import { isTyped, untyped } from './result-type.ts';

/**
 * The answer of somebody who speaks the legacy era, where results have no type: one that says any all the same is parsed,
 * and says none afterwards. The same object for all others.
 */
export function withoutType(response: RawResponse): RawResponse {
  if (!isTyped(response)) return response;
  const message = messageIn(response.line);
  if (typeof message === 'string') return withheld(response, message);
  const { result } = message;
  const plain = { ...message, result: isObject(result) ? untyped(result) : result };
  return composeResponse(plain, idOf(response), 'result');
}

/** The message, or why it cannot be read in one way. */
function messageIn(line: Buffer): JsonObject | string {
  const read = readStrict(line);
  if (read.kind === 'broken' || (read.kind === 'refused' && read.rule !== 'number')) {
    return read.reason;
  }
  const message: Json = read.kind === 'value' ? read.value : parseJson(line.toString('utf8'));
  return isObject(message) ? message : 'a message must be a json object';
}
