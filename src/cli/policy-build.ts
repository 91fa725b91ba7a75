import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compilePolicy } from '../policy/compile-policy.ts';
import { entrypoints } from '../policy/entrypoints.ts';
import { readPolicyFolder } from '../policy/source-files.ts';
import { packFiles } from './archive.ts';
import { type Io, print } from './io.ts';
import type { StateOptions } from './options.ts';
import { findPolicyFolder, withCompiler } from './policy-folder.ts';

const moduleFile = '/policy.wasm';

/** A bundle as stock OPA builds it, of a policy that passed its checks and tests; equal sources give equal bytes. */
export async function buildPolicy(
  io: Io,
  dir: string | undefined,
  options: StateOptions & { readonly output: string },
): Promise<number> {
  const content = await readPolicyFolder(await findPolicyFolder(io, dir, options));
  const wasm = await withCompiler((compiler) => compilePolicy(content, compiler, undefined));
  const { sources, revision } = content;
  const manifest = {
    revision: revision ?? '',
    roots: [''],
    wasm: entrypoints.map((entrypoint) => ({ entrypoint, module: moduleFile })),
  };
  const archive = packFiles([
    ['/.manifest', Buffer.from(JSON.stringify(manifest))],
    ['/data.json', Buffer.from(JSON.stringify(sources.data))],
    ...Object.entries(sources.modules).map(([path, text]): [string, Buffer] => [
      `/${path}`,
      Buffer.from(text),
    ]),
    [moduleFile, Buffer.from(wasm)],
  ]);
  await writeFile(resolve(io.cwd, options.output), archive);
  print(io, [options.output]);
  return 0;
}
