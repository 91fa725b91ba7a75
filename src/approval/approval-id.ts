import { GateError } from '../core/errors.ts';
import { randomBytes } from '../core/ids.ts';
import type { ApprovalRow } from '../store/approval-contract.ts';
import type { Reader } from '../store/contract.ts';
import type { GrantRow } from '../store/grant-contract.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const shortestTyped = 6;

const approvals = { prefix: 'ap_', noun: 'approval', hint: 'mcp-gate approvals list' } as const;
const grants = { prefix: 'gr_', noun: 'grant', hint: 'mcp-gate grants list' } as const;

type Kind = typeof approvals | typeof grants;

/** `ap_` and ten characters of Crockford's base 32: 50 bits, short enough to type. */
export function newApprovalId(): string {
  return newId(approvals);
}

export function newGrantId(): string {
  return newId(grants);
}

function newId({ prefix }: Kind): string {
  const characters = [...randomBytes(10)].map((byte) => alphabet.charAt(byte & 31));
  return prefix + characters.join('');
}

/**
 * The approval that a person means: its id, or a beginning of it that no other approval shares. Closed ones count as
 * sharing it, so that an id copied from an old message never names a newer question.
 */
export function findApproval(reader: Reader, typed: string): ApprovalRow {
  const id = asWritten(approvals, typed);
  const exact = reader.approval(id);
  return exact ?? beginningWith(approvals, id, typed, () => reader.approvals(undefined));
}

/** The same for a standing grant. */
export function findGrant(reader: Reader, typed: string): GrantRow {
  const id = asWritten(grants, typed);
  return reader.grant(id) ?? beginningWith(grants, id, typed, () => reader.grants());
}

function beginningWith<T extends { readonly id: string }>(
  kind: Kind,
  id: string,
  typed: string,
  all: () => readonly T[],
): T {
  if (id.length < shortestTyped || !id.startsWith(kind.prefix)) throw unknown(kind, typed);
  const [first, second] = all().filter((row) => row.id.startsWith(id));
  if (first === undefined) throw unknown(kind, typed);
  if (second === undefined) return first;
  const message = `${kind.noun} "${id}" names more than one, expected more of the id`;
  throw new GateError('not_found', message);
}

// Crockford: case does not matter, O reads as 0, I and L as 1.
function asWritten({ prefix }: Kind, typed: string): string {
  const text = typed.trim().toLowerCase();
  if (!text.startsWith(prefix)) return text;
  const characters = text.slice(prefix.length);
  return prefix + characters.replaceAll('o', '0').replaceAll(/[il]/g, '1');
}

function unknown({ noun, hint }: Kind, typed: string): GateError {
  return new GateError('not_found', `${noun} "${typed.slice(0, 40)}" does not exist`, { hint });
}
