import type { JsonObject } from '../core/json.ts';
import type { FarMessage } from '../core/related.ts';
import type { ForwardedRequest } from '../core/tool-call.ts';

/** A legacy server's question in modern words: an elicitation by URL has no id any more. */
export function modernQuestion(request: FarMessage): FarMessage {
  const { method, params } = request;
  if (method !== 'elicitation/create' || params?.['elicitationId'] === undefined) return request;
  const { elicitationId: _, ...others } = params;
  return { ...request, params: others };
}

/** A request to the client as it stands among `inputRequests`. */
export function inputRequest({ method, fields, meta }: ForwardedRequest): JsonObject {
  if (fields === undefined && meta === undefined) return { method };
  return { method, params: { ...fields, ...(meta !== undefined && { _meta: meta }) } };
}
