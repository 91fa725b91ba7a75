import { type Refusal, refusal } from './refusal.ts';

const wellKnown = '/.well-known/oauth-protected-resource';

/** The paths under which clients look for the metadata of an endpoint (RFC 9728 section 3.1). */
export function metadataPaths(endpoint: string): readonly string[] {
  return [wellKnown, `${wellKnown}${endpoint}`];
}

/** Where tokens for this endpoint come from (RFC 9728 section 3.2). */
export function metadataText(url: string, authorizationServers: readonly string[]): string {
  return JSON.stringify({
    resource: url,
    authorization_servers: authorizationServers,
    bearer_methods_supported: ['header'],
    resource_name: 'mcp-gate',
  });
}

/** What a caller is told whom the face does not know (RFC 6750 section 3, RFC 9728 section 5.1). */
export function challenge(metadata: string | undefined, error: string | undefined): Refusal {
  const where = metadata === undefined ? 'realm="mcp-gate"' : `resource_metadata="${metadata}"`;
  const why = error === undefined ? '' : `, error="${error}"`;
  const message =
    error === undefined ? 'a bearer token is required' : 'the bearer token was refused';
  return refusal(401, message, ['WWW-Authenticate', `Bearer ${where}${why}`]);
}

/** The URL of the metadata of the endpoint at this URL. */
export function metadataUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${wellKnown}${pathname === '/' ? '' : pathname}`;
}
