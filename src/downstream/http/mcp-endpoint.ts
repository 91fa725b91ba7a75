import { isModern } from '../../bridge/envelope.ts';
import type { Incoming, IncomingNotification, IncomingRequest } from '../../wire/contract.ts';
import { readMessage } from '../../wire/read-message.ts';
import { modernRevisions } from '../../wire/revisions.ts';
import { readBody } from './body.ts';
import { accept, type Floor, turnAway, type Visit } from './endpoint.ts';
import type { LegacyEndpoint } from './legacy-endpoint.ts';
import type { ModernEndpoint } from './modern-endpoint.ts';
import { isJson, postFault } from './post.ts';
import { refusal } from './refusal.ts';
import type { SseEndpoint } from './sse-endpoint.ts';

/** Reads what clients post, and tells the eras apart by it. */
export class McpEndpoint {
  readonly #floor: Floor;
  readonly #legacy: LegacyEndpoint;
  readonly #modern: ModernEndpoint;

  constructor(floor: Floor, legacy: LegacyEndpoint, modern: ModernEndpoint) {
    this.#floor = floor;
    this.#legacy = legacy;
    this.#modern = modern;
  }

  post(visit: Visit): void {
    const fault = postFault(visit.req.headers);
    if (fault !== undefined) turnAway(this.#floor, visit, fault);
    else readPosted(this.#floor, visit, (message) => this.#receive(message, visit));
  }

  get(visit: Visit): void {
    if (hasSession(visit)) this.#legacy.get(visit);
    else turnAway(this.#floor, visit, postOnly);
  }

  remove(visit: Visit): void {
    if (hasSession(visit)) this.#legacy.remove(visit);
    else turnAway(this.#floor, visit, postOnly);
  }

  #receive(message: Incoming, visit: Visit): void {
    switch (message.kind) {
      case 'request':
        this.#request(message, visit);
        break;
      case 'notification':
        this.#notification(message, visit);
        break;
      case 'response':
        this.#legacy.told(message, visit);
        break;
      case 'invalid':
        this.#legacy.garbled(message, visit);
        break;
    }
  }

  // The body says which era it is of; a handshake is one by the revision that it asks for.
  #request(request: IncomingRequest, visit: Visit): void {
    const isHandshake =
      request.method === 'initialize' && request.params?.['protocolVersion'] !== undefined;
    if (!isHandshake && isModern(request.params)) this.#modern.request(request, visit);
    else if (request.method === 'initialize') this.#legacy.initialize(request, visit);
    else if (lacksEnvelope(visit)) this.#modern.request(request, visit);
    else this.#legacy.request(request, visit);
  }

  // The modern era has none over HTTP; whoever sends one all the same is not turned away for it.
  #notification(notification: IncomingNotification, visit: Visit): void {
    if (isModern(notification.params) || lacksEnvelope(visit)) {
      accept(this.#floor, visit, 'notification');
    } else this.#legacy.told(notification, visit);
  }
}

/** Where clients of the old transport post; their answers go elsewhere, so they need not say what they accept. */
export function postMessages(floor: Floor, sse: SseEndpoint, visit: Visit): void {
  const query = visit.req.url?.split('?', 2)[1] ?? '';
  const id = new URLSearchParams(query).get('sessionId');
  if (id === null) turnAway(floor, visit, noId);
  else if (!isJson(visit.req.headers['content-type'])) turnAway(floor, visit, wrongType);
  else readPosted(floor, visit, (message) => sse.receive(message, id, visit));
}

function readPosted(floor: Floor, visit: Visit, onMessage: (message: Incoming) => void): void {
  readBody(
    visit.req,
    { bodyBytes: floor.limits.bodyBytes, budget: floor.bodies },
    (body) => onMessage(readMessage(body)),
    (reason) => turnAway(floor, visit, reason),
  );
}

function hasSession({ req }: Visit): boolean {
  return req.headers['mcp-session-id'] !== undefined;
}

/** A request that is modern by its header alone: it is told what is missing in its body. */
function lacksEnvelope(visit: Visit): boolean {
  const version = visit.req.headers['mcp-protocol-version'];
  return !hasSession(visit) && modernRevisions.some((revision) => revision === version);
}

const postOnly = refusal(405, 'only POST is served without a session', ['Allow', 'POST']);
const noId = refusal(400, 'the parameter "sessionId" is missing');
const wrongType = refusal(415, 'content type must be application/json');
