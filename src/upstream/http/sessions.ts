import { GateError } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import { negotiate } from '../../wire/revisions.ts';
import type { ClientHello } from '../contract.ts';
import { envelopeOf } from '../envelope.ts';
import type { UpstreamLimits } from '../limits.ts';
import type { Log } from '../log.ts';
import { shown } from '../names.ts';
import { requestResult } from '../request-result.ts';
import type { OpenedSession } from './era-probe.ts';
import type { HttpClient } from './http-client.ts';
import { HttpConnection } from './http-connection.ts';
import { Inbox, type InboxEvents } from './inbox.ts';
import { ModernWay } from './modern-way.ts';
import { replyWriter } from './reply-writer.ts';
import { SseWay } from './sse-way.ts';
import { StreamableWay } from './streamable-way.ts';

export interface SessionParts {
  readonly server: string;
  readonly client: HttpClient;
  readonly hello: ClientHello;
  readonly limits: UpstreamLimits;
  readonly log: Log;
  readonly events: InboxEvents;
  /** The session is over, and why. */
  readonly onLost: (reason: string) => void;
}

export function legacySession(parts: SessionParts, opened: OpenedSession): HttpConnection {
  const inbox: Inbox = new Inbox({ ...parts, replies: replyWriter((text) => way.tell(text)) });
  const way = new StreamableWay({ ...parts, inbox, session: opened.session });
  const { capabilities } = opened;
  return new HttpConnection({ ...parts, capabilities, inbox, way, onGap: parts.events.onChanged });
}

export function modernSession(
  parts: SessionParts,
  { capabilities }: OpenedSession,
): HttpConnection {
  const { hello, events } = parts;
  // Servers of this era ask nothing, so there is no way for answers.
  const inbox = new Inbox({ ...parts, replies: undefined });
  const envelope = envelopeOf(hello);
  const way = new ModernWay({ ...parts, inbox, envelope, onChanged: events.onChanged });
  return new HttpConnection({ ...parts, capabilities, inbox, way, onGap: parts.events.onChanged });
}

/** Opens a session of HTTP+SSE; `onConnection` gets it at once, for it has to be closed whatever comes of it. */
export async function openSseSession(
  parts: SessionParts,
  timeoutMs: number,
  onConnection: (connection: HttpConnection) => void,
): Promise<HttpConnection> {
  const inbox: Inbox = new Inbox({ ...parts, replies: replyWriter((text) => way.tell(text)) });
  const way = new SseWay({ ...parts, inbox });
  const common = { ...parts, inbox, way, onGap: parts.events.onChanged };
  const bare = new HttpConnection({ ...common, capabilities: {} });
  onConnection(bare);
  await way.open(timeoutMs);
  const { capabilities: offered, clientInfo, protocolVersion } = parts.hello;
  const result = await requestResult(bare, {
    method: 'initialize',
    fields: { protocolVersion: negotiate(protocolVersion), capabilities: offered, clientInfo },
    timeoutMs,
  });
  const version = result['protocolVersion'];
  if (typeof version !== 'string' || negotiate(version) !== version) {
    throw new GateError(
      'upstream_unavailable',
      `answered "initialize" with the unknown protocol version "${shown(version)}"`,
    );
  }
  const note = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });
  const fault = await way.told(note);
  if (fault !== undefined) throw new GateError('upstream_unavailable', fault);
  const declared = result['capabilities'];
  const capabilities = isObject(declared) ? declared : {};
  return new HttpConnection({ ...common, capabilities });
}
