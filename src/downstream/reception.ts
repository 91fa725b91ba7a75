import { isModern, readEnvelope } from '../bridge/envelope.ts';
import type { RpcError } from '../core/answer.ts';
import { shortened } from '../core/shortened.ts';
import type { Identity } from '../core/tool-call.ts';
import type { ClientHello } from '../upstream/contract.ts';
import type { Incoming, IncomingNotification, IncomingRequest } from '../wire/contract.ts';
import { lookup } from '../wire/methods.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import { cancelledBy } from './cancellation.ts';
import type { Host, Outlet, Receiver } from './contract.ts';
import { discovered, type SelfDescription } from './discovery.ts';
import { helloOf, welcome } from './handshake.ts';

export interface ReceptionParts extends SelfDescription {
  readonly outlet: Outlet;
}

/** More messages than this before the gate is loaded are refused. */
const waitingLimit = 1024;

/**
 * Meets the client on standard input, which may speak both eras: each message is of the era that it says. While the rest of
 * the gate is still being loaded it answers `initialize`, `ping` and `server/discover` at once; everything else waits.
 */
export class Reception implements Receiver {
  readonly #parts: ReceptionParts;
  readonly #waiting: Incoming[] = [];
  #hello: ClientHello | undefined;
  #host: { readonly host: Host; readonly identity: Identity } | undefined;
  #session: Receiver | undefined;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
  }

  receive(message: Incoming): void {
    if (message.kind === 'request') this.#request(message);
    else if (message.kind === 'notification') this.#notification(message);
    else if (this.#session !== undefined) this.#session.receive(message, this.#parts.outlet);
    else if (message.kind === 'invalid' && message.answers === null) {
      this.#parts.outlet.refuse(message.id, message.error);
    }
  }

  /** The gate is loaded: `host` takes the client's legacy session as soon as it has said hello, and all modern requests. */
  ready(host: Host, identity: Identity): void {
    this.#host = { host, identity };
    this.#open();
    for (const message of this.#waiting.splice(0)) this.receive(message);
  }

  #request(request: IncomingRequest): void {
    const { outlet } = this.#parts;
    const { id, method, params } = request;
    // `initialize` is of the legacy era, whatever else it says (MCP 2026-07-28, basic/versioning).
    if (method !== 'initialize' && isModern(params)) this.#modern(request);
    else if (this.#session !== undefined) this.#session.receive(request, outlet);
    else if (method === 'ping') outlet.reply(id, { kind: 'made', result: {} });
    else if (this.#hello !== undefined) this.#wait(request);
    else if (method === 'initialize') this.#initialize(request);
    else outlet.refuse(id, refusal(request));
  }

  #modern(request: IncomingRequest): void {
    const { outlet } = this.#parts;
    const speaker = readEnvelope(request.params);
    if ('code' in speaker) outlet.refuse(request.id, speaker);
    else if (this.#host !== undefined) {
      const { host, identity } = this.#host;
      host.modern.request(request, speaker, identity, outlet);
    } else if (request.method === 'server/discover') {
      outlet.reply(request.id, discovered(this.#parts));
    } else this.#wait(request);
  }

  /** A cancellation is for whoever has the request, and ids of both eras are ids of one client. */
  #notification(notification: IncomingNotification): void {
    const { outlet } = this.#parts;
    const cancelled = cancelledBy(notification);
    if (this.#host === undefined) {
      if (this.#hello !== undefined || cancelled !== undefined) this.#wait(notification);
      return;
    }
    this.#session?.receive(notification, outlet);
    if (cancelled === undefined) return;
    this.#host.host.modern.cancel(outlet, cancelled.id, cancelled.reason);
  }

  #initialize({ id, params }: IncomingRequest): void {
    this.#hello = helloOf(params);
    const result = welcome(this.#hello, this.#parts);
    this.#parts.outlet.reply(id, { kind: 'made', result });
    this.#open();
  }

  #wait(message: Incoming): void {
    if (this.#waiting.length < waitingLimit) this.#waiting.push(message);
    else if (message.kind === 'request')
      this.#parts.outlet.refuse(message.id, invalid('too many requests'));
  }

  #open(): void {
    const hello = this.#hello;
    if (hello === undefined || this.#host === undefined) return;
    const { host, identity } = this.#host;
    const { outlet } = this.#parts;
    this.#session = host.legacy({ hello, identity, outlet, alone: true });
  }
}

function refusal({ method, params }: IncomingRequest): RpcError {
  const treatment = lookup('client', 'request', method, 'legacy')?.treatment ?? 'refuse';
  if (treatment !== 'refuse') return invalid('initialize comes first');
  // A method of the modern era alone, whose sender forgot to say who it is.
  const envelope = lookup('client', 'request', method, 'modern') && readEnvelope(params);
  if (envelope !== undefined && 'code' in envelope) return envelope;
  return { code: rpcCode.methodNotFound, message: `Method not found: ${shortened(method, 100)}` };
}

function invalid(message: string): RpcError {
  return { code: rpcCode.invalidRequest, message };
}
