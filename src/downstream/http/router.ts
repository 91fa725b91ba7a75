import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticate, Authentication } from './contract.ts';
import { corsHeaders, preflight } from './cors.ts';
import type { Doors } from './doors.ts';
import { type Floor, turnAway, type Visit } from './endpoint.ts';
import type { PageEndpoint } from './page-endpoint.ts';
import { challenge } from './protected-resource.ts';
import { refusal } from './refusal.ts';

type Known = Extract<Authentication, { kind: 'known' }>;

/** What is served at one path. */
export interface Route {
  /** `open`: to everybody, by any name of this machine; `local`: to everybody who gets through the doors. */
  readonly access: 'open' | 'local' | 'known';
  /** By HTTP method. */
  readonly methods: ReadonlyMap<string, (visit: Visit) => void>;
}

export interface RouterParts {
  readonly floor: Floor;
  readonly routes: ReadonlyMap<string, Route>;
  readonly doors: Doors;
  readonly authenticate: Authenticate;
  /** Where a caller who is not known finds out where tokens come from. */
  readonly metadata: string | undefined;
  readonly pages: PageEndpoint | undefined;
}

/** Takes every HTTP request: through the doors, to its route, past whoever asks who it is. Nothing of a body is read here. */
export class Router {
  readonly #parts: RouterParts;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  handle(req: IncomingMessage, res: ServerResponse): void {
    const startedMs = performance.now();
    const { floor, doors, pages } = this.#parts;
    // Answers leave in order: behind one that waits, any number would pile up that nobody can take.
    if (res.socket === null) {
      turnAway(floor, { req, res }, pipelined);
      return;
    }
    const page = pages?.nameIn(req.url ?? '');
    if (pages !== undefined && page !== undefined) {
      pages.handle(page, req, res);
      return;
    }
    const route = this.#route(req.url ?? '');
    const fault = route?.access === 'open' ? undefined : doors.fault(req.headers);
    if (fault !== undefined) {
      turnAway(floor, { req, res }, fault);
      return;
    }
    if (route === undefined) {
      turnAway(floor, { req, res }, notFound);
      return;
    }
    const { origin } = req.headers;
    if (origin !== undefined && doors.isForeign(origin)) corsHeaders(res, origin);
    const serve = route.methods.get(req.method ?? '');
    if (serve !== undefined) this.#admit(req, res, route, serve, startedMs);
    else if (req.method === 'OPTIONS') preflight(res, methodsOf(route));
    else turnAway(floor, { req, res }, wrongMethod(route));
  }

  #route(url: string): Route | undefined {
    const { routes } = this.#parts;
    const route = routes.get(url);
    if (route !== undefined) return route;
    const end = url.indexOf('?');
    return end === -1 ? undefined : routes.get(url.slice(0, end));
  }

  #admit(
    req: IncomingMessage,
    res: ServerResponse,
    { access }: Route,
    serve: (visit: Visit) => void,
    startedMs: number,
  ): void {
    const enter = (who: Authentication): void => {
      // It may have gone while somebody looked up who it is.
      if (res.destroyed) return;
      if (who.kind === 'known') serve({ req, res, startedMs, ...standing(who) });
      else if (who.kind === 'unknown') this.#challenge(req, res, who.error);
      else turnAway(this.#parts.floor, { req, res }, undecided);
    };
    if (access !== 'known') {
      serve({ req, res, identity: nobody, untilMs: Number.POSITIVE_INFINITY, startedMs });
      return;
    }
    const who = this.#parts.authenticate(req.headers.authorization);
    if ('kind' in who) enter(who);
    else who.then(enter, () => turnAway(this.#parts.floor, { req, res }, undecided));
  }

  #challenge(req: IncomingMessage, res: ServerResponse, error: string | undefined): void {
    turnAway(this.#parts.floor, { req, res }, challenge(this.#parts.metadata, error));
  }
}

function standing({ identity, expiresMs }: Known): Pick<Visit, 'identity' | 'untilMs'> {
  return { identity, untilMs: expiresMs ?? Number.POSITIVE_INFINITY };
}

/** For what nobody is asked for. */
const nobody = {
  type: 'anonymous',
  id: null,
  source: 'anonymous',
  verified: false,
  scope: 'anonymous',
} as const;

function methodsOf(route: Route): string {
  return [...route.methods.keys()].join(', ');
}

function wrongMethod(route: Route) {
  return refusal(405, 'method not allowed', ['Allow', methodsOf(route)]);
}

const pipelined = refusal(503, 'one request at a time on one connection', ['Connection', 'close']);
const notFound = refusal(404, 'not found');
const undecided = refusal(503, 'who calls could not be found out', ['Retry-After', '5']);
