import type { RawResponse } from '../core/answer.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { isObject } from '../core/json.ts';
import type { RequestId } from './contract.ts';

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
    resultType: kind === 'result' && isObject(value) ? textOf(value['resultType']) : undefined,
  };
}

/** What a result says it is; anything but a text is no type that anybody knows. */
function textOf(said: Json | undefined): string | undefined {
  return said === undefined || typeof said === 'string' ? said : '';
}
