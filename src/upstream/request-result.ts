import type { Delivery, RawResponse } from '../core/answer.ts';
import { GateError } from '../core/errors.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { Lifetime } from '../core/lifetime.ts';
import { parseJson } from '../core/parse-json.ts';
import { readStrict } from '../core/strict-json.ts';
import type { Target } from '../core/target.ts';
import { shown } from './names.ts';

export interface OwnRequest {
  readonly method: string;
  readonly fields: JsonObject | undefined;
  /** What every request to a modern server must carry; undefined towards a legacy one. */
  readonly meta?: JsonObject | undefined;
  readonly timeoutMs: number;
}

/**
 * Sends a request of the gate itself. Rejects with `upstream_timeout`, or with `upstream_unavailable` when no result came or
 * it can be read in two ways.
 */
export async function requestResult(target: Target, request: OwnRequest): Promise<JsonObject> {
  return resultOf(await requestResponse(target, request), request.method);
}

export async function requestResponse(target: Target, request: OwnRequest): Promise<RawResponse> {
  const { method, fields, meta, timeoutMs } = request;
  const lifetime = new Lifetime();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'late');
  });
  const sent = target.send(
    { method, fields, meta, argumentsText: undefined, extras: undefined },
    { lifetime, onProgress: undefined, related: undefined },
  );
  const delivery: Delivery | 'late' = await Promise.race([sent, late]);
  clearTimeout(timer);
  if (delivery === 'late') {
    // MCP does not let anybody cancel `initialize`: a server that has not answered it is ended instead.
    if (method !== 'initialize') lifetime.end('timed out');
    throw new GateError('upstream_timeout', `did not answer "${method}" within ${timeoutMs} ms`);
  }
  if (delivery.kind === 'answered') {
    return meta === undefined ? delivery.response : complete(delivery.response, method);
  }
  throw new GateError('upstream_unavailable', `"${method}" got no answer: ${delivery.reason}`);
}

/** Numbers that a double cannot hold are common in schemas; they end as the nearest one, for everybody behind the gate. */
export function resultOf(response: RawResponse, method: string): JsonObject {
  const text = response.line.subarray(response.value[0], response.value[1]);
  const read = readStrict(text);
  if (read.kind === 'broken' || (read.kind === 'refused' && read.rule !== 'number')) {
    throw new GateError(
      'upstream_unavailable',
      `answer to "${method}" is unusable: ${read.reason}`,
    );
  }
  const value: Json = read.kind === 'value' ? read.value : parseJson(text.toString('utf8'));
  if (response.kind === 'error') {
    const message = isObject(value) ? shown(value['message']) : '';
    throw new GateError(
      'upstream_unavailable',
      `"${method}" was answered with an error: ${message}`,
    );
  }
  if (isObject(value)) return value;
  throw new GateError('upstream_unavailable', `result of "${method}" must be an object`);
}

/** What the gate asks for itself is answered neither with a question nor with a task (MCP 2026-07-28, `resultType`). */
function complete(response: RawResponse, method: string): RawResponse {
  const { resultType = 'complete' } = response;
  if (resultType === 'complete') return response;
  const message = `result of "${method}" must be complete, got "${resultType}"`;
  throw new GateError('upstream_unavailable', message);
}
