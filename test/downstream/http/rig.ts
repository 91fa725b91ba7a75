import http from 'node:http';
import { onTestFinished } from 'vitest';
import type { Speaker } from '../../../src/bridge/contract.ts';
import { isObject, type Json, type JsonObject } from '../../../src/core/json.ts';
import type { Identity } from '../../../src/core/tool-call.ts';
import type {
  Host,
  LegacyClient,
  LegacySession,
  Outlet,
} from '../../../src/downstream/contract.ts';
import {
  type Authenticate,
  defaultLimits,
  type HeaderParam,
  type HttpLimits,
  type HttpSettings,
} from '../../../src/downstream/http/contract.ts';
import { createHttpFace, type HttpFace } from '../../../src/downstream/http/face.ts';
import type { Pages } from '../../../src/downstream/http/page-contract.ts';
import type { Incoming, IncomingRequest, RequestId } from '../../../src/wire/contract.ts';

/** One request that reached the host, still to be answered when the test says so. */
export interface Held {
  readonly request: IncomingRequest;
  readonly outlet: Outlet;
  readonly identity: Identity;
  readonly speaker: Speaker | undefined;
}

/** A host that echoes, holds what it is told to hold, and remembers everything. */
export class FakeHost implements Host {
  readonly sessions: { readonly client: LegacyClient; readonly told: Incoming[]; open: boolean }[] =
    [];
  readonly held: Held[] = [];
  readonly gone: Outlet[] = [];
  isClosed = false;
  readonly modern = {
    request: (
      request: IncomingRequest,
      speaker: Speaker,
      identity: Identity,
      outlet: Outlet,
    ): void => this.#serve({ request, outlet, identity, speaker }),
    tool: () => undefined,
    cancel: (_outlet: Outlet, _id: RequestId): void => {},
    gone: (outlet: Outlet): void => {
      this.gone.push(outlet);
    },
  };

  legacy(client: LegacyClient): LegacySession {
    const session = { client, told: [] as Incoming[], open: true };
    this.sessions.push(session);
    return {
      receive: (message, outlet) => {
        session.told.push(message);
        if (message.kind !== 'request') return;
        this.#serve({ request: message, outlet, identity: client.identity, speaker: undefined });
      },
      close: () => {
        session.open = false;
        return Promise.resolve();
      },
    };
  }

  changed(): void {}

  close(): Promise<void> {
    this.isClosed = true;
    for (const { request, outlet } of this.held.splice(0)) {
      if (request.method !== 'subscriptions/listen') continue;
      outlet.reply(request.id, { kind: 'made', result: { resultType: 'complete' } });
    }
    return Promise.resolve();
  }

  // `hold`: nothing yet. `tell`: a notification first. `fail`: the error that it names. `full`: no room. Everything else is echoed.
  #serve(held: Held): void {
    const { request, outlet } = held;
    const { method, params = {}, id } = request;
    const name = String(params['name'] ?? '');
    if (name === 'hold' || method === 'subscriptions/listen') {
      this.held.push(held);
      if (method === 'subscriptions/listen') outlet.notify(note('notifications/acknowledged'));
    } else if (name === 'full') {
      const error = { code: 4503, message: 'there is no room; try again later' };
      if (params['told'] === true) outlet.notify(note('notifications/message'));
      outlet.reply(id, { kind: 'refused', error, retryAfterS: 7 });
    } else if (name === 'fail' && typeof params['code'] === 'number') {
      outlet.refuse(id, { code: params['code'], message: 'as asked' });
    } else {
      if (name === 'tell') outlet.notify(note('notifications/message'));
      outlet.reply(id, { kind: 'made', result: { ...results[method], method, params } });
    }
  }
}

/** What clients want to find in a result, of either era. */
const cached = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
const results: Readonly<Record<string, JsonObject>> = {
  'tools/list': { ...cached, tools: [{ name: 'echo', inputSchema: { type: 'object' } }] },
  'tools/call': { resultType: 'complete', content: [{ type: 'text', text: 'echoed' }] },
  'server/discover': {
    ...cached,
    supportedVersions: ['2026-07-28', '2025-11-25'],
    capabilities: { tools: { listChanged: true } },
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'fake', version: '1' } },
  },
};

export function note(method: string, params: JsonObject = { told: true }) {
  return { method, params, extras: undefined };
}

export function identityOf(scope: string): Identity {
  return { type: 'user', id: scope, source: 'os', verified: true, scope };
}

const anybody: Authenticate = () => ({ kind: 'known', identity: identityOf('anybody') });

/** Whoever names itself behind `Bearer`; `late` decides later. */
export const bearers: Authenticate = (header) => {
  const name = /^Bearer (\w+)$/.exec(header ?? '')?.[1];
  if (header === undefined) return { kind: 'unknown', error: undefined };
  if (name === undefined || name === 'wrong') return { kind: 'unknown', error: 'invalid_token' };
  const known = { kind: 'known', identity: identityOf(name) } as const;
  return name === 'late' ? Promise.resolve(known) : known;
};

export interface FaceOptions {
  readonly settings?: Partial<HttpSettings>;
  readonly limits?: Partial<HttpLimits>;
  readonly authenticate?: Authenticate;
  readonly headerParams?: readonly HeaderParam[];
  readonly pages?: Pages;
}

