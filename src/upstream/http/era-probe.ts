import type { JsonObject } from '../../core/json.ts';
import { isObject } from '../../core/json.ts';
import type { Era } from '../../wire/eras.ts';
import { legacyRevisions, negotiate } from '../../wire/revisions.ts';
import { rpcCode } from '../../wire/rpc-error.ts';
import type { ClientHello } from '../contract.ts';
import { envelopeOf } from '../envelope.ts';
import { shown } from '../names.ts';
import { requestLine } from '../request-line.ts';
import { ask, type Reply } from './ask.ts';
import type { HttpClient } from './http-client.ts';
import { modernHeaders, modernVersion } from './modern-request.ts';
import { sendNote } from './note.ts';
import { refusalReason } from './refusal.ts';
import { type HttpSession, postHeaders, sessionHeaders } from './session-headers.ts';

/** A server that said what it speaks, and what it has. */
export interface OpenedSession {
  readonly era: Era;
  readonly capabilities: JsonObject;
  /** Of the legacy era. */
  readonly session: HttpSession;
  /** It speaks this era and no other, as far as it says. */
  readonly isOnlyEra: boolean;
}

export type ProbeResult =
  | { readonly kind: 'opened'; readonly opened: OpenedSession }
  /** It does not speak this era: the other one may be tried. */
  | { readonly kind: 'other'; readonly status: number; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export interface ProbeParts {
  readonly client: HttpClient;
  readonly hello: ClientHello;
  readonly timeoutMs: number;
}

/** Opens a session in one era, or finds out that the server has the other one. Never rejects. */
export function probe(era: Era, parts: ProbeParts): Promise<ProbeResult> {
  return era === 'modern' ? discover(parts, true) : initialize(parts);
}

const none = { argumentsText: undefined, extras: undefined };

async function discover(parts: ProbeParts, mayRetry: boolean): Promise<ProbeResult> {
  const { client, hello, timeoutMs } = parts;
  const method = 'server/discover';
  const meta = envelopeOf(hello);
  const body = requestLine(0, { method, fields: undefined, meta, ...none }, false);
  const headers = modernHeaders(method, undefined, []);
  const request = { method: 'POST', headers, body, lane: 'calls' } as const;
  const reply = await ask(client, { method, request, timeoutMs });
  if (reply.kind === 'result') return discovered(reply.result);
  if (reply.kind !== 'error' || !isEvidence(reply.status)) return unanswered(reply);
  switch (reply.code) {
    case rpcCode.unsupportedVersion:
      if (mayRetry && versionsIn(reply.data['supported']).includes(modernVersion)) {
        return discover(parts, false);
      }
      return otherVersion(versionsIn(reply.data['supported']), reply.status);
    case rpcCode.headerMismatch:
    case rpcCode.missingCapability:
      return { kind: 'failed', reason: reply.reason };
    default:
      return { kind: 'other', status: reply.status, reason: reply.reason };
  }
}

function discovered(result: JsonObject): ProbeResult {
  const versions = versionsIn(result['supportedVersions']);
  if (!versions.includes(modernVersion)) return otherVersion(versions, 200);
  const isOnlyEra = !versions.some(isLegacy);
  const capabilities = declared(result);
  const session = { id: undefined, version: modernVersion };
  return { kind: 'opened', opened: { era: 'modern', capabilities, session, isOnlyEra } };
}

/** One that names no version at all has answered something else than it was asked. */
function otherVersion(versions: readonly string[], status: number): ProbeResult {
  const reason = `speaks none of the known versions of MCP: ${shown(versions.join(', '))}`;
  return versions.length === 0 || versions.some(isLegacy)
    ? { kind: 'other', status, reason }
    : { kind: 'failed', reason };
}

async function initialize({ client, hello, timeoutMs }: ProbeParts): Promise<ProbeResult> {
  const { capabilities, clientInfo } = hello;
  const method = 'initialize';
  const fields = { protocolVersion: negotiate(hello.protocolVersion), capabilities, clientInfo };
  const body = requestLine(0, { method, fields, meta: undefined, ...none }, false);
  const request = { method: 'POST', headers: postHeaders, body, lane: 'calls' } as const;
  const reply = await ask(client, { method, request, timeoutMs });
  if (reply.kind !== 'result') return unanswered(reply);
  const version = reply.result['protocolVersion'];
  if (typeof version !== 'string' || negotiate(version) !== version) {
    const reason = `answered "initialize" with the unknown protocol version "${shown(version)}"`;
    return { kind: 'failed', reason };
  }
  const id = reply.head.header('mcp-session-id');
  if (id !== undefined && !/^[\x21-\x7e]{1,1024}$/.test(id)) {
    return { kind: 'failed', reason: 'gave a session id that cannot be sent back' };
  }
  const session = { id, version };
  const opened = { era: 'legacy', capabilities: declared(reply.result), session } as const;
  const fault = await told(client, session, timeoutMs);
  if (fault !== undefined) return { kind: 'failed', reason: fault };
  return { kind: 'opened', opened: { ...opened, isOnlyEra: false } };
}

/** Every request that follows must come behind this notification, and POSTs keep no order by themselves. */
function told(
  client: HttpClient,
  session: HttpSession,
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const method = 'notifications/initialized';
    const settle = (fault: string | undefined): void => {
      clearTimeout(timer);
      resolve(fault);
    };
    const timer = setTimeout(
      () => settle(`did not take "${method}" within ${timeoutMs} ms`),
      timeoutMs,
    );
    const headers = [...postHeaders, ...sessionHeaders(session)];
    const body = JSON.stringify({ jsonrpc: '2.0', method });
    sendNote(
      client,
      { method: 'POST', headers, body, lane: 'messages' },
      {
        onOpen: () => settle(undefined),
        onMessage: () => {},
        onTaken: () => settle(undefined),
        onRefused: (head, text) => settle(`"${method}" was ${refusalReason(client, head, text)}`),
        onFailed: settle,
      },
    );
  });
}

/** Authorization, and what goes wrong within the server, say nothing about its era. */
const noEvidence: ReadonlySet<number> = new Set([401, 402, 403, 407, 408, 425, 429, 451]);

function isEvidence(status: number): boolean {
  return status < 300 || (status >= 400 && status < 500 && !noEvidence.has(status));
}

/** Which code a modern server has for `initialize` is its own choice (MCP 2026-07-28, versioning): any error may mean it. */
function unanswered(reply: Exclude<Reply, { readonly kind: 'result' }>): ProbeResult {
  if (reply.kind === 'failed') return reply;
  const { status, reason } = reply;
  return isEvidence(status) ? { kind: 'other', status, reason } : { kind: 'failed', reason };
}

function versionsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function isLegacy(version: string): boolean {
  return legacyRevisions.some((each) => each === version);
}

function declared(result: JsonObject): JsonObject {
  const { capabilities } = result;
  return isObject(capabilities) ? capabilities : {};
}
