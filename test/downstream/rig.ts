import { createBridge } from '../../src/bridge/bridge.ts';
import { readEnvelope } from '../../src/bridge/envelope.ts';
import type { Answer, Delivery, RawResponse } from '../../src/core/answer.ts';
import type { CallScope } from '../../src/core/call-scope.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import type { Lifetime } from '../../src/core/lifetime.ts';
import type { Decide, SendOptions } from '../../src/core/target.ts';
import type { ForwardedRequest, Identity } from '../../src/core/tool-call.ts';
import type { Host, Outlet } from '../../src/downstream/contract.ts';
import { createHost } from '../../src/downstream/host.ts';
import { LineOutlet } from '../../src/downstream/line-outlet.ts';
import type { Viewer, Visibility } from '../../src/downstream/lists.ts';
import { Reception } from '../../src/downstream/reception.ts';
import type {
  CatalogItem,
  CatalogTool,
  Connection,
  ListKind,
  Membership,
  PoolClient,
  UpstreamPool,
} from '../../src/upstream/contract.ts';
import type { LineWriter } from '../../src/wire/contract.ts';
import type { Era } from '../../src/wire/eras.ts';
import { readMessage } from '../../src/wire/read-message.ts';

export interface Sent {
  readonly server: string;
  readonly request: ForwardedRequest;
  readonly options: SendOptions;
  readonly resolve: (delivery: Delivery) => void;
}

/** A client on a pool that only remembers; decisions let everything through unless a test says otherwise. */
export class SessionRig {
  readonly out: JsonObject[] = [];
  /** What reached the servers of the pool. */
  readonly sent: Sent[] = [];
  readonly notified: JsonObject[] = [];
  /** Resources whose news somebody wants (`+`), or wants no more (`-`), by server. */
  readonly watched: string[] = [];
  /** Who has joined the pool, and whether it has left. */
  readonly members: { readonly client: PoolClient; hasLeft: boolean }[] = [];
  readonly viewers: Viewer[] = [];
  /** There are too many pools. */
  isFull = false;
  readonly reception: Reception;
  readonly shown = new Set<string>(['s__echo', 's__hidden']);
  listed = 0;
  /** What the client has not read yet, as the writer tells it. */
  pending = 0;
  /** Servers that open their session later. */
  readonly late: Connection[] = [];
  readonly #changed: (() => void)[] = [];
  /** A legacy server and a modern one. */
  readonly servers = new Map([
    ['s', this.connectionOf('s')],
    ['m', this.connectionOf('m', 'modern')],
  ]);
  readonly #pool = this.#makePool();
  readonly outlet = new LineOutlet(this.#writer());
  now = 0;
  decide: Decide = async (call, caller, target) => {
    const to = target(call);
    if (to === undefined) throw new Error('no target');
    const { lifetime, relayProgress: onProgress, related } = caller;
    return toAnswer(await to.send(call.request, { lifetime, onProgress, related }));
  };
  /** Why the operator has stopped everything. */
  frozen: string | undefined;
  /** The scopes that freezes were looked up for, in order. */
  readonly looked: CallScope[] = [];
  readonly host: Host = createHost({
    frozen: (scope) => {
      this.looked.push(scope);
      return this.frozen;
    },
    pools: { join: (client) => this.#join(client) },
    bridge: createBridge({ clock: () => this.now, frozen: () => undefined, enter: () => () => {} }),
    decide: (...call) => this.decide(...call),
    visibility: this.#visibility(),
    clock: () => this.now,
    version: '1.2.3',
    instructions: () => 'be careful',
  });

  constructor() {
    this.reception = new Reception({
      outlet: this.outlet,
      version: '1.2.3',
      instructions: () => 'be careful',
    });
  }

  /** The rest of the gate is loaded. */
  load(): void {
    this.reception.ready(this.host, identityOf('a'));
  }

  /** The legacy session, once it is there. */
  get session() {
    const legacy = this.members.find(({ client }) => client.hello.era === 'legacy');
    if (legacy === undefined) return undefined;
    return { events: legacy.client.events, close: () => this.host.close() };
  }

  /** What the servers of the modern client that came last tell it. */
  get modernEvents() {
    return this.members.findLast(({ client }) => client.hello.era === 'modern')?.client.events;
  }

  say(message: JsonObject | string): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.reception.receive(readMessage(Buffer.from(text)));
  }

  /** Sends a request; its answer can be read from `out`. */
  ask(id: string | number, method: string, params?: JsonObject): void {
    this.say({ jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) });
  }

  /** As `ask`, in the modern era. */
  askModern(
    id: string | number,
    method: string,
    params: JsonObject = {},
    envelope: JsonObject = {},
  ): void {
    const said = isObject(params['_meta']) ? params['_meta'] : {};
    this.ask(id, method, { ...params, _meta: { ...envelopeOf(envelope), ...said } });
  }

  /** Sends a modern request as another connection would. */
  askFrom(
    outlet: Outlet,
    caller: string | Identity,
    id: number,
    method: string,
    params: JsonObject,
    envelope: JsonObject = {},
  ): void {
    const meta = { ...params, _meta: envelopeOf(envelope) };
    const speaker = readEnvelope(meta);
    if ('code' in speaker) throw new Error(speaker.message);
    const request = { kind: 'request', id, method, params: meta, extras: undefined } as const;
    const identity = typeof caller === 'string' ? identityOf(caller) : caller;
    this.host.modern.request(request, speaker, identity, outlet);
  }

