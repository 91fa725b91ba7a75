import type { OAuthDiscoveryState } from '@modelcontextprotocol/sdk/client/auth.js';
import { describe, GateError } from '../../../core/errors.ts';
import { randomBytes } from '../../../core/ids.ts';
import { defaultLimits } from '../../limits.ts';
import type { RemoteSpec } from '../../server-spec.ts';
import { HttpClient, hasHeader } from '../http-client.ts';
import { remoteUrl } from '../remote-url.ts';
import { Wording } from '../wording.ts';
import { askChallenge } from './ask-challenge.ts';
import { openCallback } from './callback.ts';
import { type Challenge, union } from './challenge.ts';
import { guardedFetch, isAllowed } from './guarded-fetch.ts';
import { GateProvider } from './provider.ts';
import { serverOf, tokenFile } from './stored-tokens.ts';
import type { TokenState } from './token-file.ts';

export interface LoginOptions {
  /** Shows the URL that a person opens in a browser. */
  readonly print: (url: string) => void;
  /** Where the browser comes back to, on 127.0.0.1; 0 takes any port, which some authorization servers refuse. */
  readonly port: number;
  readonly timeoutMs: number;
}

/**
 * Logs in at a remote server's authorization server: the authorization-code flow with PKCE, in the browser of whoever sits
 * here. The tokens are kept for the gates of this user. Rejects with a `GateError` that says what went wrong.
 */
export async function login(spec: RemoteSpec, options: LoginOptions): Promise<void> {
  if (hasHeader(spec.headers, 'authorization')) {
    throw new GateError(
      'usage',
      `server "${spec.key}" has an "Authorization" header in its config`,
      {
        hint: 'remove it from "headers" to log in instead',
      },
    );
  }
  const secrets = () => [spec.oauth?.clientSecret ?? ''];
  const wording = new Wording(spec.headers, secrets, remoteUrl(spec.url));
  try {
    await logIn(spec, options, await challengeOf(spec, wording));
  } catch (error) {
    throw error instanceof GateError ? error : failure(spec.key, wording.clean(describe(error)));
  }
}

/** Without its cause: what the OAuth client throws quotes whole answers. */
function failure(key: string, why: string): GateError {
  return new GateError('upstream_unavailable', `login at "${key}" failed: ${why}`);
}

async function challengeOf(spec: RemoteSpec, wording: Wording): Promise<Challenge> {
  const client = new HttpClient({
    url: remoteUrl(spec.url),
    headers: spec.headers,
    limits: defaultLimits,
    wording,
    authorization: undefined,
    onHopeless: () => {},
  });
  try {
    return await askChallenge(client, spec.initTimeoutMs);
  } finally {
    await client.close();
  }
}

async function logIn(
  spec: RemoteSpec,
  { print, port, timeoutMs }: LoginOptions,
  challenge: Challenge,
): Promise<void> {
  const { auth } = await import('@modelcontextprotocol/sdk/client/auth.js');
  const file = tokenFile(spec);
  const before = await file.read();
  const stateParameter = randomBytes(32).toString('base64url');
  const callback = await openCallback({ port, state: stateParameter, timeoutMs });
  try {
    const scope = union(
      spec.oauth?.scopes.join(' '),
      before?.scope,
      before?.missed,
      challenge.scope,
    );
    let discovery: OAuthDiscoveryState | undefined;
    const provider = new GateProvider({
      oauth: spec.oauth,
      state: fresh(spec, before, scope),
      scope,
      redirectUrl: callback.redirectUrl,
      stateParameter,
      onPerson: (url, found) => {
        discovery = found;
        checkAuthorizationServer(url, found, remoteUrl(spec.url));
        print(url.href);
      },
    });
    const common = {
      serverUrl: serverOf(spec.url),
      fetchFn: guardedFetch(remoteUrl(spec.url)),
      ...(scope === undefined ? {} : { scope }),
    };
    const { resourceMetadataUrl } = challenge;
    await auth(provider, resourceMetadataUrl ? { ...common, resourceMetadataUrl } : common);
    const authorizationCode = codeIn(await callback.answer, discovery);
    await auth(provider, { ...common, authorizationCode });
    await file.locked(() => file.write(provider.result));
  } finally {
    callback.close();
  }
}

/** Tokens are got anew; a registration is used again. */
function fresh(
  spec: RemoteSpec,
  before: TokenState | undefined,
  scope: string | undefined,
): TokenState {
  const server = serverOf(spec.url);
  const client = before?.client;
  return {
    server,
    grant: 'authorization_code',
    client,
    tokens: undefined,
    scope,
    missed: undefined,
  };
}

/** Without PKCE anybody who sees the code can use it: a server that does not name it is refused (MCP, authorization). */
function checkAuthorizationServer(
  url: URL,
  discovery: OAuthDiscoveryState | undefined,
  server: URL,
): void {
  if (!isAllowed(url, server)) {
    throw new GateError(
      'upstream_unavailable',
      'its authorization server is not reached over https',
    );
  }
  const metadata = discovery?.authorizationServerMetadata;
  if (metadata !== undefined && metadata.code_challenge_methods_supported === undefined) {
    throw new GateError('upstream_unavailable', 'its authorization server does not support PKCE');
  }
}

/** RFC 9207 section 2.4: whose answer it is comes first, and what an answer of somebody else says is not repeated. */
function codeIn(answer: URLSearchParams, discovery: OAuthDiscoveryState | undefined): string {
  const metadata = discovery?.authorizationServerMetadata;
  const issuer = answer.get('iss');
  const isNamed = metadata !== undefined && isIssuerNamed(metadata);
  if (issuer === null ? isNamed : issuer !== metadata?.issuer) {
    throw new GateError(
      'upstream_unavailable',
      'the answer is not of the authorization server that was asked',
    );
  }
  const error = answer.get('error');
  if (error !== null) {
    const said = /^[\x20-\x7e]{1,64}$/.test(error) ? error : 'an error';
    throw new GateError('upstream_unavailable', `the authorization server answered "${said}"`);
  }
  const code = answer.get('code');
  if (code === null || code === '') {
    throw new GateError('upstream_unavailable', 'the authorization server gave no code');
  }
  return code;
}

function isIssuerNamed(metadata: object): boolean {
  return (
    'authorization_response_iss_parameter_supported' in metadata &&
    metadata.authorization_response_iss_parameter_supported === true
  );
}
