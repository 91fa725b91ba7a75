import type { ServerResponse } from 'node:http';
import type { Reply } from '../../core/answer.ts';
import type { RequestId } from '../../wire/contract.ts';
import type { HttpLimits } from './contract.ts';
import { replyText } from './reply-text.ts';
import { retryAfterOf } from './status.ts';

/** A request of a client that waits for its answer; the face keeps all of them in use, and waits for them at its end. */
export interface Exchange {
  /** It stands until somebody ends it: nothing that the end of the face waits for. */
  readonly isStanding: boolean;
  /** Called regularly: what waits long becomes a stream, and a quiet stream gets a comment. */
  pulse(): void;
}

/** What came of a request, for the metrics. */
export type Outcome = 'result' | 'error' | 'accepted' | 'refused' | 'gone';

export function outcomeOf(reply: Reply): Outcome {
  if (reply.kind === 'refused') return 'error';
  return reply.kind === 'relayed' && reply.response.kind === 'error' ? 'error' : 'result';
}

/** The answer as one JSON text. A client that does not take it is let go after a while. */
export function sendJson(
  res: ServerResponse,
  status: number,
  id: RequestId,
  reply: Reply,
  { stallMs }: HttpLimits,
  headers: readonly string[] = [],
): void {
  const body = replyText(id, reply);
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const lines = ['Content-Type', 'application/json', 'Content-Length', String(length), ...headers];
  const retryAfterS = retryAfterOf(reply);
  if (retryAfterS !== undefined) lines.push('Retry-After', String(retryAfterS));
  res.writeHead(status, lines).end(body);
  letGo(res, stallMs);
}

/** Ends a stream with all that was written to it; a client that does not take it is let go as well. */
export function endStream(res: ServerResponse, { stallMs }: Pick<HttpLimits, 'stallMs'>): void {
  res.end();
  letGo(res, stallMs);
}

function letGo(res: ServerResponse, stallMs: number): void {
  if (res.writableLength > 0) res.setTimeout(stallMs, () => res.destroy());
}
