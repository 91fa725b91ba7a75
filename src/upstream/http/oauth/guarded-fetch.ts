import { GateError } from '../../../core/errors.ts';

const timeoutMs = 30_000;
const answerBytes = 1024 * 1024;

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * `fetch` for authorization servers, which the tool server names: only over https, or over http at the tool server's own host
 * when it is reached so itself; in bounded time, with bounded answers. Redirects are left to the SDK, which stays at the origin.
 * `onFault` hears of answers that say nothing about the tokens: the SDK takes them for a reason to ask a person.
 */
export function guardedFetch(server: URL, onFault: (status: number) => void = () => {}): Fetch {
  return async (url, init) => {
    const target = new URL(url);
    if (!isAllowed(target, server)) {
      throw new GateError(
        'upstream_unavailable',
        `its authorization server at ${target.origin} is not reached over https`,
      );
    }
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(target, { ...init, redirect: 'manual', signal });
    const body = await bounded(response);
    const { status, statusText, headers } = response;
    if (status >= 500) onFault(status);
    return new Response(hasBody(status) ? body : null, { status, statusText, headers });
  };
}

export function isAllowed(target: URL, server: URL): boolean {
  if (target.protocol === 'https:') return true;
  return (
    target.protocol === 'http:' &&
    server.protocol === 'http:' &&
    target.hostname === server.hostname
  );
}

async function bounded(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytes) {
      throw new GateError(
        'upstream_unavailable',
        'an answer of its authorization server is too long',
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A response with one of these may not have a body, not even an empty one. */
function hasBody(status: number): boolean {
  return ![101, 204, 205, 304].includes(status);
}
