import type { Delivery, Reply, RpcError } from '../core/answer.ts';
import { elicitModes } from '../core/elicitation.ts';
import type { Held, Rounds } from '../core/held.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import type { SendOptions, Target } from '../core/target.ts';
import type { ForwardedRequest } from '../core/tool-call.ts';
import type { Connection } from '../upstream/contract.ts';
import type { IncomingRequest } from '../wire/contract.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import type { Crossing, Speaker } from './contract.ts';
import { mayAsk } from './input-required.ts';
import type { BridgeLimits } from './limits.ts';
import { modernReply } from './modern-reply.ts';
import { type Leg, ParkedCall, type ParkedCallParts } from './parked-call.ts';
import type { ParkedCalls } from './parked-calls.ts';
import { RelayModern } from './relay-modern.ts';
import {
  type Carried,
  invalidState,
  type RequestStates,
  type StateOwner,
} from './request-state.ts';
import { resultMembers, withMembers } from './result-bytes.ts';

export interface ModernParts {
  readonly states: RequestStates;
  readonly parked: ParkedCalls<ParkedCall>;
  readonly limits: BridgeLimits;
  readonly enter: ParkedCallParts['enter'];
}

/** What a request of the client goes on with. */
interface Continued {
  readonly carried: Carried;
  readonly call: ParkedCall | undefined;
  readonly answers: JsonObject;
}

/** A modern client's request on its way to a server of either era, or why it cannot go on with what it brings along. */
export function crossModern(
  parts: ModernParts,
  request: IncomingRequest,
  speaker: Speaker,
  scope: string,
): Crossing | RpcError {
  const { requestState, inputResponses: answers, ...params } = request.params ?? {};
  if (answers !== undefined && !isObject(answers)) return noAnswers;
  // Answers that nobody is known to have asked for belong to the call: they are decided, recorded and approved with it.
  if (requestState === undefined) {
    return new ModernCrossing(parts, request, speaker, scope, undefined);
  }
  const carried = parts.states.open(ownerOf(request.method, params, scope), requestState);
  if ('code' in carried) return carried;
  const call = carried.kind === 'parked' ? parts.parked.claim(carried.handle) : undefined;
  if (carried.kind === 'parked' && call === undefined) return invalidState;
  const continued = { carried, call, answers: answers ?? {} };
  const restored = { ...request, params: { ...params, ...restoredFields(carried, answers) } };
  return new ModernCrossing(parts, restored, speaker, scope, continued);
}

const noAnswers: RpcError = {
  code: rpcCode.invalidParams,
  message: '"params.inputResponses" must be an object',
};

/** The server's own state again, and the answers for it; what was answered in the client's place counts. */
function restoredFields(carried: Carried, answers: JsonObject | undefined): JsonObject {
  if (carried.kind !== 'server') return {};
  const { state } = carried;
  const inputResponses = { ...answers, ...carried.answers };
  return {
    ...(state !== null && { requestState: state }),
    ...(Object.keys(inputResponses).length > 0 && { inputResponses }),
  };
}

function ownerOf(method: string, params: JsonObject, scope: string): StateOwner {
  const { _meta, requestState: _1, inputResponses: _2, ...owned } = params;
  return { scope, method, params: owned };
}

class ModernCrossing implements Crossing {
  readonly request: IncomingRequest;
  readonly client: Target;
  readonly rounds: Rounds | undefined;
  readonly #parts: ModernParts;
  readonly #speaker: Speaker;
  readonly #scope: string;
  readonly #continued: Continued | undefined;
  #relay: RelayModern | undefined;
  #call: ParkedCall | undefined;
  #isSealed = false;

