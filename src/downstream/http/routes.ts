import type { ServerResponse } from 'node:http';
import type { HttpSettings } from './contract.ts';
import { isLoopback } from './doors.ts';
import { type Floor, turnAway, type Visit } from './endpoint.ts';
import type { LegacyEndpoint } from './legacy-endpoint.ts';
import { McpEndpoint, postMessages } from './mcp-endpoint.ts';
import type { ModernEndpoint } from './modern-endpoint.ts';
import { metadataPaths, metadataText } from './protected-resource.ts';
import { refusal } from './refusal.ts';
import type { Route } from './router.ts';
import { messagesPath, type SseEndpoint } from './sse-endpoint.ts';

export interface RouteParts {
  readonly floor: Floor;
  readonly settings: HttpSettings;
  readonly legacy: LegacyEndpoint;
  readonly modern: ModernEndpoint;
  readonly sse: SseEndpoint;
  /** Policy and store are there. */
  readonly isReady: () => boolean;
  /** Of the MCP endpoint, as clients know it. */
  readonly url: string;
}

type Serve = (visit: Visit) => void;

/** What is served where. */
export function routesOf(parts: RouteParts): ReadonlyMap<string, Route> {
  const { settings } = parts;
  return new Map([
    [settings.path, mcpRoute(parts)],
    ...(settings.sse ? sseRoutes(parts) : []),
    ...healthRoutes(parts),
    ['/metrics', metricsRoute(parts)] as const,
    ...metadataRoutes(parts),
  ]);
}

function mcpRoute({ floor, legacy, modern }: RouteParts): Route {
  const mcp = new McpEndpoint(floor, legacy, modern);
  const methods = new Map<string, Serve>([
    ['POST', (visit) => mcp.post(visit)],
    ['GET', (visit) => mcp.get(visit)],
    ['DELETE', (visit) => mcp.remove(visit)],
  ]);
  return { access: 'known', methods };
}

function sseRoutes({ floor, sse }: RouteParts): readonly (readonly [string, Route])[] {
  const open = new Map<string, Serve>([['GET', (visit) => sse.open(visit)]]);
  const post = new Map<string, Serve>([['POST', (visit) => postMessages(floor, sse, visit)]]);
  return [
    ['/sse', { access: 'known', methods: open }],
    [messagesPath, { access: 'known', methods: post }],
  ];
}

// Probes come by whatever address the machine has, and learn nothing but yes or no.
function healthRoutes({ floor, isReady }: RouteParts): readonly (readonly [string, Route])[] {
  const alive: Serve = ({ res }) => send(res, 'text/plain', 'ok\n');
  const ready: Serve = (visit) => {
    if (isReady() && !floor.isDraining()) send(visit.res, 'text/plain', 'ok\n');
    else turnAway(floor, visit, notReady);
  };
  return [
    ['/healthz', { access: 'open', methods: getOnly(alive) }],
    ['/readyz', { access: 'open', methods: getOnly(ready) }],
  ];
}

// They tell how much is going on, and only who is known may hear it where others come by: from elsewhere, or through a proxy.
function metricsRoute({ floor, settings }: RouteParts): Route {
  const { metrics } = floor;
  const isAlone = isLoopback(settings.host) && settings.allowedHosts.length === 0;
  const access = isAlone ? 'local' : 'known';
  const methods = getOnly((visit) => {
    metrics.text().then(
      (text) => send(visit.res, metrics.contentType, text),
      () => turnAway(floor, visit, noMetrics),
    );
  });
  return { access, methods };
}

function metadataRoutes({ settings, url }: RouteParts): readonly (readonly [string, Route])[] {
  const { resource, path } = settings;
  if (resource === undefined) return [];
  const text = metadataText(url, resource.authorizationServers);
  const methods = getOnly(({ res }) => send(res, 'application/json', text));
  return metadataPaths(path).map((each) => [each, { access: 'local', methods }] as const);
}

function getOnly(serve: Serve): ReadonlyMap<string, Serve> {
  return new Map([['GET', serve]]);
}

function send(res: ServerResponse, type: string, text: string): void {
  const length = String(Buffer.byteLength(text));
  res.writeHead(200, ['Content-Type', type, 'Content-Length', length, 'Cache-Control', 'no-store']);
  res.end(text);
}

const notReady = refusal(503, 'not ready', ['Retry-After', '1']);
const noMetrics = refusal(500, 'the metrics could not be collected');
