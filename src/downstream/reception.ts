import type { RpcError } from '../core/answer.ts';
import { shortened } from '../core/shortened.ts';
import type { ClientHello } from '../upstream/contract.ts';
import type { Incoming, IncomingRequest } from '../wire/contract.ts';
import { lookup } from '../wire/methods.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import type { Outlet, Receiver } from './contract.ts';
import { helloOf, welcome } from './handshake.ts';

export interface ReceptionParts {
  readonly outlet: Outlet;
  readonly version: string;
  /** What the client's model is told about this server. */
  readonly instructions: () => string;
}

/** More messages than this before the gate is loaded are refused. */
const waitingLimit = 1024;

/**
 * Meets a client while the rest of the gate is still being loaded: answers `initialize` and `ping` at once, and hands
 * everything else over in order, once there is a session for it.
 */
export class Reception implements Receiver {
  readonly #parts: ReceptionParts;
  readonly #waiting: Incoming[] = [];
  #hello: ClientHello | undefined;
  #open: ((hello: ClientHello) => Receiver) | undefined;
  #session: Receiver | undefined;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
  }

  receive(message: Incoming): void {
    if (this.#session !== undefined) this.#session.receive(message, this.#parts.outlet);
    else if (message.kind === 'request') this.#request(message);
    else if (message.kind === 'invalid') this.#parts.outlet.refuse(message.id, message.error);
    else if (this.#hello !== undefined) this.#wait(message);
  }

  /** The gate is loaded: `open` makes the session as soon as the client has said hello. */
  ready(open: (hello: ClientHello) => Receiver): void {
    this.#open = open;
    this.#handOver();
  }

  #request(request: IncomingRequest): void {
    const { id, method } = request;
    if (method === 'ping') this.#parts.outlet.reply(id, { kind: 'made', result: {} });
    else if (this.#hello !== undefined) this.#wait(request);
    else if (method === 'initialize') this.#initialize(request);
    else this.#parts.outlet.refuse(id, refusal(method));
  }

  #initialize({ id, params }: IncomingRequest): void {
    const { version, instructions } = this.#parts;
    this.#hello = helloOf(params);
    const result = welcome(this.#hello, version, instructions());
    this.#parts.outlet.reply(id, { kind: 'made', result });
    this.#handOver();
  }

  #wait(message: Incoming): void {
    if (this.#waiting.length < waitingLimit) this.#waiting.push(message);
    else if (message.kind === 'request')
      this.#parts.outlet.refuse(message.id, invalid('too many requests'));
  }

  #handOver(): void {
    if (this.#hello === undefined || this.#open === undefined) return;
    const session = this.#open(this.#hello);
    this.#session = session;
    for (const message of this.#waiting.splice(0)) session.receive(message, this.#parts.outlet);
  }
}

function refusal(method: string): RpcError {
  const treatment = lookup('client', 'request', method)?.treatment ?? 'refuse';
  if (treatment !== 'refuse') return invalid('initialize comes first');
  return { code: rpcCode.methodNotFound, message: `Method not found: ${shortened(method, 100)}` };
}

function invalid(message: string): RpcError {
  return { code: rpcCode.invalidRequest, message };
}
