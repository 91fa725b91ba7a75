import type { Dirent } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, GateError } from '../core/errors.ts';
import { contentDigest, type PolicyContent, type PolicyFiles } from './content.ts';
import { gitRevision } from './git-revision.ts';
import { maxPolicyBytes, maxPolicyDepth, maxPolicyFiles } from './limits.ts';
import { dataFile, fileError, parsePolicyFiles } from './parse-files.ts';

/** The policy that comes with the package: the same place from `src` and from `dist`. */
export const shippedFolder = fileURLToPath(new URL('../../policies/', import.meta.url));

/** One file of a policy: its POSIX path in the policy, where it is, and what shows that it was written to. */
export interface SourceFile {
  readonly path: string;
  readonly file: string;
  readonly signature: string;
}

/**
 * The policy of a folder, laid over the shipped one: what the folder does not have comes from the package, but rules
 * come from the folder alone. Without a folder it is the shipped policy. Throws `policy_missing` or `policy_invalid`.
 */
export async function readPolicyFolder(folder: string | undefined): Promise<PolicyContent> {
  const shipped = await readTree(shippedFolder);
  if (folder === undefined) return contentOf(shipped, null);
  const [own, revision] = await Promise.all([readTree(folder), gitRevision(folder)]);
  const base = [...shipped].filter(([name]) => isBase(name, own));
  return contentOf(new Map([...base, ...own]), revision);
}

/** The files that make up the policy of a folder. Throws as `readPolicyFolder` does. */
export async function listPolicyFiles(folder = shippedFolder): Promise<readonly SourceFile[]> {
  const root = await realpath(folder).catch((cause) => {
    throw new GateError('policy_missing', `policy folder "${folder}" not found`, { cause });
  });
  const files = await listFolder(root, '', 0);
  if (files.length > maxPolicyFiles) {
    throw fileError('.', `expected at most ${maxPolicyFiles} files, got ${files.length}`);
  }
  return files;
}

function contentOf(files: PolicyFiles, revision: string | null): PolicyContent {
  const sources = parsePolicyFiles(files);
  return { digest: contentDigest(files), revision, sources, wasm: undefined };
}

/** Tests of a library that the folder replaces would test the wrong one. */
function isBase(name: string, own: PolicyFiles): boolean {
  return (
    !name.startsWith('rules/') && !own.has(name) && !own.has(name.replace(/_test\.rego$/, '.rego'))
  );
}

async function readTree(folder: string): Promise<PolicyFiles> {
  const files = new Map<string, Buffer>();
  let total = 0;
  for (const { path: name, file } of await listPolicyFiles(folder)) {
    const bytes = await readFile(file).catch((cause) => {
      throw fileError(name, `cannot be read: ${describe(cause)}`, cause);
    });
    total += bytes.length;
    if (total > maxPolicyBytes) throw fileError(name, `exceeds ${maxPolicyBytes} bytes in all`);
    files.set(name, bytes);
  }
  return files;
}

async function listFolder(
  root: string,
  folder: string,
  depth: number,
): Promise<readonly SourceFile[]> {
  if (depth > maxPolicyDepth) throw fileError(folder, 'lies too deep');
  const entries = await readdir(path.join(root, folder), { withFileTypes: true });
  const found: SourceFile[] = [];
  for (const entry of entries.filter(({ name }) => !name.startsWith('.'))) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await listFolder(root, name, depth + 1)));
    else if (isPolicyFile(name)) found.push(await sourceFile(root, name, entry));
    else if (entry.isSymbolicLink()) await refuseLinkedFolder(root, name);
  }
  return found;
}

function isPolicyFile(name: string): boolean {
  if (name.endsWith('.rego') || name === dataFile) return true;
  if (!/(^|\/)data\.(json|ya?ml)$/.test(name)) return false;
  throw fileError(name, `is not read: put the data into "${dataFile}" at the root`);
}

async function sourceFile(root: string, name: string, entry: Dirent): Promise<SourceFile> {
  const file = path.join(root, name);
  const real = entry.isSymbolicLink() ? await realpath(file).catch(() => '') : file;
  if (!real.startsWith(`${root}${path.sep}`)) throw fileError(name, 'leads out of the folder');
  const { size, mtimeNs, ino } = await stat(real, { bigint: true });
  return { path: name, file: real, signature: `${name}:${mtimeNs}:${size}:${ino}` };
}

/** A linked folder would hide its rules without a word. */
async function refuseLinkedFolder(root: string, name: string): Promise<void> {
  const target = await stat(path.join(root, name)).catch(() => undefined);
  if (target?.isDirectory() === true) throw fileError(name, 'is a link to a folder');
}
