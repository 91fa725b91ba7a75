import type { RawResponse, Reply } from '../../core/answer.ts';
import { isObject, type Json } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import { rpcCode } from '../../wire/rpc-error.ts';

/** Errors that are HTTP errors too (MCP 2026-07-28, Streamable HTTP, Request Metadata); all others come with 200. */
const statuses: ReadonlyMap<number, number> = new Map([
  [rpcCode.methodNotFound, 404],
  [rpcCode.headerMismatch, 400],
  [rpcCode.missingCapability, 400],
  [rpcCode.unsupportedVersion, 400],
]);

const noRoom = 503;

/** A larger error is none of these. */
const errorBytes = 64 * 1024;

/** The HTTP status of an answer that is not a stream: legacy errors come with 200, but where there was no room. */
export function legacyStatusOf(reply: Reply): number {
  return retryAfterOf(reply) === undefined ? 200 : noRoom;
}

/** The HTTP status of an answer to a modern request. */
export function statusOf(reply: Reply): number {
  if (retryAfterOf(reply) !== undefined) return noRoom;
  const code =
    reply.kind === 'refused'
      ? reply.error.code
      : reply.kind === 'relayed'
        ? relayedCode(reply.response)
        : undefined;
  return (code === undefined ? undefined : statuses.get(code)) ?? 200;
}

/** After how many seconds the client may be served. */
export function retryAfterOf(reply: Reply): number | undefined {
  return reply.kind === 'refused' ? reply.retryAfterS : undefined;
}

function relayedCode({ kind, line, value }: RawResponse): number | undefined {
  if (kind === 'result' || value[1] - value[0] > errorBytes) return undefined;
  try {
    const error: Json = parseJson(line.toString('utf8', ...value));
    const code = isObject(error) ? error['code'] : undefined;
    return typeof code === 'number' ? code : undefined;
  } catch {
    return undefined;
  }
}
