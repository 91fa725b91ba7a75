import type { Speaker } from '../../bridge/contract.ts';
import { readEnvelope } from '../../bridge/envelope.ts';
import type { RpcError } from '../../core/answer.ts';
import { isObject } from '../../core/json.ts';
import type { IncomingRequest } from '../../wire/contract.ts';
import { rpcCode } from '../../wire/rpc-error.ts';
import { draining, type Floor, standingFault, turnAway, type Visit } from './endpoint.ts';
import { headerFault, paramFault } from './header-check.ts';
import { ModernOutlet } from './modern-outlet.ts';
import type { Refusal } from './refusal.ts';

const versionKey = 'io.modelcontextprotocol/protocolVersion';

/** Requests of the modern era: each stands for itself, and no session is known. */
export class ModernEndpoint {
  readonly #floor: Floor;

  constructor(floor: Floor) {
    this.#floor = floor;
  }

  request(request: IncomingRequest, visit: Visit): void {
    const speaker = this.#admit(request, visit);
    if ('status' in speaker) turnAway(this.#floor, visit, speaker, request.id);
    else this.#serve(request, visit, speaker);
  }

  // The headers come first: whoever stood between decided by them.
  #admit(request: IncomingRequest, { req, identity }: Visit): Speaker | Refusal {
    const mismatch = headerFault(req.headers, request, versionOf(request));
    if (mismatch !== undefined) return wrongHeader(mismatch);
    const speaker = readEnvelope(request.params);
    if ('code' in speaker) return { status: 400, error: speaker };
    if (this.#floor.isDraining()) return draining;
    if (request.method !== 'tools/call') return speaker;
    const params = this.#floor.headerParams(request, speaker, identity);
    const wrong = paramFault(req.headers, params, request.params?.['arguments']);
    return wrong === undefined ? speaker : wrongHeader(wrong);
  }

  #serve(request: IncomingRequest, visit: Visit, speaker: Speaker): void {
    const { host, inFlight, limits, metrics, now } = this.#floor;
    const { res, identity, untilMs, startedMs } = visit;
    const isStanding = request.method === 'subscriptions/listen';
    const fault = isStanding ? standingFault(this.#floor, visit) : undefined;
    const full = fault ?? inFlight.enter(identity.scope, isStanding);
    if (full !== undefined) {
      turnAway(this.#floor, visit, full, request.id);
      return;
    }
    const outlet = new ModernOutlet({
      id: request.id,
      res,
      limits,
      isStanding,
      hasLapsed: () => isStanding && now() >= untilMs,
      onDone: (done, outcome, status) => {
        inFlight.remove(done);
        inFlight.leave(identity.scope, isStanding);
        if (isStanding) metrics.counted('stream', outcome, status);
        else metrics.answered(request.method, outcome, status, startedMs);
        if (outcome === 'gone') host.modern.gone(done);
      },
    });
    inFlight.add(outlet);
    host.modern.request(request, speaker, identity, outlet);
  }
}

function versionOf({ params }: IncomingRequest): string | undefined {
  const meta = params?.['_meta'];
  const version = isObject(meta) ? meta[versionKey] : undefined;
  return typeof version === 'string' ? version : undefined;
}

function wrongHeader(message: string): Refusal {
  const error: RpcError = { code: rpcCode.headerMismatch, message };
  return { status: 400, error };
}
