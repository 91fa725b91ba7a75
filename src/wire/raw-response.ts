import type { RawResponse } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import { isObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import type { RequestId } from './contract.ts';
import { typeOf } from './result-type.ts';
import { rpcCode } from './rpc-error.ts';

/** Writes a parsed response anew as one line; members beside those of JSON-RPC follow its value. */
export function composeResponse(
  message: JsonObject,
  id: RequestId,
  kind: 'result' | 'error',
): RawResponse {
  const { jsonrpc, id: _, [kind]: value, ...extras } = message;
  const idText = JSON.stringify(id);
  const head = `{"jsonrpc":"2.0","id":${idText},"${kind}":`;
  const valueBytes = Buffer.from(JSON.stringify(value ?? null));
  const rest = JSON.stringify(extras);
  const headBytes = Buffer.from(head);
  const idStart = '{"jsonrpc":"2.0","id":'.length;
  const valueEnd = headBytes.length + valueBytes.length;
  const tail = rest === '{}' ? '}' : `,${rest.slice(1)}`;
  return {
    line: Buffer.concat([headBytes, valueBytes, Buffer.from(tail)]),
    id: [idStart, idStart + Buffer.byteLength(idText)],
    value: [headBytes.length, valueEnd],
    kind,
    isError: kind === 'result' && isObject(value) && value['isError'] === true,
    resultType: kind === 'result' && isObject(value) ? typeOf(value) : undefined,
  };
}

/** An error in place of a response that nobody may see. */
export function withheld(response: RawResponse, reason: string): RawResponse {
  const error = { code: rpcCode.internal, message: `answer was withheld: ${reason}` };
  return composeResponse({ error }, idOf(response), 'error');
}

export function idOf(response: RawResponse): RequestId {
  const [start, end] = response.id;
  const id: unknown = parseJson(response.line.toString('utf8', start, end));
  return typeof id === 'number' ? id : String(id);
}
