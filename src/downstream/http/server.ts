import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { HttpSettings } from './contract.ts';

/** How often a connection is looked at that takes too long. */
const checkMs = 5000;
/** Answers of the last moment have this long to leave. */
const flushMs = 1000;
const flushPollMs = 20;

/** The listening socket, with bounds on everything that a client may take its time with. */
export class HttpServer {
  readonly #settings: HttpSettings;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
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
      tls === undefined ? createServer(options) : createSecureServer({ ...options, ...tls });
    this.#server.maxConnections = limits.connections;
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Binds; `listener` is made once the port is known, and before anybody can come. Rejects when it cannot bind. */
  listen(listenerFor: (port: number) => RequestListener): Promise<{ readonly port: number }> {
    const server = this.#server;
    const { host, port } = this.#settings;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
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
    const timer = setTimeout(() => this.#server.closeAllConnections(), flushMs);
    await this.#closed;
    clearInterval(poll);
    clearTimeout(timer);
  }
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
