import type { Config, HttpConfig } from './config.ts';
import type { ConfigFile } from './schema.ts';

/** How the gate is reached over HTTP; files are resolved by `absolute`. */
export function resolveHttp(
  file: ConfigFile['transport']['http'],
  absolute: (path: string) => string,
): HttpConfig {
  const { tls, tokens, limits, publicUrl, ...same } = file;
  const { sessionIdle, poolIdle, ...counts } = limits;
  return {
    ...same,
    publicUrl,
    tls: tls && { cert: absolute(tls.cert), key: absolute(tls.key) },
    limits: { ...counts, sessionIdleMs: sessionIdle, poolIdleMs: poolIdle },
    tokens: new Map(Object.entries(tokens)),
  };
}

export function resolveIdentity({ required, issuers }: ConfigFile['identity']): Config['identity'] {
  return {
    required,
    issuers: issuers.map(({ claims, ...issuer }) => {
      const { tenant, department, region } = claims;
      return { ...issuer, claims: { ...claims, tenant, department, region } };
    }),
  };
}
