import { describe, GateError } from '../../../core/errors.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { RemoteSpec } from '../../server-spec.ts';
import type { Authorization } from '../http-client.ts';
import { remoteUrl } from '../remote-url.ts';
import type { Wording } from '../wording.ts';
import { missingScope, readChallenge, union } from './challenge.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { TokenFile, type TokenState } from './token-file.ts';

/** The tokens that were got before, if any; nothing of the OAuth client is loaded until a server refuses them. */
export async function openTokens(spec: RemoteSpec, wording: Wording): Promise<StoredTokens> {
  const file = tokenFile(spec);
  return new StoredTokens(spec, wording, file, await file.read());
}

export function tokenFile({ tokenDir, key, url }: RemoteSpec): TokenFile {
  return new TokenFile(tokenDir, key, serverOf(url));
}

/** Tokens belong to the origin and the path; a query is no part of it. */
export function serverOf(url: string): string {
  const { origin, pathname } = remoteUrl(url);
  return `${origin}${pathname}`;
}

/** The authorization of one session: what is stored, and renewed as long as that needs no person. */
export class StoredTokens implements Authorization {
  readonly #spec: RemoteSpec;
  readonly #wording: Wording;
  readonly #file: TokenFile;
  #state: TokenState | undefined;
  #header: string | undefined;
  #renewing: Promise<void> | undefined;

  constructor(spec: RemoteSpec, wording: Wording, file: TokenFile, state: TokenState | undefined) {
    this.#spec = spec;
    this.#wording = wording;
    this.#file = file;
    this.#keep(state);
  }

  header(): string | undefined {
    return this.#header;
  }

  secrets(): readonly string[] {
    const { tokens, client } = this.#state ?? {};
    const found = [tokens?.['access_token'], tokens?.['refresh_token'], client?.['client_secret']];
    return [...found, this.#spec.oauth?.clientSecret].filter((each) => typeof each === 'string');
  }

  async renew(used: string | undefined, challenge: string | undefined): Promise<void> {
    // Another request, or another gate, may have renewed them since.
    if (this.#header !== used) return;
    this.#renewing ??= this.#renew(challenge).finally(() => {
      this.#renewing = undefined;
    });
    await this.#renewing;
  }

  async lacks(challenge: string | undefined): Promise<void> {
    const missed = missingScope(challenge);
    if (missed === undefined) return;
    try {
      await this.#file.locked(async () => {
        const stored = await this.#file.read();
        if (stored === undefined || stored.missed === missed) return;
        await this.#file.write({ ...stored, missed });
      });
    } catch {
      // The next login asks for less than it might: whoever logs in is told what is missing all the same.
    }
  }

  async #renew(challenge: string | undefined): Promise<void> {
    try {
      await this.#file.locked(() => this.#renewLocked(challenge));
    } catch (error) {
      throw error instanceof GateError ? error : this.#failure(describe(error));
    }
  }

  /** Without its cause: what the OAuth client throws quotes whole answers. */
  #failure(why: string): GateError {
    const said = this.#wording.clean(why);
    return new GateError('upstream_unavailable', `its authorization cannot be renewed: ${said}`);
  }

  async #renewLocked(challenge: string | undefined): Promise<void> {
    const used = this.#header;
    const stored = await this.#file.read();
    if (stored !== undefined) this.#keep(stored);
    if (this.#header !== used) return;
    const { oauth } = this.#spec;
    const isAlone = oauth?.clientId !== undefined && oauth.clientSecret !== undefined;
    const isRefreshable =
      stored?.grant === 'authorization_code' &&
      typeof stored.tokens?.['refresh_token'] === 'string';
    if (!isRefreshable && !isAlone) throw this.#needsPerson();
    await this.#authorize(challenge, stored, isRefreshable);
  }

  async #authorize(
    challenge: string | undefined,
    stored: TokenState | undefined,
    isRefreshable: boolean,
  ): Promise<void> {
    // It takes a while to load, and most servers never ask for it.
    const [{ auth }, { GateProvider }] = await Promise.all([
      import('@modelcontextprotocol/sdk/client/auth.js'),
      import('./provider.ts'),
    ]);
    const { url, oauth } = this.#spec;
    const wanted = readChallenge(challenge);
    const scope = union(oauth?.scopes.join(' '), stored?.scope, wanted.scope);
    const server = serverOf(url);
    let fault: number | undefined;
    const onFault = (status: number): void => {
      fault = status;
    };
    const fresh = {
      server,
      grant: 'client_credentials',
      client: undefined,
      tokens: undefined,
      missed: undefined,
    } as const;
    const provider = new GateProvider({
      oauth,
      state: { ...(stored ?? fresh), scope },
      scope,
      redirectUrl: isRefreshable ? redirectOf(stored?.client) : undefined,
      onPerson: () => {
        throw fault === undefined ? this.#needsPerson() : this.#failure(`HTTP ${fault}`);
      },
    });
    await auth(provider, {
      serverUrl: server,
      fetchFn: guardedFetch(remoteUrl(url), onFault),
      ...(scope === undefined ? {} : { scope }),
      ...(wanted.resourceMetadataUrl === undefined
        ? {}
        : { resourceMetadataUrl: wanted.resourceMetadataUrl }),
    });
    await this.#file.write(provider.result);
    this.#keep(provider.result);
  }

  #needsPerson(): GateError {
    const { key } = this.#spec;
    return new GateError(
      'upstream_unavailable',
      `it wants a person's authorization: run "mcp-gate login ${key}"`,
    );
  }

  #keep(state: TokenState | undefined): void {
    this.#state = state;
    const token = state?.tokens?.['access_token'];
    const isUsable = typeof token === 'string' && /^[\x21-\x7e]+$/.test(token);
    this.#header = isUsable ? `Bearer ${token}` : undefined;
  }
}

/**
 * Never followed: a run asks no person. The one that was registered, for a refresh token serves only the client that it was
 * given to (RFC 6749 section 6).
 */
function redirectOf(client: JsonObject | undefined): string {
  const uris = client?.['redirect_uris'];
  const [first] = Array.isArray(uris) ? uris : [];
  return typeof first === 'string' ? first : 'http://127.0.0.1/callback';
}
