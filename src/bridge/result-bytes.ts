import type { RawResponse, RpcError } from '../core/answer.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import { withValue } from '../core/raw-value.ts';
import { scanObject } from '../core/scan.ts';
import { readStrict } from '../core/strict-json.ts';
import { composeResponse } from '../wire/raw-response.ts';
import { rpcCode } from '../wire/rpc-error.ts';

// Results are changed in their bytes: what stays of them stays as the server wrote it, long numbers and all.

/** The members of a result in their order, each as JSON text. */
export type ResultMembers = ReadonlyMap<string, Buffer>;

/** The members of a result that is an object; undefined for everything else. */
export function resultMembers(response: RawResponse): ResultMembers | undefined {
  const { line, value } = response;
  if (!isObjectResult(response)) return undefined;
  const inner = scanObject(line, 'result')?.inner;
  if (inner !== undefined) {
    return new Map([...inner].map(([name, [start, end]]) => [name, line.subarray(start, end)]));
  }
  // A key with escapes: such a line was parsed when it came, and is JSON through and through.
  const parsed: Json = parseJson(line.toString('utf8', ...value));
  return new Map(
    Object.entries(isObject(parsed) ? parsed : {}).map(([name, member]) => [
      name,
      Buffer.from(JSON.stringify(member)),
    ]),
  );
}

export function isObjectResult({ kind, line, value }: RawResponse): boolean {
  return kind === 'result' && line[value[0]] === openBrace;
}

const openBrace = 0x7b;

/** The result with exactly these members. */
export function withMembers(response: RawResponse, members: ResultMembers): RawResponse {
  const parts: Buffer[] = [];
  for (const [name, text] of members) {
    parts.push(Buffer.from(`${parts.length === 0 ? '{' : ','}${JSON.stringify(name)}:`), text);
  }
  parts.push(Buffer.from(parts.length === 0 ? '{}' : '}'));
  const type = members.get('resultType')?.toString('utf8');
  return withValue(response, parts, type === undefined ? undefined : typeOf(type));
}

/** The result with members in front that it surely does not have: `"name":value,"name":value`. */
export function withFirst(response: RawResponse, text: string): RawResponse {
  const { line, value } = response;
  const [start, end] = value;
  const isEmpty = resultIsEmpty(line, start, end);
  const rest = line.subarray(start + 1, end);
  return withValue(
    response,
    [Buffer.from(isEmpty ? `{${text}` : `{${text},`), rest],
    response.resultType,
  );
}

function resultIsEmpty(line: Buffer, start: number, end: number): boolean {
  return end - start <= 64 && /^\{\s*\}$/.test(line.toString('latin1', start, end));
}

/** The error with these members in place of its own. */
export function withError(response: RawResponse, error: JsonObject): RawResponse {
  return withValue(response, [Buffer.from(JSON.stringify(error))], undefined);
}

function typeOf(text: string): string {
  const type: Json = parseJson(text);
  return typeof type === 'string' ? type : '';
}

/** The result or error of a response as an object that can be read in one way; undefined when it is none. */
export function objectIn({ line, value }: RawResponse): JsonObject | undefined {
  const bytes = line.subarray(...value);
  const read = readStrict(bytes);
  if (read.kind === 'value') return isObject(read.value) ? read.value : undefined;
  if (read.kind === 'broken' || read.rule !== 'number') return undefined;
  const rounded: Json = parseJson(bytes.toString('utf8'));
  return isObject(rounded) ? rounded : undefined;
}

// Whoever relays a response puts the id of its own request in; these have none of their own.

export function resultResponse(result: JsonObject): RawResponse {
  return composeResponse({ result }, 0, 'result');
}

export function errorResponse(error: RpcError): RawResponse {
  return composeResponse({ error: { ...error } }, 0, 'error');
}

export const notAnObject = errorResponse({
  code: rpcCode.internal,
  message: 'the server answered with a result that is no object',
});
