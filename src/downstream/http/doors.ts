import type { IncomingHttpHeaders } from 'node:http';
import { shortened } from '../../core/shortened.ts';
import { type Refusal, refusal } from './refusal.ts';

export interface DoorSettings {
  readonly host: string;
  /** The port that the face really has. */
  readonly port: number;
  readonly isSecure: boolean;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

/** Lets nobody in whom a browser was tricked to send (DNS rebinding; MCP, Streamable HTTP, Security). */
export interface Doors {
  fault(headers: IncomingHttpHeaders): Refusal | undefined;
  /** Whether a page of this origin may read answers. */
  isForeign(origin: string): boolean;
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];
const anyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export function createDoors(settings: DoorSettings): Doors {
  const hosts = allowedHosts(settings);
  const anyPort = new Set(settings.allowedHosts.map((name) => name.toLowerCase()));
  const scheme = settings.isSecure ? 'https://' : 'http://';
  const own = [...hosts].map((host) => `${scheme}${host}`);
  const foreign = new Set(settings.allowedOrigins.map((origin) => origin.toLowerCase()));
  const origins: ReadonlySet<string> = new Set([...own, ...foreign]);
  return {
    fault: ({ host, origin }) => {
      const name = host?.toLowerCase() ?? '';
      // A configured name without a port stands for all of its ports.
      const isKnown = hosts.has(name) || anyPort.has(name.replace(/:\d{1,5}$/, ''));
      if (!isKnown) return wrongHost(name);
      if (origin !== undefined && !origins.has(origin.toLowerCase())) return wrongOrigin(origin);
      return undefined;
    },
    isForeign: (origin) => foreign.has(origin.toLowerCase()),
  };
}

/** Is a name of this machine alone: nobody else can reach what listens there. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}

/** Own names with the own port; without one where that is the scheme's; configured names as they are written. */
function allowedHosts(settings: DoorSettings): ReadonlySet<string> {
  const { host, port, isSecure } = settings;
  const address = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const own = anyAddress.has(host) ? loopbackNames : [...loopbackNames, address.toLowerCase()];
  const names = own.map((name) => `${name}:${port}`);
  if (port === (isSecure ? 443 : 80)) names.push(...own);
  return new Set([...names, ...settings.allowedHosts.map((name) => name.toLowerCase())]);
}

function wrongHost(host: string): Refusal {
  const said = shortened(host, 100);
  return refusal(403, `host "${said}" is not allowed: name it in "transport.http.allowedHosts"`);
}

function wrongOrigin(origin: string): Refusal {
  const said = shortened(origin, 100);
  return refusal(
    403,
    `origin "${said}" is not allowed: name it in "transport.http.allowedOrigins"`,
  );
}
