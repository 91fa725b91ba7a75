import type { IncomingHttpHeaders } from 'node:http';
import { type Refusal, refusal } from './refusal.ts';

/** What speaks against a POST before its body is read (MCP, Streamable HTTP, Sending Messages). */
export function postFault({
  accept,
  'content-type': type,
}: IncomingHttpHeaders): Refusal | undefined {
  if (type !== 'application/json' && !isJson(type)) return wrongType;
  return takesBoth(accept) ? undefined : notAcceptable;
}

/** What speaks against opening a stream. */
export function getFault({ accept }: IncomingHttpHeaders): Refusal | undefined {
  return takes(accept, 'text/event-stream') ? undefined : notStream;
}

export function isJson(type: string | undefined): boolean {
  return type !== undefined && /^application\/json\s*(;|$)/i.test(type);
}

function takesBoth(accept: string | undefined): boolean {
  return takes(accept, 'application/json') && takes(accept, 'text/event-stream');
}

function takes(accept: string | undefined, type: string): boolean {
  return accept !== undefined && (accept.includes(type) || accept.includes('*/*'));
}

const wrongType = refusal(415, 'content type must be application/json');
const notAcceptable = refusal(
  406,
  'client must accept both application/json and text/event-stream',
);
const notStream = refusal(406, 'client must accept text/event-stream');
