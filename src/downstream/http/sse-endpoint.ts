import type { Incoming, IncomingRequest } from '../../wire/contract.ts';
import { rpcCode } from '../../wire/rpc-error.ts';
import { helloOf, welcome } from '../handshake.ts';
import {
  accept,
  draining,
  type Floor,
  openClient,
  standingFault,
  turnAway,
  type Visit,
} from './endpoint.ts';
import type { Exchange } from './exchange.ts';
import { getFault } from './post.ts';
import { type Refusal, refusal } from './refusal.ts';
import { newSessionId, type SessionBook } from './session-book.ts';
import { SseSession } from './sse-session.ts';

/** Where a client of the old transport sends its messages. */
export const messagesPath = '/messages';

/** A call of the old transport holds no connection: its answer goes over the stream of its session. */
class Call implements Exchange {
  readonly isStanding = false;
  pulse(): void {}
}

/** HTTP+SSE for old clients (MCP 2024-11-05): one stream for each, and a place to send messages to. */
export class SseEndpoint {
  readonly #floor: Floor;
  readonly #book: SessionBook<SseSession>;

  constructor(floor: Floor, book: SessionBook<SseSession>) {
    this.#floor = floor;
    this.#book = book;
  }

  open(visit: Visit): void {
    const { inFlight, limits, metrics, now } = this.#floor;
    const { res, identity, untilMs } = visit;
    const caller = identity.scope;
    const fault = this.#admit(visit, caller);
    if (fault !== undefined) {
      turnAway(this.#floor, visit, fault);
      return;
    }
    const id = newSessionId();
    const onFinished = (call: Exchange): void => {
      inFlight.remove(call);
      inFlight.leave(caller, false);
    };
    const { unreadBytes } = limits;
    const onLapsed = (): void => this.#book.end(session);
    const parts = { id, identity, res, unreadBytes, now, untilMs, onLapsed, onFinished };
    const session: SseSession = new SseSession(parts);
    this.#book.add(session);
    res.on('close', () => {
      inFlight.leave(caller, true);
      this.#book.end(session);
    });
    session.open(`${messagesPath}?sessionId=${id}`);
    metrics.counted('stream', 'accepted', 200);
  }

  /** One message of a client. */
  receive(message: Incoming, sessionId: string, visit: Visit): void {
    const session = this.#book.find(sessionId, visit.identity);
    if (session === undefined) {
      turnAway(this.#floor, visit, unknownSession);
      return;
    }
    session.proven(visit.untilMs);
    switch (message.kind) {
      case 'request':
        this.#request(message, session, visit);
        break;
      case 'invalid':
        if (message.answers !== null) session.client?.receive(message, session);
        turnAway(this.#floor, visit, { status: 400, error: message.error }, message.id);
        break;
      case 'notification':
        if (message.method === 'notifications/cancelled') {
          session.cancelled(message.params?.['requestId']);
        }
        session.client?.receive(message, session);
        accept(this.#floor, visit, 'notification');
        break;
      case 'response':
        session.client?.receive(message, session);
        accept(this.#floor, visit, 'response');
        break;
    }
  }

  /** A place for one more session, and for its stream. */
  #admit(visit: Visit, caller: string): Refusal | undefined {
    const { inFlight } = this.#floor;
    if (this.#floor.isDraining()) return draining;
    const wrong = getFault(visit.req.headers) ?? standingFault(this.#floor, visit);
    const fault = wrong ?? inFlight.enter(caller, true);
    if (fault !== undefined) return fault;
    const full = this.#book.reserve(caller);
    if (full !== undefined) inFlight.leave(caller, true);
    return full;
  }

  #request(request: IncomingRequest, session: SseSession, visit: Visit): void {
    const { inFlight } = this.#floor;
    const { id } = request;
    const full = this.#floor.isDraining()
      ? draining
      : session.isWaiting(id)
        ? sameId
        : inFlight.enter(session.identity.scope, false);
    if (full !== undefined) {
      turnAway(this.#floor, visit, full, id);
      return;
    }
    const call = new Call();
    inFlight.add(call);
    session.begin(id, call);
    accept(this.#floor, visit, 'request');
    if (session.client !== undefined) session.client.receive(request, session);
    else this.#greet(request, session, visit);
  }

  #greet({ id, method, params }: IncomingRequest, session: SseSession, visit: Visit): void {
    if (method === 'ping') session.reply(id, { kind: 'made', result: {} });
    else if (method === 'initialize') {
      const hello = helloOf(params);
      session.reply(id, { kind: 'made', result: welcome(hello, this.#floor) });
      session.client = openClient(this.#floor, hello, visit.identity, session);
    } else {
      const message = 'initialize comes first';
      session.refuse(id, { code: rpcCode.invalidRequest, message });
    }
  }
}

const unknownSession = refusal(404, 'session not found');
const sameId = refusal(400, 'a request with this id is in flight');
