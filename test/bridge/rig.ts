import { onTestFinished } from 'vitest';
import { createBridge } from '../../src/bridge/bridge.ts';
import type { Bridge, Crossing, Speaker } from '../../src/bridge/contract.ts';
import type { BridgeLimits } from '../../src/bridge/limits.ts';
import { InFlightCalls } from '../../src/control/in-flight.ts';
import type { Answer, Delivery, RawResponse, Reply, RpcError } from '../../src/core/answer.ts';
import { isObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { FarMessage, Related } from '../../src/core/related.ts';
import type { SendOptions } from '../../src/core/target.ts';
import type { ForwardedRequest } from '../../src/core/tool-call.ts';
import { forwardedMeta } from '../../src/downstream/tool-calls.ts';
import type { Connection } from '../../src/upstream/contract.ts';
import { requestLine } from '../../src/upstream/request-line.ts';
import type { IncomingRequest } from '../../src/wire/contract.ts';
import type { Era } from '../../src/wire/eras.ts';
import { readMessage } from '../../src/wire/read-message.ts';

export const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'modern', version: '2' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, sampling: {}, roots: {} },
} as const satisfies JsonObject;

export const legacySpeaker: Speaker = {
  hello: {
    era: 'legacy',
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: {}, roots: { listChanged: true } },
    clientInfo: { name: 'legacy', version: '1' },
  },
  logLevel: undefined,
};

export const modernSpeaker: Speaker = {
  hello: {
    era: 'modern',
    protocolVersion: '2026-07-28',
    capabilities: { elicitation: {}, sampling: {}, roots: {} },
    clientInfo: { name: 'modern', version: '2' },
  },
  logLevel: undefined,
};

/** A response as a server writes it. */
export function rawResponse(text: string): RawResponse {
  const message = readMessage(Buffer.from(text));
  if (message.kind !== 'response') throw new Error(`no response: ${text}`);
  return message.response;
}

export function raw(member: 'result' | 'error', value: Json): RawResponse {
  return rawResponse(`{"jsonrpc":"2.0","id":1,"${member}":${JSON.stringify(value)}}`);
}

/** The parsed value of a response, and of a reply as the client gets it. */
export function bodyOf(response: RawResponse): JsonObject {
  const message: Json = JSON.parse(response.line.toString('utf8'));
  const spanned: Json = JSON.parse(response.line.toString('utf8', ...response.value));
  if (!isObject(message)) throw new Error('the line is no object');
  const value = message[response.kind];
  if (JSON.stringify(value) !== JSON.stringify(spanned)) throw new Error('the span is wrong');
  if (!isObject(value)) throw new Error('the value is no object');
  return value;
}

export function shown(reply: Reply): JsonObject {
  switch (reply.kind) {
    case 'relayed':
      return { [reply.response.kind]: bodyOf(reply.response) };
    case 'made':
      return { result: reply.result };
    case 'text':
      return { result: JSON.parse(reply.text) };
    case 'refused':
      return { error: { ...reply.error } };
  }
}

/** One request as it arrived at a scripted server. */
export class Received {
  readonly request: ForwardedRequest;
  readonly options: SendOptions;
  readonly #resolve: (delivery: Delivery) => void;

  constructor(
    request: ForwardedRequest,
    options: SendOptions,
    resolve: (delivery: Delivery) => void,
  ) {
    this.request = request;
    this.options = options;
    this.#resolve = resolve;
  }

  get line(): string {
    return requestLine(1, this.request, false);
  }

  get params(): JsonObject {
    const message: Json = JSON.parse(this.line);
    const params = isObject(message) ? message['params'] : undefined;
    return isObject(params) ? params : {};
  }

  respond(response: RawResponse): void {
    this.#resolve({ kind: 'answered', response });
  }

  result(value: Json): void {
    this.respond(raw('result', value));
  }

  error(value: Json): void {
    this.respond(raw('error', value));
  }

  lose(reason: string): void {
    this.#resolve({ kind: 'lost', reason });
  }

  /** Asks the client, as a legacy server does. */
  ask(method: string, params?: JsonObject, lifetime = new Lifetime()): Promise<Answer> {
    const { related } = this.options;
    if (related === undefined) throw new Error('nobody can be asked');
    return new Promise((resolve) => {
      related.ask('files', { method, params, extras: undefined }, lifetime, resolve);
    });
  }

