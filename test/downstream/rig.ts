import type { Answer, Delivery, RawResponse } from '../../src/core/answer.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import type { Lifetime } from '../../src/core/lifetime.ts';
import type { Decide, SendOptions } from '../../src/core/target.ts';
import type { ForwardedRequest } from '../../src/core/tool-call.ts';
import { LineOutlet } from '../../src/downstream/line-outlet.ts';
import type { Visibility } from '../../src/downstream/lists.ts';
import { Reception } from '../../src/downstream/reception.ts';
import { ClientSession } from '../../src/downstream/session.ts';
import type {
  CatalogItem,
  CatalogTool,
  ClientHello,
  Connection,
  ListKind,
  UpstreamPool,
} from '../../src/upstream/contract.ts';
import type { LineWriter } from '../../src/wire/contract.ts';
import { readMessage } from '../../src/wire/read-message.ts';

export interface Sent {
  readonly server: string;
  readonly request: ForwardedRequest;
  readonly options: SendOptions;
  readonly resolve: (delivery: Delivery) => void;
}

/** A client session on a pool that only remembers; decisions let everything through unless a test says otherwise. */
export class SessionRig {
  readonly out: JsonObject[] = [];
  /** What reached the one server of the pool. */
  readonly sent: Sent[] = [];
  readonly notified: JsonObject[] = [];
  readonly opened: ClientHello[] = [];
  readonly reception: Reception;
  readonly shown = new Set<string>(['s__echo', 's__hidden']);
  listed = 0;
  /** What the client has not read yet, as the writer tells it. */
  pending = 0;
  /** Servers that open their session later. */
  readonly late: Connection[] = [];
  readonly #changed: (() => void)[] = [];
  readonly #server = this.connectionOf('s');
  session: ClientSession | undefined;
  readonly #outlet = new LineOutlet(this.#writer());
  decide: Decide = async (call, caller, target) => {
    const to = target();
    if (to === undefined) throw new Error('no target');
    const { lifetime, relayProgress: onProgress, related } = caller;
    return toAnswer(await to.send(call.request, { lifetime, onProgress, related }));
  };

  constructor() {
    this.reception = new Reception({
      outlet: this.#outlet,
      version: '1.2.3',
      instructions: () => 'be careful',
    });
  }

  /** The rest of the gate is loaded. */
  load(): void {
    this.reception.ready((hello) => {
      this.opened.push(hello);
      this.session = new ClientSession({
        outlet: this.#outlet,
        pool: this.#pool(),
        decide: (...call) => this.decide(...call),
        visibility: this.#visibility(),
        identity: { type: 'identity', id: 'a', source: 'os', verified: true, scope: 'os:a' },
        hello,
        nowMs: 0,
      });
      return this.session;
    });
  }

  say(message: JsonObject | string): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.reception.receive(readMessage(Buffer.from(text)));
  }

  /** Sends a request; its answer can be read from `out`. */
  ask(id: string | number, method: string, params?: JsonObject): void {
    this.say({ jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) });
  }

  hello(capabilities: JsonObject = {}): void {
    this.load();
    const clientInfo = { name: 'test', version: '1' };
    this.ask('hello', 'initialize', { protocolVersion: '2025-06-18', capabilities, clientInfo });
  }

  /** A server whose session is open from now on. */
  arrive(server: string): void {
    this.late.push(this.connectionOf(server));
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
      filter: (_kind, items) => {
        this.listed += 1;
        return Promise.resolve(
          items.filter((item) => this.shown.has(String(item.definition['name'] ?? 's__echo'))),
        );
      },
    };
  }

  #pool(): UpstreamPool {
    const tools = ['echo', 'hidden'].map((name) => toolOf(name));
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
        prompt: (name) => items.prompts.find((item) => item.definition['name'] === name),
        resourceServer: (uri) => (uri.startsWith('s:') ? 's' : undefined),
      },
      start: () => {},
      open: () => {},
      connection: () => this.#server,
      connections: () => [this.#server, ...this.late],
      status: () => [],
      onChange: (listener) => this.#changed.push(listener),
      close: () => Promise.resolve(),
    };
  }

  connectionOf(server: string): Connection {
    return {
      server,
      era: 'legacy',
      capabilities: {},
      subscribe: () => Promise.resolve({ kind: 'unsent', reason: 'nobody asks' }),
      notify: ({ method, params, extras }) => this.notified.push({ ...extras, method, params }),
      send: (request, options) =>
        new Promise((resolve) => this.sent.push({ server, request, options, resolve })),
    };
  }
}

/** A raw response of a server, with a member that nobody knows. */
export function responseOf(result: JsonObject): Delivery {
  const message = readMessage(
    Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 77, result, extra: { kept: true } })),
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

function toolOf(name: string): CatalogTool {
  return {
    server: 's',
    name,
    exposedName: `s__${name}`,
    definition: { name: `s__${name}`, unknown: { kept: [1] } },
    annotations: {},
    pin: 'sha256:0',
    pinState: 'pinned',
    fault: () => undefined,
  };
}
