import { GateError } from '../core/errors.ts';
import { randomBytes } from '../core/ids.ts';
import type { ApprovalRow, Reader } from '../store/contract.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const prefix = 'ap_';
const shortestTyped = 6;

/** `ap_` and ten characters of Crockford's base 32: 50 bits, short enough to type. */
export function newApprovalId(): string {
  const characters = [...randomBytes(10)].map((byte) => alphabet.charAt(byte & 31));
  return prefix + characters.join('');
}

/**
 * The approval that a person means: its id, or a beginning of it that no other approval shares. Closed ones count as
 * sharing it, so that an id copied from an old message never names a newer question.
 */
export function findApproval(reader: Reader, typed: string): ApprovalRow {
  const id = asWritten(typed);
  const exact = reader.approval(id);
  if (exact !== undefined) return exact;
  if (id.length < shortestTyped || !id.startsWith(prefix)) throw unknown(typed);
  const [first, second] = reader.approvals(undefined).filter((row) => row.id.startsWith(id));
  if (first === undefined) throw unknown(typed);
  if (second === undefined) return first;
  throw new GateError('not_found', `approval "${id}" names more than one, expected more of the id`);
}

// Crockford: case does not matter, O reads as 0, I and L as 1.
function asWritten(typed: string): string {
  const text = typed.trim().toLowerCase();
  if (!text.startsWith(prefix)) return text;
  const characters = text.slice(prefix.length);
  return prefix + characters.replaceAll('o', '0').replaceAll(/[il]/g, '1');
}

function unknown(typed: string): GateError {
  return new GateError('not_found', `approval "${typed.slice(0, 40)}" does not exist`, {
    hint: 'mcp-gate approvals list',
  });
}
