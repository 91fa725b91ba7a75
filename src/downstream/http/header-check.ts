import type { IncomingHttpHeaders } from 'node:http';
import { isObject, type Json } from '../../core/json.ts';
import { shortened } from '../../core/shortened.ts';
import type { IncomingRequest } from '../../wire/contract.ts';
import type { HeaderParam } from './contract.ts';
import { decodeHeader, saysSame } from './header-value.ts';

/** The member of `params` that `Mcp-Name` repeats, by method; the last three are of the tasks extension. */
const nameMembers: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};

/**
 * What is wrong with the headers of a modern request, in words: whoever decided on them on the way must have seen what the
 * body says (MCP 2026-07-28, Server Validation). A header that the body does not back is as wrong as one that is missing.
 */
export function headerFault(
  headers: IncomingHttpHeaders,
  { method, params = {} }: IncomingRequest,
  version: string | undefined,
): string | undefined {
  const member = nameMembers[method];
  return (
    versionFault(headers['mcp-protocol-version'], version) ??
    fault('Mcp-Method', headers['mcp-method'], method, false) ??
    (member === undefined ? undefined : fault('Mcp-Name', headers['mcp-name'], params[member]))
  );
}

/** The same for the arguments that the called tool wants repeated. */
export function paramFault(
  headers: IncomingHttpHeaders,
  params: readonly HeaderParam[],
  args: Json | undefined,
): string | undefined {
  for (const { header, path } of params) {
    const wrong = fault(header, headers[header], valueAt(args, path));
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

// A body without a version is refused for that, whatever its header says.
function versionFault(
  header: string | string[] | undefined,
  version: string | undefined,
): string | undefined {
  if (version === undefined) return undefined;
  return fault('MCP-Protocol-Version', header, version, false);
}

function fault(
  name: string,
  header: string | string[] | undefined,
  value: Json | undefined,
  isEncoded = true,
): string | undefined {
  if (header === undefined) {
    return isPlain(value) ? `Header mismatch: ${name} header is missing` : undefined;
  }
  const raw = typeof header === 'string' ? header : header.join();
  const said = isEncoded ? decodeHeader(raw) : raw;
  if (said === undefined) return `Header mismatch: ${name} header has invalid characters`;
  if (value === undefined || value === null) return `Header mismatch: the body has no ${name}`;
  if (saysSame(said, value)) return undefined;
  return `Header mismatch: ${name} header value ${shown(said)} does not match body value ${shown(value)}`;
}

/** Objects and lists have no header: the tool's schema refuses them where it does not want them. */
function isPlain(value: Json | undefined): boolean {
  return value !== undefined && value !== null && typeof value !== 'object';
}

function shown(value: Json): string {
  return shortened(JSON.stringify(value), 100);
}

function valueAt(args: Json | undefined, path: readonly string[]): Json | undefined {
  let value = args;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}
