import type { Clock } from '../../core/clock.ts';
import type { Host } from '../contract.ts';
import { ByteBudget } from './budget.ts';
import type { Authenticate, HeaderParams, HttpSettings } from './contract.ts';
import { createDoors } from './doors.ts';
import type { Floor } from './endpoint.ts';
import { InFlight } from './in-flight.ts';
import { LegacyEndpoint } from './legacy-endpoint.ts';
import { Metrics } from './metrics.ts';
import { ModernEndpoint } from './modern-endpoint.ts';
import type { Pages } from './page-contract.ts';
import { PageEndpoint } from './page-endpoint.ts';
import { challenge, metadataUrl } from './protected-resource.ts';
import { Router } from './router.ts';
import { routesOf } from './routes.ts';
import { HttpServer } from './server.ts';
import type { HttpSession } from './session.ts';
import { SessionBook } from './session-book.ts';
import { SseEndpoint } from './sse-endpoint.ts';
import type { SseSession } from './sse-session.ts';

export interface HttpFaceParts {
  readonly settings: HttpSettings;
  readonly host: Host;
  readonly authenticate: Authenticate;
  readonly headerParams: HeaderParams;
  /** Served beside the protocol; undefined when there are none. */
  readonly pages?: Pages | undefined;
  readonly version: string;
  /** What the model of a legacy client is told about this server. */
  readonly instructions: () => string;
  /** As in `SelfDescription`. */
  readonly tasksFor?: (clientName: string) => boolean;
  /** Policy and store are there. */
  readonly isReady: () => boolean;
  readonly clock: Clock;
}

/** The face on HTTP: any number of clients of both eras. */
export interface HttpFace {
  /** Rejects when it cannot bind. */
  listen(): Promise<{ readonly url: string }>;
  /**
   * Lets nobody in any more, gives calls in flight so long to be answered, then closes the host and every connection.
   * Idempotent; resolves when nothing is left.
   */
  drain(ms: number): Promise<void>;
}

/** The host is waited for at most so long once every connection is closed. */
const closeMs = 1000;

export function createHttpFace(parts: HttpFaceParts): HttpFace {
  const { settings, host, clock } = parts;
  const { limits } = settings;
  const server = new HttpServer(settings);
  const sessions = new SessionBook<HttpSession>(limits, clock);
  const sseSessions = new SessionBook<SseSession>(limits, clock);
  const inFlight = new InFlight(limits);
  let ending: Promise<void> | undefined;
  const floor = layFloor(parts, inFlight, [sessions, sseSessions], () => ending !== undefined);
  const pulse = setInterval(() => {
    inFlight.pulse();
    sessions.pulse();
    sseSessions.pulse();
  }, limits.pulseMs).unref();

  const end = async (ms: number): Promise<void> => {
    server.stopAccepting();
    for (const session of sessions.all()) session.quiet();
    await within(ms, inFlight.idle());
    // A server that does not answer a cancelled call holds the host up; nobody here waits for that answer.
    const closed = host.close();
    for (const session of sessions.all()) sessions.end(session);
    for (const session of sseSessions.all()) sseSessions.end(session);
    clearInterval(pulse);
    await server.close();
    await within(closeMs, closed);
  };
  return {
    listen: async () => {
      const { port } = await server.listen((bound) => {
        const router = routerOf(parts, floor, bound, sessions, sseSessions);
        return (req, res) => router.handle(req, res);
      });
      return { url: urlOf(settings, port) };
    },
    drain: (ms) => {
      ending ??= end(ms);
      return ending;
    },
  };
}

function layFloor(
  { settings, host, headerParams, version, instructions, tasksFor, clock }: HttpFaceParts,
  inFlight: InFlight,
  books: readonly { readonly size: number }[],
  isDraining: () => boolean,
): Omit<Floor, 'expired'> {
  const { limits } = settings;
  return {
    host,
    headerParams,
    limits,
    inFlight,
    metrics: new Metrics({
      sessions: () => books.reduce((sum, { size }) => sum + size, 0),
      streams: () => inFlight.streams,
      inFlight: () => inFlight.calls,
    }),
    bodies: new ByteBudget(limits.bodiesBytes),
    replays: new ByteBudget(limits.replaysBytes),
    now: clock,
    version,
    instructions,
    ...(tasksFor !== undefined && { tasksFor }),
    isDraining,
  };
}

function routerOf(
  { settings, authenticate, isReady, pages }: HttpFaceParts,
  laid: Omit<Floor, 'expired'>,
  port: number,
  sessions: SessionBook<HttpSession>,
  sseSessions: SessionBook<SseSession>,
): Router {
  const isSecure = settings.tls !== undefined;
  const url = settings.resource?.url ?? urlOf(settings, port);
  const metadata = settings.resource && metadataUrl(url);
  const floor = { ...laid, expired: challenge(metadata, 'invalid_token') };
  const legacy = new LegacyEndpoint(floor, sessions);
  const modern = new ModernEndpoint(floor);
  const sse = new SseEndpoint(floor, sseSessions);
  return new Router({
    floor,
    routes: routesOf({ floor, settings, legacy, modern, sse, isReady, url }),
    doors: createDoors({ ...settings, port, isSecure }),
    authenticate,
    metadata,
    pages: pages && new PageEndpoint(floor, pages, settings, port),
  });
}

function urlOf({ host, path, tls }: HttpSettings, port: number): string {
  const scheme = tls === undefined ? 'http' : 'https';
  const address = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${address}:${port}${path}`;
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
