import type { RawResponse } from '../../core/answer.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { composeResponse } from '../../wire/raw-response.ts';

export interface RpcErrorBody {
  readonly code: number;
  readonly message: string;
  readonly error: JsonObject;
}

/** The JSON-RPC error in the body of a refused request; undefined where the body is words for people, or nothing. */
export function rpcErrorIn(body: Buffer): RpcErrorBody | undefined {
  let read: unknown;
  try {
    read = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  const error = isObject(read) && read['jsonrpc'] === '2.0' ? read['error'] : undefined;
  if (!isObject(error) || !Number.isSafeInteger(error['code'])) return undefined;
  return { code: Number(error['code']), message: String(error['message'] ?? ''), error };
}

/** It answers the one request of its POST, whatever id it has: the server may not have read that. */
export function asAnswer({ error }: RpcErrorBody, id: number): RawResponse | undefined {
  try {
    return composeResponse({ error }, id, 'error');
  } catch {
    // Nested too deep to be written again.
    return undefined;
  }
}
