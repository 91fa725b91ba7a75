import type { JsonObject } from '../../core/json.ts';
import type { ForwardedRequest } from '../../core/tool-call.ts';
import { modernRevisions } from '../../wire/revisions.ts';
import { headerValue } from './header-value.ts';
import { postHeaders } from './session-headers.ts';

export const modernVersion = modernRevisions[0];

const versionKey = 'io.modelcontextprotocol/protocolVersion';
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';

/** A request with all that every modern one must say of its client; what it says already stays, but for the version. */
export function enveloped(request: ForwardedRequest, envelope: JsonObject): ForwardedRequest {
  const { meta } = request;
  const isWhole = meta?.[versionKey] === modernVersion && meta[capabilitiesKey] !== undefined;
  if (isWhole) return request;
  return { ...request, meta: { ...envelope, ...meta, [versionKey]: modernVersion } };
}

/** Which member of the params goes into `Mcp-Name`. */
const names: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/** The headers of a POST that mirror its body (MCP 2026-07-28, Streamable HTTP, request metadata). */
export function modernHeaders(
  method: string,
  fields: JsonObject | undefined,
  others: readonly string[],
): readonly string[] {
  const name = fields?.[names.get(method) ?? ''];
  return [
    ...postHeaders,
    ...['mcp-protocol-version', modernVersion, 'mcp-method', headerValue(method)],
    ...(typeof name === 'string' && names.has(method) ? ['mcp-name', headerValue(name)] : []),
    ...others,
  ];
}
