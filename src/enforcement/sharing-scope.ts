import type { Caller } from '../core/tool-call.ts';

/** Whoever did not prove who it is shares its questions, and what it gets, with nobody but itself. */
export function sharingScope({ identity, session }: Caller): string {
  return identity.verified ? identity.scope : `${identity.scope} ${session.id}`;
}
