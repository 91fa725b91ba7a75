import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from './body.ts';
import type { HttpSettings } from './contract.ts';
import { createDoors, type Doors, isLoopback } from './doors.ts';
import { draining, type Floor, turnAway } from './endpoint.ts';
import type { PageAnswer, Pages } from './page-contract.ts';
import { refusal } from './refusal.ts';

/** A reason of 2,000 characters in percent signs, and what stands beside it. */
const formBytes = 32 * 1024;

/**
 * Serves pages for people. No page has a script, takes a cookie, or may be kept, framed or read by another page. Nothing of
 * a browser speaks for a person here: each form carries their credential, so another site that sends one has nothing to
 * ride on (CSRF). Host and Origin are checked all the same, and no origin beside the page's own is let in.
 */
export class PageEndpoint {
  readonly #floor: Floor;
  readonly #pages: Pages;
  readonly #doors: Doors;
  readonly #prefix: string;
  readonly #policy: string;

  constructor(floor: Floor, pages: Pages, settings: HttpSettings, port: number) {
    this.#floor = floor;
    this.#pages = pages;
    this.#doors = pageDoors(pages.url, settings, port);
    this.#prefix = `${new URL(pages.url).pathname}/`;
    const style = createHash('sha256').update(pages.style).digest('base64');
    this.#policy = `default-src 'none'; style-src 'sha256-${style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`;
  }

  /** The page that an address names; undefined when it is none of these. */
  nameIn(url: string): string | undefined {
    if (!url.startsWith(this.#prefix)) return undefined;
    return /^[A-Za-z0-9_]{1,40}(?=\?|$)/.exec(url.slice(this.#prefix.length))?.[0];
  }

  handle(name: string, req: IncomingMessage, res: ServerResponse): void {
    for (const [header, value] of Object.entries(always)) res.setHeader(header, value);
    res.setHeader('Content-Security-Policy', this.#policy);
    const ending = this.#floor.isDraining() ? draining : undefined;
    const fault = this.#doors.fault(askedBy(req)) ?? ending;
    if (fault !== undefined) turnAway(this.#floor, { req, res }, fault);
    else if (req.method === 'GET') this.#answer(name, undefined, req, res);
    else if (req.method === 'POST') this.#read(name, req, res);
    else turnAway(this.#floor, { req, res }, wrongMethod);
  }

  #read(name: string, req: IncomingMessage, res: ServerResponse): void {
    const type = req.headers['content-type'] ?? '';
    if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
      turnAway(this.#floor, { req, res }, noForm);
      return;
    }
    const bodyBytes = Math.min(formBytes, this.#floor.limits.bodyBytes);
    readBody(
      req,
      { bodyBytes, budget: this.#floor.bodies },
      (body) => {
        const fields = fieldsIn(body);
        if (fields === undefined) turnAway(this.#floor, { req, res }, twice);
        else this.#answer(name, fields, req, res);
      },
      (reason) => turnAway(this.#floor, { req, res }, reason),
    );
  }

  #answer(
    name: string,
    fields: ReadonlyMap<string, string> | undefined,
    req: IncomingMessage,
    res: ServerResponse,
  ): void {
    const remoteAddress = req.socket.remoteAddress ?? '';
    this.#pages.answer({ name, fields, remoteAddress }).then(
      (answer) => this.#send(res, answer),
      () => turnAway(this.#floor, { req, res }, failed),
    );
  }

  #send(res: ServerResponse, { status, html, retryAfterS }: PageAnswer): void {
    if (res.destroyed) return;
    this.#floor.metrics.counted('page', status < 400 ? 'result' : 'refused', status);
    const lines = ['Content-Type', 'text/html; charset=utf-8'];
    lines.push('Content-Length', String(Buffer.byteLength(html)));
    if (retryAfterS !== undefined) lines.push('Retry-After', String(retryAfterS));
    res.writeHead(status, lines).end(html);
    const { stallMs } = this.#floor.limits;
    if (res.writableLength > 0) res.setTimeout(stallMs, () => res.destroy());
  }
}

const always: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/**
 * By the names of this machine where nobody can listen on the way, and by the public one. Beyond this machine and without
 * TLS the public name alone counts: whatever stands in front has the TLS, and nobody is to type a credential past it.
 */
function pageDoors(url: string, settings: HttpSettings, port: number): Doors {
  const { host, origin } = new URL(url);
  const isSecure = settings.tls !== undefined;
  const isGuarded = isSecure || isLoopback(settings.host);
  return createDoors({
    host: isGuarded ? settings.host : '0.0.0.0',
    port,
    isSecure,
    allowedHosts: [host],
    allowedOrigins: [origin],
  });
}

// Under "no-referrer" browsers send their own forms with `Origin: null` (Fetch, 3.2.5), and say beside it where they come from.
function askedBy({ headers }: IncomingMessage): IncomingMessage['headers'] {
  const isOwn = headers.origin === 'null' && headers['sec-fetch-site'] === 'same-origin';
  if (!isOwn) return headers;
  const { origin: _, ...others } = headers;
  return others;
}

/** Each once: of two the person would have seen one. */
function fieldsIn(body: Buffer): ReadonlyMap<string, string> | undefined {
  const sent = [...new URLSearchParams(body.toString('utf8'))];
  const fields = new Map(sent);
  return fields.size === sent.length ? fields : undefined;
}

const wrongMethod = refusal(405, 'method not allowed', ['Allow', 'GET, POST']);
const noForm = refusal(415, 'content type must be application/x-www-form-urlencoded');
const twice = refusal(400, 'a field of the form was sent twice');
const failed = refusal(500, 'the page could not be made');
