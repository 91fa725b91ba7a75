import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { expect, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { isObject, type JsonObject } from '../../../src/core/json.ts';
import type { FarMessage } from '../../../src/core/related.ts';
import type { ClientHello, Connection, ListKind } from '../../../src/upstream/contract.ts';
import { startRemote } from '../../../src/upstream/http/remote-run.ts';
import { defaultLimits, type UpstreamLimits } from '../../../src/upstream/limits.ts';
import type { Run } from '../../../src/upstream/run.ts';
import type { RemoteSpec } from '../../../src/upstream/server-spec.ts';
import type { Era } from '../../../src/wire/eras.ts';
import { type ServerRequest, scratchFolder, until } from '../rig.ts';

/** One HTTP request as the peer got it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The JSON-RPC message; empty where there is no body. */
  readonly body: JsonObject;
}

export type Handler = (seen: Seen, response: ServerResponse) => void | Promise<void>;

export interface Peer {
  readonly url: string;
  readonly seen: Seen[];
  readonly server: Server;
  /** The messages that were posted, by their method. */
  posted(method: string): readonly Seen[];
}

/** A real HTTP server on the loopback, closed when the test is over. */
export async function peer(handler: Handler, path = '/mcp'): Promise<Peer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void read(request).then(async (body) => {
      const { method = '', url = '', headers } = request;
      const one = { method, path: url, headers, body };
      seen.push(one);
      await handler(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const posted = (method: string): readonly Seen[] =>
    seen.filter(({ body }) => body['method'] === method);
  return { url: `http://127.0.0.1:${portOf(server)}${path}`, seen, server, posted };
}

export function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return address.port;
}

async function read(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks).toString();
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return { text };
  }
}

export function sendJson(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export function sendText(
  response: ServerResponse,
  text: string,
  status: number,
  headers = {},
): void {
  response.writeHead(status, { 'content-type': 'text/plain', ...headers });
  response.end(text);
}

export function answerTo(seen: Seen, result: JsonObject): JsonObject {
  return { jsonrpc: '2.0', id: seen.body['id'], result };
}

export function errorTo(seen: Seen, code: number, message: string, data?: JsonObject): JsonObject {
  return {
    jsonrpc: '2.0',
    id: seen.body['id'],
    error: { code, message, ...(data ? { data } : {}) },
  };
}

export function openEvents(response: ServerResponse, headers = {}): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  response.flushHeaders();
}