  log(level: string): void {
    const params = { level, data: 'x' };
    this.options.related?.tell('files', {
      method: 'notifications/message',
      params,
      extras: undefined,
    });
  }
}

export type Script = (received: Received, round: number) => void | Promise<void>;

/** A server that does what the test says. One that is cancelled gives no answer. */
export class ScriptedConnection implements Connection {
  readonly server = 'files';
  readonly era: Era;
  readonly capabilities: JsonObject = {};
  readonly received: Received[] = [];
  readonly subscriptions: (readonly [uri: string, wanted: boolean])[] = [];
  readonly cancelled: string[] = [];
  /** Nothing can be written to it any more. */
  isGone = false;
  readonly #script: Script;

  constructor(era: Era, script: Script = () => {}) {
    this.era = era;
    this.#script = script;
  }

  send(request: ForwardedRequest, options: SendOptions): Promise<Delivery> {
    const { lifetime } = options;
    const reason = this.isGone ? 'gone' : lifetime.ended;
    if (reason !== undefined) return Promise.resolve({ kind: 'unsent', reason });
    return new Promise((resolve) => {
      const leave = lifetime.onEnd(() => {
        this.cancelled.push(lifetime.ended ?? '');
        resolve({ kind: 'lost', reason: lifetime.ended ?? '' });
      });
      const settle = (delivery: Delivery): void => {
        leave();
        resolve(delivery);
      };
      const received = new Received(request, options, settle);
      this.received.push(received);
      void this.#script(received, this.received.length);
    });
  }

  notify(): void {
    throw new Error('nothing is told in these tests');
  }

  subscribe(uri: string, wanted: boolean): Promise<Delivery> {
    this.subscriptions.push([uri, wanted]);
    const result = { resultType: 'complete' };
    return Promise.resolve({ kind: 'answered', response: raw('result', result) });
  }

  last(): Received {
    const received = this.received.at(-1);
    if (received === undefined) throw new Error('nothing was sent');
    return received;
  }
}

/** What policy says of a server's question: nothing, or its own answer, or another question. */
export type Policy = (question: FarMessage) => Answer | FarMessage | undefined;
/** What a legacy client answers; a promise that never settles is a client that never does. */
export type LegacyClient = (question: FarMessage) => Promise<RawResponse> | RawResponse;

export interface Face extends Related {
  readonly asked: FarMessage[];
  readonly told: FarMessage[];
}

/** The face with the gate in it, as far as a server's questions go. */
export function createFace(
  crossing: Crossing,
  policy: Policy = () => undefined,
  client?: LegacyClient,
): Face {
  const asked: FarMessage[] = [];
  const told: FarMessage[] = [];
  const put = async (question: FarMessage, lifetime: Lifetime): Promise<Delivery> => {
    if (crossing.client !== undefined) {
      return crossing.client.send(forwarded(question.method, question.params), {
        lifetime,
        onProgress: undefined,
        related: undefined,
      });
    }
    if (client === undefined) return { kind: 'unsent', reason: 'no client' };
    return { kind: 'answered', response: await client(question) };
  };
  return {
    client: crossing,
    asked,
    told,
    ask: (_server, question, lifetime, reply) => {
      asked.push(question);
      const ruling = policy(question);
      if (ruling !== undefined && 'kind' in ruling) reply(ruling);
      else void put(ruling ?? question, lifetime).then((delivery) => reply(answerOf(delivery)));
    },
    tell: (_server, notification) => told.push(notification),
  };
}

function answerOf(delivery: Delivery): Answer {
  if (delivery.kind === 'answered') return { kind: 'relayed', response: delivery.response };
  const message = `${delivery.kind}: ${delivery.reason}`;
  return { kind: 'refused', error: { code: 4503, message } };
}

/** A request as the face forwards it. */
export function forwarded(method: string, params: JsonObject | undefined): ForwardedRequest {
  const { _meta: meta, ...fields } = params ?? {};
  const isCall = method === 'tools/call';
  const { arguments: args, ...others } = fields;
  return {
    method,
    fields: params === undefined ? undefined : isCall ? others : fields,
    meta: forwardedMeta(meta),
    argumentsText: isCall && args !== undefined ? JSON.stringify(args) : undefined,
    extras: undefined,
  };
}

