import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';

/**
 * Compiling a policy is most of a cold start, and most tests use the same few: what one test compiled is kept for the
 * next, under the keys that the gate itself gave it. A changed policy or compiler has another key.
 */
const keptPolicies = path.join(
  import.meta.dirname,
  '..',
  '..',
  'node_modules',
  '.cache',
  'mcp-gate-e2e',
);

/** Gives a state folder what was kept. */
export function seedPolicyCache(state: string): void {
  if (!existsSync(keptPolicies)) return;
  const folder = path.join(state, 'cache', 'policy');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(keptPolicies)) {
    if (!name.endsWith('.tmp')) cpSync(path.join(keptPolicies, name), path.join(folder, name));
  }
}

/** Keeps what a state folder has compiled. */
export function keepPolicyCache(state: string): void {
  const folder = path.join(state, 'cache', 'policy');
  if (!existsSync(folder)) return;
  mkdirSync(keptPolicies, { recursive: true });
  for (const name of readdirSync(folder)) {
    const kept = path.join(keptPolicies, name);
    if (name.endsWith('.tmp') || existsSync(kept)) continue;
    // Other tests read what is kept at the same time: a file is there whole or not at all.
    const temporary = `${kept}.${randomUUID()}.tmp`;
    cpSync(path.join(folder, name), temporary);
    renameSync(temporary, kept);
  }
}
