import type { RawResponse } from '../core/answer.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { legacyError } from './hop-errors.ts';
import {
  errorResponse,
  notAnObject,
  type ResultMembers,
  resultMembers,
  withMembers,
} from './result-bytes.ts';

/** What legacy results do not have: some clients refuse a result with a member that they do not know. */
const modernMembers = ['resultType', 'ttlMs', 'cacheScope'] as const;

const openBrace = 0x7b;

/** The last answer of a modern server as a client of the legacy era knows it. */
export function legacyResponse(method: string, response: RawResponse): RawResponse {
  if (response.kind === 'error') return legacyError(response);
  if ((response.resultType ?? 'complete') !== 'complete') return strangeResult;
  const members = resultMembers(response);
  if (members === undefined) return notAnObject;
  const kept = new Map(members);
  for (const name of modernMembers) kept.delete(name);
  if (method === 'tools/call') plainContent(kept);
  return isSame(kept, members) ? response : withMembers(response, kept);
}

function isSame(kept: ResultMembers, members: ResultMembers): boolean {
  return kept.size === members.size && [...members.keys()].every((name) => kept.has(name));
}

/** Structured content is an object here; another value is left to the text that a server should give beside it. */
function plainContent(members: Map<string, Buffer>): void {
  const structured = members.get('structuredContent');
  if (structured === undefined || structured[0] === openBrace) return;
  members.delete('structuredContent');
  const content = members.get('content')?.toString('utf8') ?? '[]';
  if (!/^\[\s*\]$/.test(content)) return;
  const block = { type: 'text', text: structured.toString('utf8') };
  members.set('content', Buffer.from(JSON.stringify([block])));
}

const strangeResult = errorResponse({
  code: rpcCode.internal,
  message: 'the server answered with a type of result that was never offered to it',
});
