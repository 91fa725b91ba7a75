import { timingSafeEqual } from 'node:crypto';
import { sha256 } from '../core/digest.ts';
import type { Identity } from '../core/tool-call.ts';

/** Whose token has this SHA-256; undefined when it is nobody's. It takes as long for every answer. */
export type TokenHolders = (digest: Buffer) => Identity | undefined;

/** `tokens` by the name of who holds them; only their digests are kept. */
export function createTokenHolders(tokens: ReadonlyMap<string, string>): TokenHolders {
  const holders = [...tokens].map(([name, token]) => ({
    digest: sha256(token),
    identity: holderOf(name),
  }));
  return (digest) => {
    let found: Identity | undefined;
    for (const holder of holders) {
      if (timingSafeEqual(holder.digest, digest)) found = holder.identity;
    }
    return found;
  };
}

function holderOf(name: string): Identity {
  return { type: 'identity', id: name, source: 'token', verified: true, scope: `token:${name}` };
}
