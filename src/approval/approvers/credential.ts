import { scrypt, timingSafeEqual } from 'node:crypto';
import { GateError } from '../../core/errors.ts';
import { randomBytes } from '../../core/ids.ts';
import type { Reader } from '../../store/contract.ts';

const secretBytes = 32;
const hashBytes = 32;
const saltBytes = 16;

/** RFC 7914 parameters of new hashes; stored beside each hash, so that they can grow. */
const cost = { log2N: 15, r: 8, p: 1 } as const;

const stored = /^scrypt\$(\d{2})\$(\d{1,2})\$(\d)\$([\w-]{22})\$([\w-]{43})$/;
const approverName = /^[A-Za-z0-9._@-]{1,64}$/;

/** The name, when it can be an approver's. */
export function parseApproverName(name: string): string {
  if (approverName.test(name)) return name;
  throw new GateError(
    'usage',
    `approver name "${name.slice(0, 64)}" has characters outside "A-Za-z0-9._@-" or not 1 to 64 of them`,
  );
}

export async function newSecret(): Promise<{ readonly secret: string; readonly hash: string }> {
  const secret = randomBytes(secretBytes).toString('base64url');
  const salt = randomBytes(saltBytes);
  const hash = await derive(secret, salt, cost);
  const { log2N, r, p } = cost;
  const parts = ['scrypt', log2N, r, p, salt.toString('base64url'), hash.toString('base64url')];
  return { secret, hash: parts.join('$') };
}

/**
 * The approver whose credential `NAME:SECRET` is; `credential_refused` otherwise. An unknown name costs as much as a
 * wrong secret and gets the same answer.
 */
export async function verifyCredential(reader: Reader, credential: string): Promise<string> {
  const colon = credential.indexOf(':');
  const name = credential.slice(0, Math.max(colon, 0));
  const row = reader.approvers().find((each) => each.name === name);
  const known = await matches(credential.slice(colon + 1), row?.secret ?? nobody);
  if (known && row !== undefined && colon > 0) return row.name;
  throw new GateError('credential_refused', 'approver credential is not valid', {
    hint: 'set MCP_GATE_APPROVER=NAME:SECRET as "mcp-gate approvers add NAME" printed it',
  });
}

// A hash that no secret has: what an unknown name is compared with.
const nobody = `scrypt$${cost.log2N}$${cost.r}$${cost.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

async function matches(secret: string, hash: string): Promise<boolean> {
  const [, log2N, r, p, salt = '', expected = ''] = stored.exec(hash) ?? [];
  const parameters = { log2N: Number(log2N), r: Number(r), p: Number(p) };
  if (!(parameters.log2N >= 15 && parameters.log2N <= 20 && parameters.r <= 16)) return false;
  const found = await derive(secret, Buffer.from(salt, 'base64url'), parameters);
  return timingSafeEqual(found, Buffer.from(expected, 'base64url'));
}

function derive(
  secret: string,
  salt: Buffer,
  { log2N, r, p }: { readonly log2N: number; readonly r: number; readonly p: number },
): Promise<Buffer> {
  const N = 2 ** log2N;
  // Node refuses what needs as much as its default of 32 MiB.
  const options = { N, r, p, maxmem: 256 * N * r };
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, hashBytes, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
