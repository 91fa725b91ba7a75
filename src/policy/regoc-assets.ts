import { readFileSync } from 'node:fs';
import { describe } from '../core/errors.ts';
import { PolicyError } from './policy-error.ts';

/** Where the compiler lies; the same from `src/policy` and from `dist/policy`. */
export const regocFolder = new URL('../../src/policy/regoc/', import.meta.url);

const capabilitiesFile = new URL('../../src/policy/capabilities.json', import.meta.url);

/** The SHA-256 of the compiler in hexadecimal, as its build wrote it down; nothing else is run. */
export function loadRegocDigest(folder: URL): string {
  const [, digest] =
    /^([0-9a-f]{64}) {2}regoc\.wasm$/m.exec(loadText(new URL('regoc.sha256', folder))) ?? [];
  if (digest === undefined)
    throw new PolicyError('policy_engine', '"regoc.sha256" names no "regoc.wasm"');
  return digest;
}

/** What a policy may use, as the JSON text that OPA reads. */
export function loadCapabilities(): string {
  return loadText(capabilitiesFile);
}

function loadText(file: URL): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause: unknown): PolicyError {
  return new PolicyError(
    'policy_engine',
    `failed to read the policy compiler: ${describe(cause)}`,
    {
      cause,
      hint: 'install mcp-gate again; its package holds "src/policy/regoc"',
    },
  );
}