export interface Rig {
  readonly bridge: Bridge;
  /** The calls that wait for their clients. */
  readonly inFlight: InFlightCalls;
  /** Milliseconds that have passed, for the bridge. */
  pass(ms: number): void;
  /** The operator stops everything. */
  freeze(): void;
}

export function createRig(limits: Partial<BridgeLimits> = {}): Rig {
  let now = 1_000_000;
  let frozen: string | undefined;
  const inFlight = new InFlightCalls();
  const bridge = createBridge({
    clock: () => now,
    frozen: () => frozen,
    enter: (scope, lifetime) => inFlight.enter(scope, lifetime),
    limits: { pauseMs: 1, ...limits },
  });
  onTestFinished(() => bridge.close());
  return {
    bridge,
    inFlight,
    pass: (ms) => {
      now += ms;
    },
    freeze: () => {
      frozen = 'stop';
    },
  };
}

export interface Passage {
  readonly speaker?: Speaker;
  readonly scope?: string;
  readonly method?: string;
  readonly policy?: Policy;
  readonly client?: LegacyClient;
  readonly lifetime?: Lifetime;
  readonly onProgress?: (params: JsonObject) => void;
  /** Policy denies the request itself. */
  readonly denied?: boolean;
  /** Policy changes the request itself. */
  readonly rewritten?: (request: ForwardedRequest) => ForwardedRequest;
  /** What becomes of the answer before the client gets it. */
  readonly adapted?: (answer: Answer) => Answer;
}

export const call = { name: 'files__write', arguments: { path: '/a', text: 'b' } } as const;

/** One request all the way, as a face carries it: what the client gets. */
export async function carry(
  { bridge }: Rig,
  connection: Connection,
  params: JsonObject | undefined,
  passage: Passage = {},
): Promise<JsonObject> {
  return (await passageOf({ bridge }, connection, params, passage)).got;
}

/** The same, with what the face saw on the way. */
export async function passageOf(
  { bridge }: Pick<Rig, 'bridge'>,
  connection: Connection,
  params: JsonObject | undefined,
  passage: Passage = {},
): Promise<{ readonly got: JsonObject; readonly face: Face | undefined }> {
  const { speaker = modernSpeaker, scope = 'os:ada', method = 'tools/call' } = passage;
  const request: IncomingRequest = { kind: 'request', id: 1, method, params, extras: undefined };
  const crossing = bridge.cross(request, speaker, scope);
  if ('code' in crossing) return { got: { error: { ...crossing } }, face: undefined };
  const face = createFace(crossing, passage.policy, passage.client);
  const answer = await decided(crossing, connection, face, passage);
  const reply = crossing.reply(passage.adapted?.(answer) ?? answer);
  crossing.end();
  return { got: shown(reply), face };
}

async function decided(
  crossing: Crossing,
  connection: Connection,
  related: Related,
  passage: Passage,
): Promise<Answer> {
  if (passage.denied === true) {
    return { kind: 'made', result: { content: [], isError: true } };
  }
  const { method, params } = crossing.request;
  const request = forwarded(method, params);
  const delivery = await crossing.target(connection).send(passage.rewritten?.(request) ?? request, {
    lifetime: passage.lifetime ?? new Lifetime(),
    onProgress: passage.onProgress,
    related,
  });
  return answerOf(delivery);
}

export function refusal(message = 'no'): Answer {
  return { kind: 'refused', error: { code: 4003, message } };
}

export function errorIn(got: JsonObject): RpcError {
  const error = got['error'];
  if (!isObject(error)) throw new Error(`no error: ${JSON.stringify(got)}`);
  const { code, message } = error;
  return { code: Number(code), message: String(message) };
}

export function resultIn(got: JsonObject): JsonObject {
  const result = got['result'];
  if (!isObject(result)) throw new Error(`no result: ${JSON.stringify(got)}`);
  return result;
}

/** The request again, with the state of the last answer and what the client says. */
export function again(got: JsonObject, inputResponses: JsonObject, params: JsonObject = call) {
  const { requestState } = resultIn(got);
  return { ...params, requestState, inputResponses, _meta: envelope };
}

export const modernCall = { ...call, _meta: envelope };
export const done = { content: [{ type: 'text', text: 'done' }] };
export const form = { mode: 'form', message: 'Name?', requestedSchema: { type: 'object' } };
