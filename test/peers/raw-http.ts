import { type Message, messageOf } from '../harness/message.ts';

const usual = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON-RPC answer, from plain JSON or the last event of a stream; undefined when there is none. */
  readonly message: Message | undefined;
}

export interface RawOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly capabilities?: object;
  readonly signal?: AbortSignal;
}

/** One modern request with all that the spec wants around it; `headers` replace what would be sent. */
export function modernRequest(
  url: string,
  method: string,
  params: Message,
  options: RawOptions = {},
): Promise<RawAnswer> {
  const name = params['name'];
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof name === 'string' && { 'mcp-name': name }),
    ...options.headers,
  };
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': options.capabilities ?? {},
  };
  return post(url, { id: 1, method, params: { ...params, _meta } }, { ...options, headers });
}

/** One message over HTTP. */
export async function post(
  url: string,
  message: object,
  { headers, signal }: RawOptions = {},
): Promise<RawAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...usual, ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    ...(signal !== undefined && { signal }),
  });
  const text = await response.text();
  const last = [...text.matchAll(/^data: (\{.*)$/gm)].at(-1)?.[1] ?? text;
  const answer = last.startsWith('{') ? messageOf(JSON.parse(last)) : undefined;
  return { status: response.status, headers: response.headers, message: answer };
}

/** Opens a session of the legacy era; returns the headers of its requests. */
export async function openRawSession(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw' } };
  const opened = await post(url, { id: 0, method: 'initialize', params }, { headers });
  return { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
}
