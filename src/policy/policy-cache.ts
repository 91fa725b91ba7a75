import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { maxCachedPolicies } from './limits.ts';

/**
 * Compiled policies by key, so that a start need not compile. What is in it passed every check under the same key. A
 * crash may leave a temporary file or a module without its sum: both read as absent. Nothing here throws.
 */
export interface PolicyCache {
  read(key: string): Promise<Uint8Array | undefined>;
  write(key: string, wasm: Uint8Array): Promise<void>;
}

/** `folder` is made when first written to. Several gates may share it: equal keys have equal content. */
export function createPolicyCache(folder: string): PolicyCache {
  const fileOf = (key: string, type: 'wasm' | 'sha256') => path.join(folder, `${key}.${type}`);
  return {
    read: async (key) => {
      try {
        const wasm = await readFile(fileOf(key, 'wasm'));
        const sum = await readFile(fileOf(key, 'sha256'), 'utf8');
        return sum.trim() === sumOf(wasm) ? wasm : undefined;
      } catch {
        return undefined;
      }
    },
    write: async (key, wasm) => {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await put(fileOf(key, 'wasm'), wasm);
        await put(fileOf(key, 'sha256'), `${sumOf(wasm)}\n`);
        await prune(folder);
      } catch {
        // Without a cache the next start compiles again.
      }
    },
  };
}

function sumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function put(file: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, content, { mode: 0o600, flag: 'wx' });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The oldest go first; a gate that runs has its policy in memory. */
async function prune(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.wasm'));
  if (names.length <= maxCachedPolicies) return;
  const aged = await Promise.all(
    names.map(async (name) => ({
      name,
      time: (await stat(path.join(folder, name))).mtimeMs,
    })),
  );
  const old = aged.sort((a, b) => b.time - a.time).slice(maxCachedPolicies);
  for (const { name } of old) {
    await rm(path.join(folder, name), { force: true });
    await rm(path.join(folder, name.replace(/wasm$/, 'sha256')), { force: true });
  }
}
