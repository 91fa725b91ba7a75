import { readFile, writeFile } from 'node:fs/promises';
import { listPolicyFiles } from '../policy/source-files.ts';
import { type Io, print } from './io.ts';
import type { StateOptions } from './options.ts';
import { findPolicyFolder, withCompiler } from './policy-folder.ts';

/** Only the folder's own files are touched; the package's stay as they were shipped. */
export async function formatPolicy(
  io: Io,
  dir: string | undefined,
  options: StateOptions & { readonly check?: boolean },
): Promise<number> {
  const files = await listPolicyFiles(await findPolicyFolder(io, dir, options));
  const rules = files.filter(({ path }) => path.endsWith('.rego'));
  const texts = new Map<string, string>();
  for (const { path, file } of rules) texts.set(path, await readFile(file, 'utf8'));
  const formatted = await withCompiler((compiler) => compiler.fmt(Object.fromEntries(texts)));
  const changed = rules.flatMap(({ path, file }) => {
    const text = formatted[path];
    return text === undefined || text === texts.get(path) ? [] : [{ path, file, text }];
  });
  print(
    io,
    changed.map(({ path }) => path),
  );
  if (options.check === true) return changed.length === 0 ? 0 : 1;
  for (const { file, text } of changed) await writeFile(file, text);
  return 0;
}
