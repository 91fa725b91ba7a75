import { createHash, randomUUID } from 'node:crypto';
import type { JsonObject } from '../../../src/core/json.ts';
import { answerTo, type Handler, legacy, type Peer, peer, sendJson, sendText } from './rig.ts';

export interface FakeAuthorizationServer {
  readonly issuer: string;
  readonly peer: Peer;
  /** Access tokens that are valid now; a test takes one away to let it expire. */
  readonly valid: Set<string>;
  /** Whose they are: a refresh token serves no other client (RFC 6749 section 6). */
  readonly refreshTokens: Map<string, string | null>;
  /** How often tokens were given, by grant. */
  readonly grants: string[];
  readonly registrations: JsonObject[];
  /** What the browser does: opens the URL and follows the redirect back; with other answers if the test wants. */
  browse(url: string, change?: (back: URL) => void): Promise<number>;
  settings: {
    metadata: JsonObject;
    /** Refuses to give tokens, with this status. */
    refusal: number | undefined;
    clientSecret: string | undefined;
  };
}

/** A small authorization server: registers, authorizes without asking, gives tokens, rotates refresh tokens. */
export async function authorizationServer(): Promise<FakeAuthorizationServer> {
  const valid = new Set<string>();
  const refreshTokens = new Map<string, string | null>();
  const grants: string[] = [];
  const registrations: JsonObject[] = [];
  const codes = new Map<string, { readonly challenge: string; readonly redirect: string }>();
  const settings: FakeAuthorizationServer['settings'] = {
    metadata: {},
    refusal: undefined,
    clientSecret: undefined,
  };
  let issuer = '';

  const give = (
    response: Parameters<Handler>[1],
    grant: string,
    withRefresh: boolean,
    client: string | null,
  ): void => {
    grants.push(grant);
    const accessToken = `access-${randomUUID()}`;
    valid.add(accessToken);
    const refreshToken = `refresh-${randomUUID()}`;
    if (withRefresh) refreshTokens.set(refreshToken, client);
    const tokens = { access_token: accessToken, token_type: 'Bearer', expires_in: 3600 };
    sendJson(response, withRefresh ? { ...tokens, refresh_token: refreshToken } : tokens);
  };

  const token: Handler = (seen, response) => {
    const form = new URLSearchParams(String(seen.body['text'] ?? ''));
    if (settings.refusal !== undefined) {
      sendText(response, 'out of order', settings.refusal);
      return;
    }
    const client = form.get('client_id');
    const refuse = (error: string): void => sendJson(response, { error }, 400);
    switch (form.get('grant_type')) {
      case 'authorization_code': {
        const code = codes.get(form.get('code') ?? '');
        const verifier = form.get('code_verifier') ?? '';
        const challenge = createHash('sha256').update(verifier).digest('base64url');
        if (code?.challenge !== challenge || code.redirect !== form.get('redirect_uri')) {
          refuse('invalid_grant');
        } else {
          give(response, 'authorization_code', true, client);
        }
        break;
      }
      case 'refresh_token':
        // Each may be used once, by its own client.
        if (refreshTokens.get(form.get('refresh_token') ?? '') === client) {
          refreshTokens.delete(form.get('refresh_token') ?? '');
          give(response, 'refresh_token', true, client);
        } else refuse('invalid_grant');
        break;
      case 'client_credentials': {
        const basic = `Basic ${btoa(`client:${settings.clientSecret}`)}`;
        if (seen.headers.authorization === basic) give(response, 'client_credentials', false, null);
        else refuse('invalid_client');
        break;
      }
      default:
        refuse('unsupported_grant_type');
    }
  };

  const routes: Readonly<Record<string, Handler>> = {
    '/.well-known/oauth-authorization-server': (_seen, response) =>
      sendJson(response, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        registration_endpoint: `${issuer}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        ...settings.metadata,
      }),
    '/register': (seen, response) => {
      registrations.push(seen.body);
      sendJson(response, { ...seen.body, client_id: `client-${registrations.length}` }, 201);
    },
    '/authorize': (seen, response) => {
      const { searchParams } = new URL(seen.path, issuer);
      const redirect = searchParams.get('redirect_uri') ?? '';
      const code = randomUUID();
      codes.set(code, { challenge: searchParams.get('code_challenge') ?? '', redirect });
      const back = new URL(redirect);
      back.searchParams.set('code', code);
      back.searchParams.set('state', searchParams.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
    },
    '/token': token,
  };
  const server = await peer((seen, response) => {
    const route = routes[new URL(seen.path, 'http://any').pathname];
    return route === undefined ? sendText(response, '', 404) : route(seen, response);
  }, '');
  issuer = server.url;

  const browse = async (url: string, change: (back: URL) => void = () => {}): Promise<number> => {
    const answer = await fetch(url, { redirect: 'manual' });
    const back = new URL(answer.headers.get('location') ?? '');
    change(back);
    return (await fetch(back)).status;
  };
  return { issuer, peer: server, valid, refreshTokens, grants, registrations, browse, settings };
}

/** A tool server that takes the tokens of this authorization server only, and refuses calls with `forbidden` if that says so. */
export function guarded(
  issuer: string,
  valid: ReadonlySet<string>,
  forbidden: () => string | undefined = () => undefined,
): Promise<Peer> {
  const echo: Handler = (seen, response) => {
    const challenge = seen.body['method'] === 'tools/call' ? forbidden() : undefined;
    if (challenge !== undefined) sendText(response, 'no', 403, { 'www-authenticate': challenge });
    else if (seen.body['method'] === 'tools/call')
      sendJson(response, answerTo(seen, { content: [] }));
    else
      response.writeHead(seen.body['id'] === undefined && seen.method === 'POST' ? 202 : 405).end();
  };
  const server: Promise<Peer> = peer(async (seen, response) => {
    const { url } = await server;
    if (seen.path === '/.well-known/oauth-protected-resource/mcp') {
      sendJson(response, {
        resource: url,
        authorization_servers: [issuer],
        scopes_supported: ['tools'],
      });
      return;
    }
    if (seen.path !== '/mcp') {
      sendText(response, '', 404);
      return;
    }
    if (valid.has(seen.headers.authorization?.replace('Bearer ', '') ?? '')) {
      await legacy(echo)(seen, response);
      return;
    }
    const metadata = new URL('/.well-known/oauth-protected-resource/mcp', url).href;
    const challenge = `Bearer resource_metadata="${metadata}", scope="tools files"`;
    sendText(response, 'who are you?', 401, { 'www-authenticate': challenge });
  });
  return server;
}
