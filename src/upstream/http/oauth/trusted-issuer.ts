import type { OAuthDiscoveryState } from '@modelcontextprotocol/sdk/client/auth.js';
import { GateError } from '../../../core/errors.ts';
import { shortened } from '../../../core/shortened.ts';
import type { OauthSpec } from '../../server-spec.ts';

/**
 * Throws unless this authorization server may be dealt with for the tool server, which named it. A pinned issuer is the only one;
 * without one a configured secret goes to no other origin than the tool server's own, for whoever runs that could name his own
 * and collect it.
 */
export function checkIssuer(
  discovery: OAuthDiscoveryState,
  oauth: OauthSpec | undefined,
  server: string,
): void {
  checkDocument(discovery);
  const { authorizationServerUrl: named } = discovery;
  if (oauth?.issuer !== undefined) {
    if (isSame(named, oauth.issuer)) return;
    throw refused(
      `its authorization server is "${shown(named)}" and not "${shown(oauth.issuer)}", as "oauth.issuer" says`,
    );
  }
  if (oauth?.clientSecret === undefined) return;
  const tokens = discovery.authorizationServerMetadata?.token_endpoint ?? named;
  const foreign = [named, tokens].find((url) => originOf(url) !== originOf(server));
  if (foreign === undefined) return;
  throw refused(
    `its client secret would go to "${shown(foreign)}", which the tool server alone vouches for: if that is right, pin its authorization server with "oauth": { "issuer": "${shown(named)}" }`,
  );
}

/**
 * The document must be of the issuer that it was asked from (RFC 8414 section 3.3), but for servers of the first revisions,
 * which are their own authorization server and name another issuer.
 */
function checkDocument(discovery: OAuthDiscoveryState): void {
  const { authorizationServerUrl, authorizationServerMetadata: metadata } = discovery;
  if (discovery.resourceMetadata === undefined || metadata === undefined) return;
  if (!isSame(metadata.issuer, authorizationServerUrl)) {
    throw refused('its authorization server says that it is another issuer than it was asked for');
  }
}

function isSame(one: string, other: string): boolean {
  return withoutSlash(one) === withoutSlash(other);
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url;
}

function originOf(url: string): string {
  return new URL(url).origin;
}

/** As an address and in bounds: it is the word of a server. */
function shown(url: string): string {
  return shortened(withoutSlash(new URL(url).href), 200);
}

function refused(message: string): GateError {
  return new GateError('upstream_unavailable', message);
}
