import type { RpcError } from '../core/answer.ts';
import { shortened } from '../core/shortened.ts';
import type { ClientHello } from '../upstream/contract.ts';
import type { Incoming, IncomingRequest, LineWriter } from '../wire/contract.ts';
import { lookup } from '../wire/methods.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { ClientOutput } from './client-output.ts';
import { helloOf, welcome } from './handshake.ts';

/** Whoever takes the messages of a client; never throws. */
export interface Receiver {
  receive(message: Incoming): void;
}

export interface ReceptionParts {
  readonly writer: LineWriter;
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
  readonly #output: ClientOutput;
  readonly #waiting: Incoming[] = [];
  #hello: ClientHello | undefined;
  #open: ((hello: ClientHello) => Receiver) | undefined;
  #session: Receiver | undefined;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
    this.#output = new ClientOutput(parts.writer);
  }

  receive(message: Incoming): void {
    if (this.#session !== undefined) this.#session.receive(message);
    else if (message.kind === 'request') this.#request(message);
    else if (message.kind === 'invalid') this.#output.refuse(message.id, message.error);
    else if (this.#hello !== undefined) this.#wait(message);
  }

  /** The gate is loaded: `open` makes the session as soon as the client has said hello. */
  ready(open: (hello: ClientHello) => Receiver): void {
    this.#open = open;
    this.#handOver();
  }

  #request(request: IncomingRequest): void {
    const { id, method } = request;
    if (method === 'ping') this.#output.reply(id, { kind: 'made', result: {} });
    else if (this.#hello !== undefined) this.#wait(request);
    else if (method === 'initialize') this.#initialize(request);
    else this.#output.refuse(id, refusal(method));
  }

  #initialize({ id, params }: IncomingRequest): void {
    const { version, instructions } = this.#parts;
    this.#hello = helloOf(params);
    const result = welcome(this.#hello, version, instructions());
    this.#output.reply(id, { kind: 'made', result });
    this.#handOver();
  }

  #wait(message: Incoming): void {
    if (this.#waiting.length < waitingLimit) this.#waiting.push(message);
    else if (message.kind === 'request')
      this.#output.refuse(message.id, invalid('too many requests'));
  }

  #handOver(): void {
    if (this.#hello === undefined || this.#open === undefined) return;
    const session = this.#open(this.#hello);
    this.#session = session;
    for (const message of this.#waiting.splice(0)) session.receive(message);
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
