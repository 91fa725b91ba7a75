import type {
  OAuthClientProvider,
  OAuthDiscoveryState,
} from '@modelcontextprotocol/sdk/client/auth.js';
import {
  OAuthClientInformationFullSchema,
  type OAuthClientInformationMixed,
  OAuthClientInformationSchema,
  type OAuthClientMetadata,
  type OAuthTokens,
  OAuthTokensSchema,
} from '@modelcontextprotocol/sdk/shared/auth.js';
import { isObject, type Json, type JsonObject } from '../../../core/json.ts';
import { parseJson } from '../../../core/parse-json.ts';
import type { OauthSpec } from '../../server-spec.ts';
import type { TokenState } from './token-file.ts';
import { checkIssuer } from './trusted-issuer.ts';

export interface ProviderOptions {
  readonly oauth: OauthSpec | undefined;
  readonly state: TokenState;
  readonly scope: string | undefined;
  /** Where the person's browser comes back to; undefined where no person is asked. */
  readonly redirectUrl: string | undefined;
  /** Sends a person to the authorization server; throws where there is none. */
  readonly onPerson: (url: URL, discovery: OAuthDiscoveryState | undefined) => void;
  readonly stateParameter?: string;
}

/** What the SDK's OAuth client reads and writes, over one state in memory: whoever made it keeps the state afterwards. */
export class GateProvider implements OAuthClientProvider {
  readonly #options: ProviderOptions;
  #state: TokenState;
  #verifier = '';
  #discovery: OAuthDiscoveryState | undefined;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#state = options.state;
  }

  get result(): TokenState {
    return this.#state;
  }

  get redirectUrl(): string | undefined {
    return this.#options.redirectUrl;
  }

  get clientMetadata(): OAuthClientMetadata {
    const { redirectUrl, scope, oauth } = this.#options;
    const metadata = {
      client_name: 'mcp-gate',
      redirect_uris: redirectUrl === undefined ? [] : [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method:
        oauth?.clientSecret === undefined ? 'none' : 'client_secret_basic',
      // It runs where its user sits (OpenID Connect registration, section 2).
      application_type: 'native',
    };
    return scope === undefined ? metadata : { ...metadata, scope };
  }

  state(): string {
    return this.#options.stateParameter ?? '';
  }

  /** The operator's own, else the registered one; with the issuer that it belongs to, once that is known. */
  clientInformation(): OAuthClientInformationMixed | undefined {
    const { oauth, redirectUrl } = this.#options;
    const { client } = this.#state;
    if (oauth?.clientId === undefined) return registered(client, redirectUrl);
    // A pinned one is the operator's word, also where it was another before.
    const isBound = oauth.issuer === undefined && client?.['client_id'] === oauth.clientId;
    const known = isBound ? client?.['issuer'] : undefined;
    return {
      client_id: oauth.clientId,
      ...(oauth.clientSecret === undefined ? {} : { client_secret: oauth.clientSecret }),
      ...(typeof known === 'string' ? { issuer: known } : {}),
    };
  }

  saveClientInformation(client: OAuthClientInformationMixed): void {
    // The operator's secret stays in the config.
    const isOwn = client.client_id === this.#options.oauth?.clientId;
    const kept = isOwn ? { client_id: client.client_id, issuer: client.issuer } : client;
    this.#state = { ...this.#state, client: plain(kept) };
  }

  tokens(): OAuthTokens | undefined {
    const read = OAuthTokensSchema.safeParse(this.#state.tokens);
    return read.success ? read.data : undefined;
  }

  saveTokens(tokens: OAuthTokens): void {
    const grant = this.redirectUrl === undefined ? 'client_credentials' : 'authorization_code';
    this.#state = { ...this.#state, grant, tokens: plain(tokens) };
  }

  redirectToAuthorization(url: URL): void {
    this.#options.onPerson(url, this.#discovery);
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  /** Only for as long as this login lasts: a server may move to another authorization server at any time. */
  saveDiscoveryState(discovery: OAuthDiscoveryState): void {
    checkIssuer(discovery, this.#options.oauth, this.#state.server);
    this.#discovery = discovery;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovery;
  }

  invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): void {
    if (scope === 'all' || scope === 'tokens') this.#state = { ...this.#state, tokens: undefined };
    if (scope === 'all' || scope === 'client') this.#state = { ...this.#state, client: undefined };
  }

  /** Without a person the configured secret speaks for itself. */
  prepareTokenRequest(): URLSearchParams | undefined {
    if (this.redirectUrl !== undefined) return undefined;
    const { scope } = this.#options;
    const grant = { grant_type: 'client_credentials' };
    return new URLSearchParams(scope === undefined ? grant : { ...grant, scope });
  }
}

/** A registration for another redirect is of no use: some authorization servers compare the port too. */
function registered(
  client: JsonObject | undefined,
  redirectUrl: string | undefined,
): OAuthClientInformationMixed | undefined {
  const full = OAuthClientInformationFullSchema.safeParse(client);
  const read = full.success ? full : OAuthClientInformationSchema.safeParse(client);
  if (!read.success) return undefined;
  const uris = client?.['redirect_uris'];
  const fits = redirectUrl === undefined || !Array.isArray(uris) || uris.includes(redirectUrl);
  return fits ? read.data : undefined;
}

function plain(value: unknown): JsonObject {
  const copy: Json = parseJson(JSON.stringify(value));
  return isObject(copy) ? copy : {};
}
