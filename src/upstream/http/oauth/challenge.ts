/** What an HTTP 401 says about the authorization that is wanted (RFC 6750 section 3, RFC 9728 section 5.1). */
export interface Challenge {
  readonly resourceMetadataUrl: URL | undefined;
  readonly scope: string | undefined;
}

export function readChallenge(header: string | undefined): Challenge {
  const bearer = /(?:^|,)\s*bearer\s+(.*)$/is.exec((header ?? '').slice(0, 4096))?.[1] ?? '';
  const url = parameter(bearer, 'resource_metadata');
  return {
    resourceMetadataUrl: url !== undefined && URL.canParse(url) ? new URL(url) : undefined,
    scope: parameter(bearer, 'scope'),
  };
}

/** The scope whose lack an HTTP 403 is for (RFC 6750 section 3.1). */
export function missingScope(header: string | undefined): string | undefined {
  if (!/\berror="?insufficient_scope\b/.test(header ?? '')) return undefined;
  const { scope } = readChallenge(header);
  return scope !== undefined && scope.length <= scopeCharacters ? scope : undefined;
}

const scopeCharacters = 1000;

function parameter(text: string, name: string): string | undefined {
  const found = new RegExp(`(?:^|[\\s,])${name}=(?:"([^"]*)"|([^\\s,"]+))`, 'i').exec(text);
  const value = found?.[1] ?? found?.[2];
  return value === '' ? undefined : value;
}

/** All scopes of these lists, each once, in their order; undefined when there are none. */
export function union(...lists: readonly (string | undefined)[]): string | undefined {
  const scopes = new Set(lists.flatMap((list) => (list ?? '').split(/\s+/).filter(Boolean)));
  return scopes.size === 0 ? undefined : [...scopes].join(' ');
}
