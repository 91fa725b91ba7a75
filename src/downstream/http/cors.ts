import type { ServerResponse } from 'node:http';

const exposed = 'Mcp-Session-Id, WWW-Authenticate, Retry-After';
const dayS = '86400';

/** Lets pages of a configured origin read answers. Every other origin was turned away before. */
export function corsHeaders(res: ServerResponse, origin: string): void {
  res.setHeader('Access-Control-Allow-Origin', origin);
  res.setHeader('Access-Control-Expose-Headers', exposed);
  res.setHeader('Vary', 'Origin');
}

/** Answers the question of a browser before the request itself; what it may ask for is known, who asks is not. */
export function preflight(res: ServerResponse, methods: string): void {
  const isForeign = res.hasHeader('Access-Control-Allow-Origin');
  if (isForeign) {
    res.setHeader('Access-Control-Allow-Methods', methods);
    res.setHeader('Access-Control-Allow-Headers', '*, Authorization');
    res.setHeader('Access-Control-Max-Age', dayS);
  }
  res.setHeader('Allow', `${methods}, OPTIONS`);
  res.writeHead(isForeign ? 204 : 405).end();
}
