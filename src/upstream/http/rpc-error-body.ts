import type { RawResponse } from '../../core/answer.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import { composeResponse } from '../../wire/raw-response.ts';
import { readMessage } from '../../wire/read-message.ts';

export interface RpcErrorBody {
  readonly code: number;
  readonly message: string;
  readonly error: JsonObject;
  /** The message that it stands in. */
  readonly whole: JsonObject;
}

/** The JSON-RPC error in the body of a refused request; undefined where the body is words for people, or nothing. */
export function rpcErrorIn(body: Buffer): RpcErrorBody | undefined {
  let read: unknown;
  try {
    read = parseJson(body.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isObject(read) || read['jsonrpc'] !== '2.0') return undefined;
  const { error } = read;
  if (!isObject(error) || !Number.isSafeInteger(error['code'])) return undefined;
  return {
    code: Number(error['code']),
    message: String(error['message'] ?? ''),
    error,
    whole: read,
  };
}

/** It answers the one request of its POST, whatever id it has: the server may not have read that. */
export function asAnswer({ error, whole }: RpcErrorBody, id: number): RawResponse | undefined {
  try {
    // Written on one line and read like any other answer, so that nothing beside the error can make it something else.
    const message = readMessage(Buffer.from(JSON.stringify({ ...whole, id })));
    if (message.kind === 'response' && message.response.kind === 'error') return message.response;
    return composeResponse({ error }, id, 'error');
  } catch {
    // Nested too deep to be written again.
    return undefined;
  }
}