  constructor(
    parts: ModernParts,
    request: IncomingRequest,
    speaker: Speaker,
    scope: string,
    continued: Continued | undefined,
  ) {
    this.#parts = parts;
    this.request = request;
    this.#speaker = speaker;
    this.#scope = scope;
    this.#continued = continued;
    this.#call = continued?.call;
    this.client = { send: (question, options) => this.#ask(question, options) };
    this.rounds = roundsOf(request, speaker, continued);
  }

  target(connection: Connection): Target {
    const continued = this.#continued;
    if (continued?.call !== undefined) return this.#resuming(continued.call, connection, continued);
    if (continued?.carried.kind === 'server' && !isOf(connection, continued.carried.server)) {
      return elsewhere;
    }
    if (connection.era === 'legacy') {
      return { send: (request, options) => this.#start(connection, request, options) };
    }
    this.#relay = new RelayModern(connection, this.#parts.limits);
    return this.#relay;
  }

  reply(reply: Reply): Reply {
    const { method } = this.request;
    const terms = { ttlMs: this.#parts.limits.readTtlMs, serverInfo: undefined };
    return modernReply(method, this.#withState(reply), terms);
  }

  // What was not handed to the client, sealed, cannot be come back for.
  end(): void {
    if (!this.#isSealed) this.#call?.cancel('the request is over');
  }

  #start(
    connection: Connection,
    request: ForwardedRequest,
    options: SendOptions,
  ): Promise<Delivery> {
    const { parked, limits, enter } = this.#parts;
    this.#call = new ParkedCall({ connection, scope: this.#scope, parked, limits, enter });
    return this.#call.start(request, this.#leg(options));
  }

  #resuming(call: ParkedCall, connection: Connection, { answers }: Continued): Target {
    return {
      send: (request, options) => call.resume(connection, request, answers, this.#leg(options)),
    };
  }

  #leg(options: SendOptions): Leg {
    return { options, logLevel: this.#speaker.logLevel };
  }

  #ask(question: ForwardedRequest, options: SendOptions): Promise<Delivery> {
    return (this.#relay ?? this.#call)?.question(question, options) ?? nobody;
  }

  #withState(reply: Reply): Reply {
    if (reply.kind === 'relayed' && reply.response.resultType === 'input_required') {
      const members = new Map(resultMembers(reply.response));
      members.set('requestState', Buffer.from(JSON.stringify(this.#seal(undefined))));
      return { kind: 'relayed', response: withMembers(reply.response, members) };
    }
    if (reply.kind === 'made' && reply.result['resultType'] === 'input_required') {
      return { kind: 'made', result: { ...reply.result, requestState: this.#seal(reply.held) } };
    }
    return reply;
  }

  #seal(held: Held | undefined): string {
    const { method, params } = this.request;
    this.#isSealed = true;
    const carried = held === undefined ? this.#carried() : ({ ...held, kind: 'held' } as const);
    return this.#parts.states.seal(ownerOf(method, params ?? {}, this.#scope), carried);
  }

  #carried(): Carried {
    const handle = this.#call?.handle;
    if (handle !== undefined) return { kind: 'parked', handle };
    return this.#relay?.carried ?? { kind: 'gate' };
  }
}

/**
 * What goes on with a server brings a state and answers of its own, which a state for the gate has no room for; and
 * answers that nobody asked for belong to the call, but the next request would lose them.
 */
function roundsOf(
  { method, params }: IncomingRequest,
  { hello }: Speaker,
  continued: Continued | undefined,
): Rounds | undefined {
  const carried = continued?.carried;
  const isServers = carried?.kind === 'server' || carried?.kind === 'parked';
  if (!mayAsk(method) || isServers || params?.['inputResponses'] !== undefined) return undefined;
  const held = carried?.kind === 'held' ? carried : undefined;
  return {
    held,
    answersInput: inputs.some((name) => hello.capabilities[name] !== undefined),
    modes: elicitModes(hello.capabilities),
    said: held === undefined ? {} : (continued?.answers ?? {}),
  };
}

const inputs = ['elicitation', 'sampling', 'roots'];

function isOf({ era, server }: Connection, expected: string): boolean {
  return era === 'modern' && server === expected;
}

const elsewhere: Target = {
  send: () =>
    Promise.resolve({ kind: 'unsent', reason: 'the request goes on with another server' }),
};

const nobody: Promise<Delivery> = Promise.resolve({ kind: 'unsent', reason: 'nothing was sent' });
