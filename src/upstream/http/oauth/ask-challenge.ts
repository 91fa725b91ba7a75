import type { HttpClient } from '../http-client.ts';
import { modernHeaders } from '../modern-request.ts';
import { ReplyReader } from '../reply-reader.ts';
import { type Challenge, readChallenge } from './challenge.ts';

/** What a server says when it is asked without authorization; nothing when it does not mind, or says it elsewhere. */
export function askChallenge(client: HttpClient, timeoutMs: number): Promise<Challenge> {
  const method = 'server/discover';
  const headers = modernHeaders(method, undefined, []);
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method, params: {} });
  return new Promise((resolve) => {
    const nothing = (): void => resolve(readChallenge(undefined));
    const reader = new ReplyReader(
      {
        onOpen: nothing,
        onMessage: () => {},
        onId: () => {},
        onRetry: () => {},
        onEnd: nothing,
        onRefused: ({ header }) => resolve(readChallenge(header('www-authenticate'))),
        onUnusable: nothing,
        onFailed: nothing,
      },
      client.limits,
    );
    const exchange = client.send({ method: 'POST', headers, body, lane: 'calls' }, reader);
    const timer = setTimeout(() => {
      exchange.abort();
      nothing();
    }, timeoutMs);
    timer.unref();
  });
}
