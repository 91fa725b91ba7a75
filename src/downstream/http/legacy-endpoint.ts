import type {
  Incoming,
  IncomingNotification,
  IncomingRequest,
  InvalidMessage,
} from '../../wire/contract.ts';
import { negotiate } from '../../wire/revisions.ts';
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
import { sendJson } from './exchange.ts';
import { LegacyOutlet } from './legacy-outlet.ts';
import { getFault } from './post.ts';
import { type Refusal, refusal } from './refusal.ts';
import { HttpSession } from './session.ts';
import { newSessionId, type SessionBook } from './session-book.ts';

type IncomingResponse = Extract<Incoming, { kind: 'response' }>;

/** Sessions over Streamable HTTP (MCP 2025-03-26 to 2025-11-25). */
export class LegacyEndpoint {
  readonly #floor: Floor;
  readonly #book: SessionBook<HttpSession>;

  constructor(floor: Floor, book: SessionBook<HttpSession>) {
    this.#floor = floor;
    this.#book = book;
  }

  /** Opens a session. An id that the client brings along counts for nothing. */
  initialize(request: IncomingRequest, visit: Visit): void {
    const { limits, replays, now, metrics } = this.#floor;
    const { res, identity, untilMs, startedMs } = visit;
    const full = this.#floor.isDraining() ? draining : this.#book.reserve(identity.scope);
    if (full !== undefined) {
      turnAway(this.#floor, visit, full, request.id);
      return;
    }
    const hello = helloOf(request.params);
    const { protocolVersion } = hello;
    const id = newSessionId();
    const parts = { id, identity, protocolVersion, limits, replays, now, untilMs };
    const session = new HttpSession(parts);
    session.client = openClient(this.#floor, hello, identity, session.outlet);
    this.#book.add(session);
    const result = welcome(hello, this.#floor);
    sendJson(res, 200, request.id, { kind: 'made', result }, limits, ['Mcp-Session-Id', id]);
    metrics.answered(request.method, 'result', 200, startedMs);
  }

  request(request: IncomingRequest, visit: Visit): void {
    const { inFlight, limits, metrics } = this.#floor;
    const session = this.#admit(visit);
    if (!(session instanceof HttpSession)) {
      turnAway(this.#floor, visit, session, request.id);
      return;
    }
    const { id, method } = request;
    const { res, identity, startedMs } = visit;
    const full = session.isWaiting(id) ? sameId : inFlight.enter(identity.scope, false);
    if (full !== undefined) {
      turnAway(this.#floor, visit, full, id);
      return;
    }
    const outlet = new LegacyOutlet({
      id,
      res,
      session,
      limits,
      onDone: (done, outcome, status) => {
        inFlight.remove(done);
        inFlight.leave(identity.scope, false);
        metrics.answered(method, outcome, status, startedMs);
      },
    });
    inFlight.add(outlet);
    session.client?.receive(request, outlet);
  }

  /** What wants no answer: notifications, and answers to the gate's own requests. */
  told(message: IncomingNotification | IncomingResponse, visit: Visit): void {
    const session = this.#sessionOf(visit);
    if (!(session instanceof HttpSession)) {
      turnAway(this.#floor, visit, session);
      return;
    }
    session.client?.receive(message, session.outlet);
    if (message.kind === 'notification' && message.method === 'notifications/cancelled') {
      session.cancelled(message.params?.['requestId']);
    }
    accept(this.#floor, visit, message.kind);
  }

  /** A message that cannot be read; whoever waits for what it would have answered is told. */
  garbled(message: InvalidMessage, visit: Visit): void {
    const session = message.answers === null ? undefined : this.#sessionOf(visit);
    if (session instanceof HttpSession) session.client?.receive(message, session.outlet);
    turnAway(this.#floor, visit, { status: 400, error: message.error }, message.id);
  }

  /** The stream for what belongs to no request, or one that broke (MCP 2025-11-25, Listening for Messages). */
  get(visit: Visit): void {
    const { inFlight, metrics } = this.#floor;
    const { req, res, identity } = visit;
    const fault = getFault(req.headers) ?? standingFault(this.#floor, visit);
    const session = fault ?? this.#admit(visit);
    if (!(session instanceof HttpSession)) {
      turnAway(this.#floor, visit, session);
      return;
    }
    const last = req.headers['last-event-id'];
    if (last === undefined && session.hasGetStream) {
      turnAway(this.#floor, visit, second);
      return;
    }
    const full = inFlight.enter(identity.scope, true);
    if (full !== undefined) {
      turnAway(this.#floor, visit, full);
      return;
    }
    res.on('close', () => inFlight.leave(identity.scope, true));
    if (last === undefined) session.openGet(res);
    else if (!session.resume(String(last), res)) {
      turnAway(this.#floor, visit, lost);
      return;
    }
    metrics.counted('stream', 'accepted', 200);
  }

  /** The client needs its session no more. */
  remove(visit: Visit): void {
    const session = this.#sessionOf(visit);
    if (!(session instanceof HttpSession)) {
      turnAway(this.#floor, visit, session);
      return;
    }
    this.#book.end(session);
    visit.res.writeHead(204).end();
    this.#floor.metrics.counted('http', 'accepted', 204);
  }

  #admit(visit: Visit): HttpSession | Refusal {
    return this.#floor.isDraining() ? draining : this.#sessionOf(visit);
  }

  #sessionOf({ req, identity, untilMs }: Visit): HttpSession | Refusal {
    const id = req.headers['mcp-session-id'];
    if (id === undefined) return noSession;
    const session = this.#book.find(String(id), identity);
    if (session === undefined) return unknownSession;
    const revision = req.headers['mcp-protocol-version'];
    if (revision !== undefined && negotiate(revision) !== revision) return wrongRevision;
    session.proven(untilMs);
    return session;
  }
}

const noSession = refusal(400, 'the header Mcp-Session-Id is missing: initialize comes first');
const unknownSession = refusal(404, 'session not found');
const wrongRevision = refusal(
  400,
  'the header MCP-Protocol-Version names no revision that is spoken here',
);
const second = refusal(409, 'the session has its stream already');
const lost = refusal(400, 'no event of that id is kept');
const sameId = refusal(400, 'a request with this id is in flight');
