import { userInfo } from 'node:os';
import type { Identity } from '../core/tool-call.ts';

/** Who is at the other end of standard input: the user that the operating system started this process for. */
export function osIdentity(): Identity {
  const name = osUserName();
  return { type: 'identity', id: name, source: 'os', verified: true, scope: `os:${name}` };
}

function osUserName(): string {
  try {
    return userInfo().username;
  } catch {
    // Containers may run a uid that has no name; the number is as good an identity.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
