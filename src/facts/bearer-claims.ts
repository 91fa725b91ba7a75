import type { JWTPayload } from 'jose';
import type { Identity } from '../core/tool-call.ts';

/** Where a token says what we want to know: the name of a claim, or a JSON pointer into the claims (RFC 6901). */
export interface ClaimNames {
  readonly subject: string;
  readonly groups: string;
  readonly roles: string;
  readonly tenant: string | undefined;
  readonly department: string | undefined;
  readonly region: string | undefined;
}

/** A claim that is there and cannot be used: to go on without it could allow what it would have denied. */
export class UnusableClaim extends Error {}

const longestText = 256;
const mostTexts = 256;

/** Who a token of this issuer speaks for, by claims that were verified. */
export function identityOf(issuer: string, names: ClaimNames, claims: JWTPayload): Identity {
  const id = textIn(claims, names.subject);
  if (id === null) throw new UnusableClaim(`it has no claim "${names.subject}"`);
  const said = {
    issuer,
    groups: textsIn(claims, names.groups),
    roles: textsIn(claims, names.roles),
    tenant: textIn(claims, names.tenant),
    department: textIn(claims, names.department),
    region: textIn(claims, names.region),
  };
  const scope = scopeOf(issuer, said.tenant ?? '', id);
  return { type: 'identity', id, source: 'oidc', verified: true, scope, claims: said };
}

// The subject stands last and as it is, for that is how an approver's name is compared with a requester's.
function scopeOf(issuer: string, tenant: string, subject: string): string {
  const part = (text: string) => text.replace(/[%:]/g, encodeURIComponent);
  return `oidc:${part(issuer)}:${part(tenant)}:${subject}`;
}

function textIn(claims: JWTPayload, name: string | undefined): string | null {
  const value = name === undefined ? undefined : valueAt(claims, name);
  if (value === undefined || value === null) return null;
  if (isText(value)) return value;
  throw new UnusableClaim(`its claim "${name}" is not a short text`);
}

function textsIn(claims: JWTPayload, name: string): readonly string[] {
  const value = valueAt(claims, name);
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.length <= mostTexts && list.every(isText)) return list;
  throw new UnusableClaim(`its claim "${name}" is not a list of at most ${mostTexts} short texts`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longestText;
}

function valueAt(claims: unknown, name: string): unknown {
  if (!name.startsWith('/')) return memberOf(claims, name);
  const keys = name.slice(1).split('/');
  return keys
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce(memberOf, claims);
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return Reflect.get(value, key);
}
