import type { Speaker } from '../../bridge/contract.ts';
import type { Identity } from '../../core/tool-call.ts';
import type { IncomingRequest } from '../../wire/contract.ts';

/** `x-mcp-header` of one property in a tool's `inputSchema`. */
export interface HeaderParam {
  /** In small letters, as Node gives them: `mcp-param-region`. */
  readonly header: string;
  /** Where the value stands in the arguments. */
  readonly path: readonly string[];
}

/** The arguments that this call repeats in headers, by the tool's definition as its caller sees it. */
export type HeaderParams = (
  request: IncomingRequest,
  speaker: Speaker,
  identity: Identity,
) => readonly HeaderParam[];

export type Authentication =
  /** Without `expiresMs` for good. Calls end as they began; what stands open without one ends with the credential. */
  | { readonly kind: 'known'; readonly identity: Identity; readonly expiresMs?: number }
  /** `error` as RFC 6750 section 3.1 names it; undefined when no credential was given. */
  | { readonly kind: 'unknown'; readonly error: string | undefined }
  /** Nobody can say at the moment. */
  | { readonly kind: 'unavailable' };

/** Who sends this `Authorization` header. Never rejects; answers at once where it can. */
export type Authenticate = (
  header: string | undefined,
) => Authentication | PromiseLike<Authentication>;

/** Where the face listens and whom it lets in. */
export interface HttpSettings {
  readonly host: string;
  readonly port: number;
  /** The MCP endpoint: `/mcp`. */
  readonly path: string;
  /** Also speak HTTP+SSE of MCP 2024-11-05, on `/sse` and `/messages`. */
  readonly sse: boolean;
  /** Names in `Host` beside those of the loopback: `gate.example`, `gate.example:8443`. */
  readonly allowedHosts: readonly string[];
  /** Values of `Origin` beside the face's own. */
  readonly allowedOrigins: readonly string[];
  /** PEM texts. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** What RFC 9728 tells clients about tokens; undefined without authorization servers. */
  readonly resource: ProtectedResource | undefined;
  readonly limits: HttpLimits;
}

export interface ProtectedResource {
  /** The URL of the MCP endpoint as clients know it; undefined when it is the one that is bound. */
  readonly url: string | undefined;
  readonly authorizationServers: readonly string[];
}

export interface HttpLimits {
  readonly bodyBytes: number;
  /** Of all bodies that are being read, together. */
  readonly bodiesBytes: number;
  readonly headerBytes: number;
  readonly connections: number;
  readonly sessions: number;
  readonly sessionsPerCaller: number;
  /** Streams that stand open without a call: GET, HTTP+SSE, `subscriptions/listen`. */
  readonly streamsPerCaller: number;
  readonly requestsPerCaller: number;
  readonly sessionIdleMs: number;
  /** A client that takes longer than this to send its headers, or its whole request, is cut off. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** A connection without a request is kept this long. */
  readonly keepAliveMs: number;
  /** Comments keep quiet streams open; a call that takes longer than this becomes a stream. */
  readonly pulseMs: number;
  /** A client that leaves more than this unread is cut off. */
  readonly unreadBytes: number;
  /** Past what all clients together leave unread, whoever leaves most is cut off. */
  readonly unreadsBytes: number;
  /** An answer that nobody takes any bytes of for this long is given up. */
  readonly stallMs: number;
  /** Kept for clients that resume a broken stream: for one stream, for all of them, and for how long. */
  readonly replayBytes: number;
  readonly replaysBytes: number;
  readonly replayMs: number;
}

const kibi = 1024;
const mebi = 1024 * kibi;

export const defaultLimits: HttpLimits = {
  bodyBytes: 64 * mebi,
  bodiesBytes: 512 * mebi,
  headerBytes: 16 * kibi,
  connections: 4096,
  sessions: 1000,
  sessionsPerCaller: 200,
  streamsPerCaller: 400,
  requestsPerCaller: 1024,
  sessionIdleMs: 30 * 60_000,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 60_000,
  pulseMs: 15_000,
  unreadBytes: 16 * mebi,
  unreadsBytes: 512 * mebi,
  stallMs: 60_000,
  replayBytes: mebi,
  replaysBytes: 64 * mebi,
  replayMs: 60_000,
};