export interface Face {
  readonly face: HttpFace;
  readonly host: FakeHost;
  /** Of the MCP endpoint. */
  readonly url: string;
  readonly origin: string;
  readonly port: number;
  readonly clock: { now: number };
  readonly state: { isReady: boolean };
}

/** A face that listens, until the test is over. */
export async function openFace(options: FaceOptions = {}): Promise<Face> {
  const host = new FakeHost();
  const clock = { now: 1_000_000 };
  const state = { isReady: true };
  const face = createHttpFace({
    settings: settingsOf(options),
    host,
    authenticate: options.authenticate ?? anybody,
    headerParams: () => options.headerParams ?? [],
    pages: options.pages,
    version: '1.2.3',
    instructions: () => 'be careful',
    isReady: () => state.isReady,
    clock: () => clock.now,
  });
  const { url } = await face.listen();
  onTestFinished(() => face.drain(0));
  const { origin, port } = new URL(url);
  return { face, host, url, origin, port: Number(port), clock, state };
}

export function settingsOf({ settings, limits }: FaceOptions): HttpSettings {
  return {
    host: '127.0.0.1',
    port: 0,
    path: '/mcp',
    sse: true,
    allowedHosts: [],
    allowedOrigins: [],
    tls: undefined,
    resource: undefined,
    ...settings,
    limits: { ...defaultLimits, ...limits },
  };
}

export interface Got {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  readonly json: JsonObject;
  /** The data of all events of a stream, parsed. */
  readonly events: readonly Event[];
}

export interface Event {
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly data: Json;
}

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: JsonObject | string;
}

export const both = 'application/json, text/event-stream';

/** One HTTP request on a connection of its own, read to the end of its answer. */
export function ask(face: Pick<Face, 'port'>, options: Ask): Promise<Got> {
  return new Promise((resolve, reject) => {
    const req = send(face, options);
    req.on('error', reject);
    req.on('response', (res) => {
      readAll(res).then((text) => resolve(gotOf(res, text)), reject);
    });
  });
}

/** The same, but the answer is still coming: a stream, or one that the test breaks off. */
export function send({ port }: Pick<Face, 'port'>, options: Ask): http.ClientRequest {
  const { method = 'POST', path = '/mcp', headers = {}, body } = options;
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
  const usual =
    method === 'POST'
      ? {
          'content-type': 'application/json',
          accept: both,
          'content-length': Buffer.byteLength(text),
        }
      : { accept: both };
  const all = { ...usual, ...headers };
  const req = http.request({ host: '127.0.0.1', port, method, path, headers: all, agent: false });
  req.end(text);
  return req;
}

/** A stream whose events are collected as they come. */
export class Stream {
  readonly req: http.ClientRequest;
  readonly res: http.IncomingMessage;
  #text = '';
  isOver = false;

  constructor(req: http.ClientRequest, res: http.IncomingMessage) {
    this.req = req;
    this.res = res;
    res.setEncoding('utf8');
    res.on('data', (chunk: string) => {
      this.#text += chunk;
    });
    res.on('close', () => {
      this.isOver = true;
    });
    res.on('error', () => {});
  }

  get text(): string {
    return this.#text;
  }

  get events(): readonly Event[] {
    return eventsOf(this.#text);
  }
}

export function openStream(face: Pick<Face, 'port'>, options: Ask): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const req = send(face, options);
    onTestFinished(() => {
      req.destroy();
    });
    req.on('error', reject);
    req.on('response', (res) => resolve(new Stream(req, res)));
  });
}

/** Opens a legacy session and gives what its requests need. */
export async function openSession(
  face: Face,
  headers: http.OutgoingHttpHeaders = {},
  protocolVersion = '2025-11-25',
): Promise<Record<string, string>> {
  const got = await ask(face, { headers, body: initialize(protocolVersion) });
  const id = got.headers['mcp-session-id'];
  if (typeof id !== 'string') throw new Error(`no session: ${got.status} ${got.text}`);
  return { ...(headers as Record<string, string>), 'mcp-session-id': id };
}

export function initialize(protocolVersion = '2025-11-25'): JsonObject {
  const clientInfo = { name: 'test', version: '1' };
  const params = { protocolVersion, capabilities: {}, clientInfo };
  return { jsonrpc: '2.0', id: 0, method: 'initialize', params };
}

export function call(id: RequestId, name: string, more: JsonObject = {}): JsonObject {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, ...more } };
}

export const envelope: JsonObject = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A modern request with the headers that belong to it. */
export function modern(method: string, params: JsonObject = {}, id: RequestId = 1) {
  const name = params['name'] ?? params['uri'] ?? params['taskId'];
  return {
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': name }),
    },
    body: { jsonrpc: '2.0', id, method, params: { ...params, _meta: envelope } },
  } as const;
}

async function readAll(res: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function gotOf(res: http.IncomingMessage, text: string): Got {
  const isStream = res.headers['content-type'] === 'text/event-stream';
  return {
    status: res.statusCode ?? 0,
    headers: res.headers,
    text,
    json: isStream ? {} : objectOf(text),
    events: isStream ? eventsOf(text) : [],
  };
}

function objectOf(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function eventsOf(text: string): readonly Event[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .filter((block) => !block.startsWith(':'))
    .map((block) => {
      const field = (name: string) =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      const data = field('data') ?? '';
      return { id: field('id'), type: field('event'), data: dataOf(data) };
    });
}

function dataOf(data: string): Json {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}