export function event(message: unknown, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(message)}\n\n`;
}

export function toolOf(seen: Seen): string {
  const params = seen.body['params'];
  return isObject(params) && typeof params['name'] === 'string' ? params['name'] : '';
}

export function argumentsOf(seen: Seen): JsonObject {
  const params = seen.body['params'];
  const args = isObject(params) ? params['arguments'] : undefined;
  return isObject(args) ? args : {};
}

export function tokenOf(seen: Seen): unknown {
  const params = seen.body['params'];
  const meta = isObject(params) ? params['_meta'] : undefined;
  return isObject(meta) ? meta['progressToken'] : undefined;
}

/** A legacy server with a session: the handshake is done, GET is refused, the rest is the test's. */
export function legacy(rest: Handler, options: { readonly session?: string } = {}): Handler {
  const session = options.session === undefined ? {} : { 'mcp-session-id': options.session };
  return async (seen, response) => {
    const { method } = seen.body;
    if (method === 'initialize') {
      const { protocolVersion } = isObject(seen.body['params']) ? seen.body['params'] : {};
      const serverInfo = { name: 'peer', version: '0' };
      const capabilities = { tools: { listChanged: true }, resources: { subscribe: true } };
      const result = { protocolVersion, capabilities, serverInfo };
      sendJson(response, answerTo(seen, result), 200, session);
    } else if (method === 'server/discover') {
      sendText(response, 'no session', 400);
    } else if (method === 'notifications/initialized') {
      response.writeHead(202).end();
    } else {
      await rest(seen, response);
    }
  };
}

export const modernCapabilities = { tools: { listChanged: true }, resources: { subscribe: true } };

/** A modern server: `server/discover` is answered, the rest is the test's. */
export function modern(rest: Handler, capabilities: JsonObject = modernCapabilities): Handler {
  return async (seen, response) => {
    if (seen.body['method'] !== 'server/discover') {
      await rest(seen, response);
      return;
    }
    const result = { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities };
    sendJson(response, answerTo(seen, result));
  };
}

/** Refuses what a test has no use for. */
export const refuse: Handler = (seen, response) => {
  if (seen.method === 'POST' && seen.body['id'] === undefined) response.writeHead(202).end();
  else response.writeHead(405).end();
};

export const clients = {
  legacy: {
    era: 'legacy',
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'rig', version: '0' },
  },
  modern: {
    era: 'modern',
    protocolVersion: '2026-07-28',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'rig', version: '0' },
  },
} as const satisfies Readonly<Record<Era, ClientHello>>;

export interface RemoteRig {
  readonly run: Run;
  readonly requests: ServerRequest[];
  readonly notifications: FarMessage[];
  readonly changes: ListKind[];
  readonly logged: string[];
  readonly verdicts: Map<string, Era>;
  /** The connection, once; fails when the run ends first. */
  connected(): Promise<Connection>;
  /** Why the run ended. */
  over(): Promise<string>;
}

export interface RemoteOptions {
  readonly spec?: Partial<RemoteSpec>;
  readonly limits?: Partial<UpstreamLimits>;
  readonly era?: Era;
  readonly verdicts?: Map<string, Era>;
}

export function remoteSpec(url: string, spec: Partial<RemoteSpec> = {}): RemoteSpec {
  return {
    kind: 'remote',
    key: 'far',
    prefix: true,
    protocol: 'auto',
    initTimeoutMs: 10_000,
    url,
    transport: 'http',
    headers: {},
    tokenDir: spec.tokenDir ?? scratchFolder(),
    oauth: undefined,
    ...spec,
  };
}

/** A run against a URL, opened; ended when the test is over. */
export function remote(url: string, options: RemoteOptions = {}): RemoteRig {
  const requests: ServerRequest[] = [];
  const notifications: FarMessage[] = [];
  const changes: ListKind[] = [];
  const logged: string[] = [];
  const verdicts = options.verdicts ?? new Map<string, Era>();
  let connection: Connection | undefined;
  let reason: string | undefined;
  const note = (fields: object, message: string): void => {
    logged.push(`${message} ${JSON.stringify(fields)}`);
  };
  const run = startRemote(remoteSpec(url, options.spec), {
    limits: { ...defaultLimits, backoffMs: () => 20, closeMs: 500, ...options.limits },
    clock: systemClock,
    log: { debug: note, info: note, warn: note },
    eras: {
      of: (server) => verdicts.get(server),
      found: (server, era) => {
        if (era === undefined) verdicts.delete(server);
        else verdicts.set(server, era);
      },
    },
    events: {
      onReady: (opened) => {
        connection = opened;
      },
      onOver: (said) => {
        expect(reason).toBeUndefined();
        reason = said;
      },
      onChanged: (kinds) => changes.push(...kinds),
      onRequest: (server, request, lifetime, reply, related) => {
        if (related === undefined) requests.push({ server, request, lifetime, reply });
        else related.ask(server, request, lifetime, reply);
      },
      onNotification: (_, notification) => notifications.push(notification),
    },
  });
  onTestFinished(() => run.end('the test is over'));
  void run.open(clients[options.era ?? 'legacy']);
  return {
    run,
    requests,
    notifications,
    changes,
    logged,
    verdicts,
    connected: async () => {
      const done = await until('end of the opening', () => connection ?? reason);
      if (typeof done === 'string') throw new Error(`no session: ${done}`);
      return done;
    },
    over: () => until('end of the run', () => reason),
  };
}

/** The connection to a peer at once, for tests that need nothing else of the run. */
export async function connect(url: string, options: RemoteOptions = {}): Promise<Connection> {
  return remote(url, options).connected();
}
