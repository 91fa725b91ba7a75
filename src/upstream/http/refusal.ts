import { cleanResponse } from '../../wire/reserved-meta.ts';
import type { ResponseHead } from './exchange.ts';
import type { HttpClient } from './http-client.ts';
import type { Inbox } from './inbox.ts';
import { missingScope } from './oauth/challenge.ts';
import { asAnswer, rpcErrorIn } from './rpc-error-body.ts';
import { redirection } from './wording.ts';

/** Why a response with another status than 2xx stands for no answer, in words. */
export function refusalReason(client: HttpClient, head: ResponseHead, body: Buffer): string {
  const { status } = head;
  if (status < 400) return redirection(status, head.header('location'), client.url.href);
  const missing = status === 403 ? missingScope(head.header('www-authenticate')) : undefined;
  if (missing === undefined || missing.length > 120) return client.wording.refusal(status, body);
  return client.wording.clean(`answered HTTP 403: its authorization lacks the scope "${missing}"`);
}

/**
 * What a server has not done that answers a POST so (RFC 9110 section 15.5): its caller is not known or not allowed, there is
 * nothing at that address or no such session, or it does not take such requests. Everything else leaves open what it did.
 */
const notActedUpon: ReadonlySet<number> = new Set([401, 403, 404, 405, 413, 415]);

/** Settles a request whose POST was refused: an error of JSON-RPC is its answer, everything else only a reason. */
export function settleRefused(
  { client, inbox }: { readonly client: HttpClient; readonly inbox: Inbox },
  id: number,
  head: ResponseHead,
  body: Buffer,
): void {
  const found = head.status >= 400 ? rpcErrorIn(body) : undefined;
  const answer = found === undefined ? undefined : asAnswer(found, id);
  const reason = refusalReason(client, head, body);
  if (answer !== undefined) inbox.pending.answer(id, cleanResponse(answer));
  else if (notActedUpon.has(head.status)) inbox.pending.unsent(id, reason);
  else inbox.pending.lose(id, reason);
}

/** What a server says to a session that it no longer knows, or to a request that came without one. */
const noSession = /session/i;

/** HTTP 404 by the spec; many servers that were started anew say HTTP 400 and, in words, that they miss the session. */
export function isSessionLost(head: ResponseHead, body: Buffer): boolean {
  if (head.status === 404) return true;
  const error = head.status === 400 ? rpcErrorIn(body) : undefined;
  return error !== undefined && error.code !== -32602 && noSession.test(error.message);
}
