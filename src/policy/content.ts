import { createHash } from 'node:crypto';
import type { PolicySources } from './compiler.ts';

/** A policy as it was read, before anything of it is run. */
export interface PolicyContent {
  readonly digest: string;
  readonly revision: string | null;
  readonly sources: PolicySources;
  /** The compiled module of a ready bundle; undefined when the sources are to be compiled. */
  readonly wasm: Uint8Array | undefined;
}

/** Files by POSIX path relative to the policy's root. */
export type PolicyFiles = ReadonlyMap<string, Buffer>;

/** Names a policy by its content: SHA-256 over path, length and bytes of every file, in the order of the paths. */
export function contentDigest(files: PolicyFiles): string {
  const sum = createHash('sha256');
  for (const path of [...files.keys()].sort()) {
    const bytes = files.get(path) ?? Buffer.alloc(0);
    sum.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return `sha256:${sum.digest('hex')}`;
}
