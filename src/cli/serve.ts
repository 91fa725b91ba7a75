import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { isOfferedTasks } from '../approval/carriers/task-answer.ts';
import type { Config, HttpConfig } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { describe, GateError } from '../core/errors.ts';
import { defaultLimits, type HttpSettings } from '../downstream/http/contract.ts';
import { isLoopback } from '../downstream/http/doors.ts';
import { createHttpFace, type HttpFace } from '../downstream/http/face.ts';
import { createBearer } from '../facts/bearer.ts';
import { createHeaderParams } from './header-params.ts';
import { instructions } from './instructions.ts';
import { type Io, tell } from './io.ts';
import { type OpenGate, openGate } from './open-gate.ts';
import { packageVersion } from './version.ts';

export interface ServeOptions {
  readonly config: string;
  /** In place of what the config says. */
  readonly host?: string;
  readonly port?: number;
}

/** Calls in flight have this long to be answered once the process is told to stop. */
const drainMs = 10_000;
const exitMs = 2000;

/** The HTTP gate: serves any number of clients until the process is told to stop. */
export async function serve(io: Io, options: ServeOptions): Promise<number> {
  const config = loadConfig(options.config, { env: process.env, servers: 'expand' });
  const http = withOptions(config.transport.http, options);
  refuseEverybody(http, config);
  refuseOpenPage(http, config);
  const settings = settingsOf(http, config);
  const gate = openGate(config, packageVersion());
  const face = openFace(gate, settings, config);
  const over = signalled();
  try {
    tell(io, `mcp-gate serves ${await bind(face, http)}`);
    await over;
  } finally {
    await face.drain(drainMs);
    await gate.close();
  }
  // A client that stopped reading may hold an unfinished write, and with it the process, for ever.
  setTimeout(() => process.exit(), exitMs).unref();
  return 0;
}

function withOptions(http: HttpConfig, { host, port }: ServeOptions): HttpConfig {
  return { ...http, ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
}

/** Beyond this machine nobody may call who has not said who it is, not through something in front of the gate either. */
function refuseEverybody(http: HttpConfig, { identity }: Config): void {
  if (http.tokens.size > 0 || identity.issuers.length > 0) return;
  const { publicUrl, allowedHosts } = http;
  const inFront =
    publicUrl === undefined ? allowedHosts : [new URL(publicUrl).host, ...allowedHosts];
  const names = inFront.map((name) => new URL(`http://${name}`).hostname);
  const open = [http.host, ...names].find((name) => !isLoopback(name));
  if (open === undefined) return;
  throw new GateError('config_invalid', `the gate would listen on "${open}" for everybody`, {
    hint: 'name tokens in "transport.http.tokens" or issuers in "identity.issuers", or listen on 127.0.0.1',
  });
}

/** Nobody is to type a credential where others can read it on its way. */
function refuseOpenPage(http: HttpConfig, { approvals: { page } }: Config): void {
  if (page === undefined || http.tls !== undefined || isLoopback(http.host)) return;
  if (new URL(page.url).protocol === 'https:') return;
  throw new GateError('config_invalid', `the approval page would be open on "${http.host}"`, {
    hint: 'name "transport.http.tls", or the "https:" address of what stands in front in "approvals.page"',
  });
}

function settingsOf(http: HttpConfig, { identity }: Config): HttpSettings {
  const { publicUrl, tls, limits, allowedHosts, allowedOrigins, host, port, path, sse } = http;
  const known = publicUrl === undefined ? [] : [new URL(publicUrl)];
  const authorizationServers = identity.issuers.map(({ issuer }) => issuer);
  return {
    host,
    port,
    path,
    sse,
    allowedHosts: [...allowedHosts, ...known.map((url) => url.host)],
    allowedOrigins: [...allowedOrigins, ...known.map((url) => url.origin)],
    tls: tlsOf(tls),
    resource:
      authorizationServers.length === 0 ? undefined : { url: publicUrl, authorizationServers },
    limits: { ...defaultLimits, ...limits },
  };
}

/** Certificate and key as they are in their files, looked at before anything is opened. */
function tlsOf(files: HttpConfig['tls']): HttpSettings['tls'] {
  if (files === undefined) return undefined;
  try {
    const pem = { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
    createSecureContext(pem);
    return pem;
  } catch (cause) {
    throw unusable(cause);
  }
}

function unusable(cause: unknown): GateError {
  const message = `certificate and key cannot be used: ${describe(cause)}`;
  const hint = 'name two files in PEM form that belong together in "transport.http.tls"';
  return new GateError('config_invalid', message, { cause, hint });
}

function openFace(gate: OpenGate, settings: HttpSettings, config: Config): HttpFace {
  const { identity, transport } = config;
  return createHttpFace({
    settings,
    host: gate.host,
    authenticate: createBearer({
      tokens: transport.http.tokens,
      issuers: identity.issuers,
      anonymous: isLoopback(settings.host) && !identity.required,
      clock: systemClock,
      onRefused: (reason) => gate.log.info(reason),
    }),
    headerParams: createHeaderParams(gate.host.modern),
    pages: gate.pages,
    version: packageVersion(),
    instructions: () => instructions(config),
    tasksFor: (name) => isOfferedTasks(name, config.approvals.tasks),
    isReady: gate.ready,
    clock: systemClock,
  });
}

async function bind(face: HttpFace, http: HttpConfig): Promise<string> {
  try {
    return (await face.listen()).url;
  } catch (cause) {
    throw notBound(http, cause);
  }
}

function notBound({ host, port }: HttpConfig, cause: unknown): GateError {
  const message = `the gate cannot listen on "${host}" port ${port}: ${describe(cause)}`;
  const hint = 'choose another with --host and --port, or in "transport.http"';
  return new GateError('config_invalid', message, { cause, hint });
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.once(signal, () => resolve());
    }
  });
}
