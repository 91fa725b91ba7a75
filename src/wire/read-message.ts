import { isUtf8 } from 'node:buffer';
import type { Span } from '../core/answer.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { isObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import type { Members, Scan } from '../core/scan.ts';
import { scanObject } from '../core/scan.ts';
import { readStrict } from '../core/strict-json.ts';
import { messageKeyFault, paramsKeyFault } from './ambiguous-keys.ts';
import type { Incoming, InvalidMessage, RequestId } from './contract.ts';
import { composeResponse } from './raw-response.ts';
import { typeAt } from './result-type.ts';
import { rpcCode } from './rpc-error.ts';

/** Reads one JSON-RPC message that somebody hostile wrote; never throws. It may keep `line`. */
export function readMessage(line: Buffer): Incoming {
  const scan = scanObject(line, 'result');
  if (scan === null) return readParsed(line, undefined);
  if (scan.members.has('method')) return readParsed(line, scan.members);
  return readRaw(line, scan) ?? readParsed(line, scan.members);
}

/** A response that is relayed as it came; `undefined` where there is anything to say against that. */
function readRaw(line: Buffer, scan: Scan): Incoming | undefined {
  const { members, inner } = scan;
  const result = members.get('result');
  const error = members.get('error');
  const value = result ?? error;
  const idSpan = members.get('id');
  if (value === undefined || idSpan === undefined || (result && error)) return undefined;
  if (textAt(line, members.get('jsonrpc')) !== '"2.0"' || !isUtf8(line)) return undefined;
  // Version, id and value are there under their own names: three members are not confused with anything.
  if (members.size > 3 && messageKeyFault(members.keys()) !== undefined) return undefined;
  const id = readId(line, idSpan);
  if (id === null) return undefined;
  const isError = inner !== undefined && textAt(line, inner.get('isError')) === 'true';
  const kind = result === undefined ? 'error' : 'result';
  const resultType = inner && typeAt(line, inner);
  const response = { line: onOneLine(line), id: idSpan, value, kind, isError, resultType } as const;
  return { kind: 'response', id, response };
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const openBracket = 0x5b;

/** Line breaks may stand between tokens only; left in, they would end the line early on the next hop. */
function onOneLine(line: Buffer): Buffer {
  if (!line.includes(lineFeed) && !line.includes(carriageReturn)) return line;
  const copy = Buffer.from(line);
  for (let at = 0; at < copy.length; at += 1) {
    if (copy[at] === lineFeed || copy[at] === carriageReturn) copy[at] = space;
  }
  return copy;
}

function readParsed(line: Buffer, members: Members | undefined): Incoming {
  if (opensArray(line)) {
    return invalid(
      rpcCode.invalidRequest,
      'batches are not accepted: MCP removed them in 2025-06-18',
    );
  }
  const read = readStrict(line);
  switch (read.kind) {
    case 'broken':
      return { ...invalid(rpcCode.parseError, read.reason), ...recover(line, members) };
    case 'refused':
      return {
        ...invalid(rpcCode.invalidRequest, read.reason),
        ...recover(line, read.rule === 'depth' ? members : undefined),
      };
    case 'value':
      return isObject(read.value)
        ? readObject(read.value)
        : invalid(rpcCode.invalidRequest, 'a message must be a json object');
  }
}

function opensArray(line: Buffer): boolean {
  let at = 0;
  while ((line[at] ?? openBracket) <= space) at += 1;
  return line[at] === openBracket;
}

function readObject(message: JsonObject): Incoming {
  const fault = messageKeyFault(Object.keys(message)) ?? faultOf(message) ?? paramsFault(message);
  if (fault !== undefined) {
    return { ...invalid(rpcCode.invalidRequest, fault), ...partiesOf(message) };
  }
  const { method, params, id } = message;
  if (typeof method !== 'string') {
    const kind = message['result'] === undefined ? 'error' : 'result';
    if (!isId(id))
      return invalid(rpcCode.invalidRequest, '"id" of a response must be a string or a number');
    return { kind: 'response', id, response: composeResponse(message, id, kind) };
  }
  const body = {
    method,
    params: isObject(params) ? params : undefined,
    extras: extrasOf(message),
  };
  return isId(id) ? { kind: 'request', id, ...body } : { kind: 'notification', ...body };
}

/** What is wrong with the members of a message, in words. */
function faultOf(message: JsonObject): string | undefined {
  const { jsonrpc, id, method, params, result, error } = message;
  if (jsonrpc !== '2.0') return '"jsonrpc" must be "2.0"';
  if (id !== undefined && !isId(id)) return '"id" must be a string or a number';
  const answers = Number(result !== undefined) + Number(error !== undefined);
  if (method === undefined) {
    if (answers === 0) return 'expected "method", "result" or "error"';
    if (answers === 2) return 'expected "result" or "error", got both';
    return id === undefined ? 'a response must have an "id"' : undefined;
  }
  if (typeof method !== 'string') return '"method" must be a string';
  if (answers > 0) return 'expected either "method" or a result, got both';
  const hasParams = params !== undefined && params !== null;
  return hasParams && !isObject(params) ? '"params" must be an object' : undefined;
}

/** Only what is asked for is decided; what is merely told is passed on or dropped. */
function paramsFault({ method, id, params }: JsonObject): string | undefined {
  return method !== undefined && id !== undefined && isObject(params)
    ? paramsKeyFault(params)
    : undefined;
}

const known: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params']);

function extrasOf(message: JsonObject): JsonObject | undefined {
  // Mostly there are none, and nothing is listed.
  for (const key in message) if (!known.has(key)) return extrasIn(message);
  return undefined;
}

function extrasIn(message: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(message).filter(([key]) => !known.has(key)));
}

function invalid(code: number, message: string): InvalidMessage {
  return { kind: 'invalid', id: null, answers: null, error: { code, message } };
}

interface Parties {
  readonly id: RequestId | null;
  readonly answers: RequestId | null;
}

/** Whom a line concerns that cannot be read: by its scan, or by what a lenient parser makes of it. */
function recover(line: Buffer, members: Members | undefined): Parties {
  if (members !== undefined) {
    const idSpan = members.get('id');
    return parties(idSpan && readId(line, idSpan), (name) => members.has(name));
  }
  try {
    const value: Json = parseJson(line.toString('utf8'));
    if (isObject(value)) return partiesOf(value);
  } catch {
    // Not even lenient parsing tells: the error goes to nobody in particular.
  }
  return { id: null, answers: null };
}

function partiesOf(message: JsonObject): Parties {
  const id = message['id'];
  return parties(isId(id) ? id : null, (name) => message[name] !== undefined);
}

/** An id is answered only where it is surely the other side's own: theirs and ours may be the same number. */
function parties(id: RequestId | null | undefined, has: (name: string) => boolean): Parties {
  const answering = has('result') || has('error');
  if (id === undefined || id === null || answering === has('method'))
    return { id: null, answers: null };
  return answering ? { id: null, answers: id } : { id, answers: null };
}

function readId(line: Buffer, span: Span): RequestId | null {
  try {
    const id: unknown = parseJson(line.toString('utf8', span[0], span[1]));
    return isId(id) ? id : null;
  } catch {
    return null;
  }
}

function isId(value: unknown): value is RequestId {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}

function textAt(line: Buffer, span: Span | undefined): string | undefined {
  // Only short literals are asked for; a longer value is none of them.
  if (span === undefined || span[1] - span[0] > 8) return undefined;
  return line.toString('latin1', span[0], span[1]);
}
