import { createHmac } from 'node:crypto';
import { timestamp } from '../../core/clock.ts';
import { printable } from '../../core/printable.ts';
import { shortened } from '../../core/shortened.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';

/**
 * What somebody outside is told of a call that waits: enough to look at it, and nothing of what is in it. Whoever takes it
 * may show it as it is, so what would move a cursor or hide text stands as an escape.
 */
export interface Notice {
  /** The same at every try: who gets a notice twice can tell. */
  readonly id: string;
  readonly body: string;
  readonly expiresMs: number;
}

/** `tool` as the journal names it: a resource's address without what is private in it. */
export function noticeOf(row: ApprovalRow, tool: string): Notice {
  const { id, server, reason, requester, expiresMs } = row;
  const shown = (text: string) => printable(shortened(text, 500));
  const said = { server: shown(server), tool: shown(tool), reason: shown(reason) };
  const data = { id, ...said, requester: shown(requester) };
  const expires = timestamp(expiresMs);
  return {
    id: `msg_${id}`,
    body: JSON.stringify({ type: 'approval.requested', data: { ...data, expires } }),
    expiresMs,
  };
}

/**
 * The headers of one try, as Standard Webhooks has them: HMAC-SHA-256, base64, over id, seconds and body. A secret that
 * begins with `whsec_` is base64 behind it; any other is taken as it is.
 */
export function signedHeaders({ id, body }: Notice, secret: string, nowMs: number) {
  const seconds = String(Math.floor(nowMs / 1000));
  const key = secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret);
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return {
    'content-type': 'application/json',
    'user-agent': 'mcp-gate',
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': `v1,${signature}`,
  };
}
