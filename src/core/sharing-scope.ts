import type { Caller } from './tool-call.ts';

/** Whoever did not prove who it is shares its questions, and what it gets, with nobody but itself. */
export function sharingScope({ identity, session }: Pick<Caller, 'identity' | 'session'>): string {
  return identity.verified ? identity.scope : `${identity.scope} ${session.id}`;
}