  hello(capabilities: JsonObject = {}): void {
    this.load();
    const clientInfo = { name: 'test', version: '1' };
    this.ask('hello', 'initialize', { protocolVersion: '2025-06-18', capabilities, clientInfo });
  }

  /** A server whose session is open from now on. */
  arrive(server: string): void {
    this.late.push(this.connectionOf(server));
    this.changed();
  }

  /** A server that has been started anew. */
  restart(server: string, era: Era): void {
    this.servers.set(server, this.connectionOf(server, era));
    this.changed();
  }

  changed(): void {
    for (const listener of this.#changed) listener();
  }

  answerTo(id: string | number): JsonObject | undefined {
    return this.out.find((message) => message['id'] === id && message['method'] === undefined);
  }

  #writer(): LineWriter {
    const pending = () => this.pending;
    const push = (text: string): void => {
      const message: unknown = JSON.parse(text);
      if (isObject(message)) this.out.push(message);
    };
    return {
      write: push,
      relay: ({ line, id }, idText) => {
        push(`${line.toString('utf8', 0, id[0])}${idText}${line.toString('utf8', id[1])}`);
      },
      end: () => {},
      get pending() {
        return pending();
      },
    };
  }

  #visibility(): Visibility {
    return {
      key: () => [...this.shown].join(),
      filter: (_kind, items, viewer) => {
        this.listed += 1;
        this.viewers.push(viewer);
        return Promise.resolve(
          items.filter((item) => this.shown.has(String(item.definition['name'] ?? 's__echo'))),
        );
      },
    };
  }

  #join(client: PoolClient): Membership {
    const member = { client, hasLeft: false };
    this.members.push(member);
    const leave = (): void => {
      member.hasLeft = true;
    };
    return { pool: this.#pool, obstacle: () => (this.isFull ? full : undefined), leave };
  }

  #makePool(): UpstreamPool {
    const tools = [toolOf('s', 'echo'), toolOf('s', 'hidden'), toolOf('m', 'work')];
    const items: Record<ListKind, CatalogItem[]> = {
      tools,
      prompts: [{ server: 's', name: 'ask', definition: { name: 's__ask' } }],
      resources: [],
      resourceTemplates: [],
    };
    return {
      catalog: {
        settled: () => Promise.resolve(),
        revision: 1,
        list: (kind) => items[kind],
        tool: (name) => tools.find((tool) => tool.exposedName === name),
        toolOf: (server, name) =>
          tools.find((tool) => tool.server === server && tool.name === name),
        prompt: (name) => items.prompts.find((item) => item.definition['name'] === name),
        resourceServer: (uri) => [...this.servers.keys()].find((key) => uri.startsWith(`${key}:`)),
      },
      start: () => {},
      open: () => {},
      connection: (server) => this.servers.get(server),
      connections: () => [...this.servers.values(), ...this.late],
      status: () => [],
      onChange: (listener) => this.#changed.push(listener),
      close: () => Promise.resolve(),
    };
  }

  connectionOf(server: string, era: Era = 'legacy'): Connection {
    return {
      server,
      era,
      capabilities: { resources: { subscribe: true } },
      subscribe: (uri, wanted) => {
        this.watched.push(`${server} ${wanted ? '+' : '-'}${uri}`);
        return Promise.resolve(uri.endsWith('!') ? refusal : responseOf({}));
      },
      notify: ({ method, params, extras }) => {
        if (era === 'legacy') this.notified.push({ ...extras, method, params });
      },
      send: (request, options) =>
        new Promise((resolve) => this.sent.push({ server, request, options, resolve })),
    };
  }
}

/** As the pools say it. */
export const full = {
  reason: 'there is no room; try again later',
  limit: { name: 'transport.http.limits.pools', most: 64 },
  retryAfterS: 5,
};

/** The metadata that every modern request carries; members of `said` stand in for those that it names. */
function envelopeOf(said: JsonObject): JsonObject {
  return {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
    ...Object.fromEntries(
      Object.entries(said).map(([key, value]) => [`io.modelcontextprotocol/${key}`, value]),
    ),
  };
}

function identityOf(id: string): Identity {
  return { type: 'identity', id, source: 'os', verified: true, scope: `os:${id}` };
}

/** A raw response of a server, with a member that nobody knows. */
export function responseOf(result: JsonObject, error?: JsonObject): Delivery {
  const answer = error === undefined ? { result } : { error };
  const message = readMessage(
    Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 77, ...answer, extra: { kept: true } })),
  );
  if (message.kind !== 'response') throw new Error('not a response');
  return { kind: 'answered', response: message.response };
}

export function serverAsks(
  rig: SessionRig,
  method: string,
  params: JsonObject,
  lifetime: Lifetime,
  server = 's',
): Answer[] {
  const answers: Answer[] = [];
  const request = { kind: 'request', id: 5, method, params, extras: undefined } as const;
  rig.session?.events.onRequest(server, request, lifetime, (answer) => answers.push(answer));
  return answers;
}

export function textOf(response: RawResponse): string {
  return response.line.toString('utf8', ...response.value);
}

function toAnswer(delivery: Delivery): Answer {
  if (delivery.kind === 'answered') return { kind: 'relayed', response: delivery.response };
  return { kind: 'refused', error: { code: 1, message: delivery.reason } };
}

const refusal = responseOf({}, { code: -1, message: 'no' });

function toolOf(server: string, name: string): CatalogTool {
  return {
    server,
    name,
    exposedName: `${server}__${name}`,
    definition: { name: `${server}__${name}`, unknown: { kept: [1] } },
    annotations: {},
    pin: 'sha256:0',
    pinState: 'pinned',
    fault: () => undefined,
    output: undefined,
  };
}
