import type { Delivery, RawResponse } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import type { ForwardedRequest } from '../core/tool-call.ts';
import { legacyMeta } from './envelope.ts';
import { modernError } from './hop-errors.ts';
import { resultMembers, withMembers } from './result-bytes.ts';

/** A modern client's request as a legacy server knows it: nobody introduces himself twice there, or answers unasked. */
export function legacyRequest(request: ForwardedRequest): ForwardedRequest {
  return { ...request, fields: legacyFields(request.fields), meta: legacyMeta(request.meta) };
}

function legacyFields(fields: JsonObject | undefined): JsonObject | undefined {
  if (fields?.['inputResponses'] === undefined) return fields;
  const { inputResponses: _, ...others } = fields;
  return others;
}

/** What a legacy server answered, without anything that it cannot mean in its own words. */
export function modernDelivery(delivery: Delivery): Delivery {
  if (delivery.kind !== 'answered') return delivery;
  const { response } = delivery;
  if (response.kind === 'error') return { kind: 'answered', response: modernError(response) };
  if ((response.resultType ?? 'complete') === 'complete') return delivery;
  return { kind: 'answered', response: withoutType(response) };
}

/** A type of result is no word of the legacy era: a server that says one would pass by policy with its questions. */
function withoutType(response: RawResponse): RawResponse {
  const members = new Map(resultMembers(response));
  members.delete('resultType');
  return withMembers(response, members);
}
