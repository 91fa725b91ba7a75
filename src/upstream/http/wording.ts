import { printable } from '../../core/printable.ts';
import { shortened } from '../../core/shortened.ts';

const bodyCharacters = 200;
/** Shorter values are words that a message may well contain. */
const secretCharacters = 4;

/** Words of a remote server for people: short, without control characters, and without what must stay secret. */
export class Wording {
  readonly #configured: readonly string[];
  readonly #tokens: () => readonly string[];

  /** `headers` and `url`: the configured ones; `tokens`: what is secret just now. */
  constructor(
    headers: Readonly<Record<string, string>>,
    tokens: () => readonly string[],
    url?: URL,
  ) {
    this.#configured = [...Object.values(headers).flatMap(parts), ...(url ? urlParts(url) : [])];
    this.#tokens = tokens;
  }

  clean(text: string): string {
    let cleaned = text.slice(0, 16 * 1024);
    // The longest first: a part of it would leave the rest standing.
    const secrets = [...this.#configured, ...this.#tokens()].sort((a, b) => b.length - a.length);
    for (const secret of secrets) {
      if (secret.length >= secretCharacters) cleaned = cleaned.replaceAll(secret, '…');
    }
    return shortened(printable(shortened(cleaned.trim(), bodyCharacters)), 2 * bodyCharacters);
  }

  /** What an answer that is none says. */
  refusal(status: number, body: Buffer): string {
    const text = this.clean(body.toString('utf8', 0, 16 * 1024).replace(/\s+/g, ' '));
    return text === '' ? `answered HTTP ${status}` : `answered HTTP ${status}: ${text}`;
  }
}

/** `Bearer SECRET` is told as `SECRET` too. */
function parts(value: string): readonly string[] {
  return [value, ...value.split(/[\s;,]+/).filter((part) => part.length >= 8)];
}

/** Shorter segments of a path are names. */
const segmentCharacters = 16;

/** What is secret in an address: the values of its query and the long parts of its path, as written and as meant. */
function urlParts({ pathname, search, searchParams }: URL): readonly string[] {
  const written = search
    .slice(1)
    .split('&')
    .map((each) => each.slice(each.indexOf('=') + 1));
  const segments = pathname.split('/').filter((each) => each.length >= segmentCharacters);
  return [...written, ...searchParams.values(), ...segments];
}

/** Where a redirect points to, no closer than its origin: paths and queries carry secrets. */
export function redirection(status: number, location: string | undefined, base: string): string {
  const origin =
    location !== undefined && URL.canParse(location, base)
      ? new URL(location, base).origin
      : 'nowhere';
  return `answered HTTP ${status}, a redirect to ${printable(origin)}, which is not followed: set the server's "url" to where it is`;
}

/** What went wrong on the way, as Node and undici tell it. */
export function networkFault(error: unknown): string {
  const { code, message } = faultOf(error);
  return message === '' ? code : message;
}

function faultOf(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: 'failed', message: '' };
  const code = 'code' in error ? String(error.code) : error.name;
  return { code, message: printable(shortened(error.message, bodyCharacters)) };
}
