import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { GateError } from '../../../core/errors.ts';

export interface Callback {
  readonly redirectUrl: string;
  /** What the browser brought back; rejects when nothing came in time. */
  readonly answer: Promise<URLSearchParams>;
  close(): void;
}

export interface CallbackOptions {
  /** 0 takes any. */
  readonly port: number;
  /** The random text that only the browser of this login can bring back. */
  readonly state: string;
  readonly timeoutMs: number;
}

/** Listens on 127.0.0.1 for the redirect of one login (RFC 8252 section 7.3). Requests that do not know the state are refused. */
export async function openCallback({ port, state, timeoutMs }: CallbackOptions): Promise<Callback> {
  let settle: (parameters: URLSearchParams) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const answer = new Promise<URLSearchParams>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  // Whoever opened it may fail before it waits for the answer.
  answer.catch(() => {});
  const server = createServer((request, response) => {
    const parameters = brought(request, state);
    say(response, parameters !== undefined);
    if (parameters !== undefined) settle(parameters);
  });
  const timer = setTimeout(
    () => fail(new GateError('upstream_timeout', 'nobody came back from the authorization server')),
    timeoutMs,
  );
  const bound = await listen(server, port);
  return {
    redirectUrl: `http://127.0.0.1:${bound}/callback`,
    answer,
    close: () => {
      clearTimeout(timer);
      server.close();
      server.closeAllConnections();
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function brought(
  { method, url = '/' }: IncomingMessage,
  state: string,
): URLSearchParams | undefined {
  if (method !== 'GET' || !URL.canParse(url, 'http://127.0.0.1')) return undefined;
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
  const given = Buffer.from(searchParams.get('state') ?? '');
  const expected = Buffer.from(state);
  const isOurs = given.length === expected.length && timingSafeEqual(given, expected);
  return pathname === '/callback' && isOurs ? searchParams : undefined;
}

function say(response: ServerResponse, isOurs: boolean): void {
  response.writeHead(isOurs ? 200 : 400, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
  });
  response.end(
    isOurs ? 'mcp-gate has its answer. You can close this window.\n' : 'no such login\n',
  );
}
