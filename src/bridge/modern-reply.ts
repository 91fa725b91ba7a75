import type { RawResponse, Reply, RpcError } from '../core/answer.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import {
  isObjectResult,
  notAnObject,
  objectIn,
  type ResultMembers,
  resultMembers,
  withError,
  withFirst,
  withMembers,
} from './result-bytes.ts';

export interface ReplyTerms {
  /** The longest that a client may keep a result which it may keep at all. */
  readonly ttlMs: number;
  /** Said of the gate itself, in the result of `server/discover`. */
  readonly serverInfo: JsonObject | undefined;
}

/** Whose results say how long they may be kept (MCP 2026-07-28, server/utilities/caching). */
const cacheable: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/** Codes that nobody may answer with in the modern era, and what stands for them. */
const modernCodes: ReadonlyMap<Json | undefined, number> = new Map([
  [rpcCode.resourceNotFound, rpcCode.invalidParams],
  // An elicitation by URL that the caller must bring to an end first (MCP 2025-11-25).
  [-32042, rpcCode.internal],
]);

/** An answer as a client of the modern era must get it; the same object when nothing is missing. */
export function modernReply(method: string, reply: Reply, terms: ReplyTerms): Reply {
  switch (reply.kind) {
    case 'relayed': {
      const response = modernResponse(method, reply.response, terms);
      return response === reply.response ? reply : { kind: 'relayed', response };
    }
    case 'made':
      return { kind: 'made', result: modernResult(method, reply.result, terms) };
    case 'text':
      return modernText(method, reply.text, terms);
    case 'refused': {
      const error = modernError(reply.error);
      return error === reply.error ? reply : { ...reply, error };
    }
  }
}

function modernResponse(method: string, response: RawResponse, terms: ReplyTerms): RawResponse {
  if (response.kind === 'error') return modernErrorResponse(response);
  if (!isObjectResult(response)) return notAnObject;
  const { resultType } = response;
  const isHinted = cacheable.has(method) && (resultType ?? 'complete') === 'complete';
  const typed =
    resultType === undefined
      ? { ...withFirst(response, '"resultType":"complete"'), resultType: 'complete' }
      : response;
  return isHinted ? withHints(typed, terms) : typed;
}

// Lists are filtered for each caller and reads are decided for each caller: nobody may share them.
function withHints(response: RawResponse, { ttlMs }: ReplyTerms): RawResponse {
  const members = resultMembers(response);
  if (members === undefined || hasHints(members, ttlMs)) return response;
  const said = members.get('ttlMs');
  const ttl = shorter(said && parseJson(said.toString('utf8')), ttlMs);
  const others = [...members].filter(([name]) => name !== 'ttlMs' && name !== 'cacheScope');
  return withMembers(
    response,
    new Map([
      ...others,
      ['ttlMs', Buffer.from(String(ttl))],
      ['cacheScope', Buffer.from('"private"')],
    ]),
  );
}

function hasHints(members: ResultMembers, ttlMs: number): boolean {
  const ttl = members.get('ttlMs')?.toString('latin1');
  if (ttl === undefined || !/^\d{1,15}$/.test(ttl) || Number(ttl) > ttlMs) return false;
  return members.get('cacheScope')?.toString('latin1') === '"private"';
}

function shorter(said: Json | undefined, ours: number): number {
  if (said === undefined) return ours;
  return typeof said === 'number' && said >= 0 ? Math.min(Math.floor(said), ours) : 0;
}

function modernErrorResponse(response: RawResponse): RawResponse {
  const error = objectIn(response);
  const code = modernCodes.get(error?.['code']);
  return code === undefined ? response : withError(response, { ...error, code });
}

function modernResult(method: string, result: JsonObject, terms: ReplyTerms): JsonObject {
  const typed = result['resultType'] === undefined ? { resultType: 'complete', ...result } : result;
  if (!cacheable.has(method) || typed['resultType'] !== 'complete') return typed;
  const ttlMs = shorter(result['ttlMs'], terms.ttlMs);
  const hinted = { ...typed, ttlMs, cacheScope: 'private' };
  if (method !== 'server/discover' || terms.serverInfo === undefined) return hinted;
  const meta = isObject(result['_meta']) ? result['_meta'] : {};
  return { ...hinted, _meta: { ...meta, [serverInfoKey]: terms.serverInfo } };
}

const serverInfoKey = 'io.modelcontextprotocol/serverInfo';

// Lists are long and written once: they are parsed only if they may say already what is put in front of them.
function modernText(method: string, text: string, terms: ReplyTerms): Reply {
  if (method === 'server/discover' || !text.startsWith('{') || mayBeSaid(text)) {
    const result: Json = parseJson(text);
    return isObject(result)
      ? { kind: 'made', result: modernResult(method, result, terms) }
      : unread;
  }
  const hints = cacheable.has(method) ? `,"ttlMs":${terms.ttlMs},"cacheScope":"private"` : '';
  const rest = text === '{}' ? '}' : `,${text.slice(1)}`;
  return { kind: 'text', text: `{"resultType":"complete"${hints}${rest}` };
}

function mayBeSaid(text: string): boolean {
  return ['"resultType"', '"ttlMs"', '"cacheScope"'].some((name) => text.includes(name));
}

const unread: Reply = { kind: 'relayed', response: notAnObject };

function modernError(error: RpcError): RpcError {
  const code = modernCodes.get(error.code);
  return code === undefined ? error : { ...error, code };
}
