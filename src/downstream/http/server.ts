import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { HttpSettings } from './contract.ts';
import { cutOff } from './unread.ts';

/** How often a connection is looked at that takes too long. */
const checkMs = 5000;
/** Answers of the last moment have this long to leave. */
const flushMs = 1000;
const flushPollMs = 20;
/** How often it is looked at what clients leave unread. */
const unreadMs = 500;

/** The listening socket, with bounds on everything that a client may take its time with. */
export class HttpServer {
  readonly #settings: HttpSettings;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** What TLS goes over, also before it has begun. */
  readonly #carriers = new Set<Socket>();
  readonly #watch: NodeJS.Timeout;
  #closed: Promise<void> | undefined;

  constructor(settings: HttpSettings) {
    const { tls, limits } = settings;
    const options = {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(checkMs, limits.headersMs, limits.requestMs),
    };
    this.#settings = settings;
    this.#server =
      tls === undefined
        ? createServer(options)
        : createSecureServer({ ...options, handshakeTimeout: limits.headersMs, ...tls });
    this.#server.maxConnections = limits.connections;
    if (tls === undefined) this.#keep('connection', this.#sockets);
    else {
      this.#keep('connection', this.#carriers);
      this.#keep('secureConnection', this.#sockets);
    }
    this.#watch = setInterval(() => cutOff(this.#sockets, limits.unreadsBytes), unreadMs).unref();
  }

  /** Binds; `listener` is made once the port is known, and before anybody can come. Rejects when it cannot bind. */
  listen(listenerFor: (port: number) => RequestListener): Promise<{ readonly port: number }> {
    const server = this.#server;
    const { host, port } = this.#settings;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        // A connection that could not be taken, for want of a descriptor, is no reason to end the others.
        server.on('error', () => {});
        const bound = portOf(server.address());
        server.on('request', listenerFor(bound));
        resolve({ port: bound });
      });
    });
  }

  /** Nobody new gets in; whoever is in stays. */
  stopAccepting(): void {
    this.#closed ??= new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Ends every connection; what was written has a moment to leave. Everything has its answer by now. */
  async close(): Promise<void> {
    this.stopAccepting();
    const poll = setInterval(() => {
      for (const socket of this.#sockets) if (socket.writableLength === 0) socket.destroy();
    }, flushPollMs);
    const timer = setTimeout(() => {
      this.#server.closeAllConnections();
      for (const socket of this.#carriers) socket.destroy();
    }, flushMs);
    await this.#closed;
    clearInterval(poll);
    clearTimeout(timer);
    clearInterval(this.#watch);
  }

  #keep(event: 'connection' | 'secureConnection', sockets: Set<Socket>): void {
    this.#server.on(event, (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
  }
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
