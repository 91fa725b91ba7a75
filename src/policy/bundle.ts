import { readFile, stat } from 'node:fs/promises';
import * as z from 'zod';
import { describe, GateError } from '../core/errors.ts';
import { parseJson } from '../core/parse-json.ts';
import { readArchive } from './bundle-archive.ts';
import { contentDigest, type PolicyContent } from './content.ts';
import { entrypoints } from './entrypoints.ts';
import { maxBundleBytes } from './limits.ts';
import { dataFile, parsePolicyFiles } from './parse-files.ts';

const manifest = z.looseObject({
  revision: z.string().max(200).default(''),
  wasm: z.array(z.looseObject({ entrypoint: z.string(), module: z.string() })).default([]),
});

/**
 * A `bundle.tar.gz` as `opa build -t wasm -e gate/decision -e gate/visible` makes it. Its sources are kept but not
 * compiled: the module in it is what runs. A signature that nobody checks is refused rather than ignored.
 */
export async function readPolicyBundle(file: string): Promise<PolicyContent> {
  return parsePolicyBundle(await load(file));
}

function parsePolicyBundle(bytes: Uint8Array): PolicyContent {
  const files = readArchive(bytes);
  if (files.has('.signatures.json')) {
    throw invalid('is signed, but this version checks no signatures', {
      hint: 'build it without a signing key, or use the policy folder',
    });
  }
  const { revision, wasm: modules } = readManifest(files.get('.manifest'));
  const names = new Set(entrypoints.map((entrypoint) => moduleOf(modules, entrypoint)));
  const [name = ''] = names;
  if (names.size > 1) throw invalid('has its entry points in several modules');
  const wasm = files.get(name);
  if (wasm === undefined) throw invalid(`has no module "${name}"`);
  const kept = new Map([...files].filter(([path]) => isContent(path, name)));
  return {
    digest: contentDigest(kept),
    revision: revision === '' ? null : revision,
    sources: parsePolicyFiles(kept),
    wasm,
  };
}

async function load(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > maxBundleBytes) throw invalid(`is larger than ${maxBundleBytes} bytes`);
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof GateError) throw cause;
    throw missing(file, cause);
  }
}

function readManifest(bytes: Buffer | undefined): z.infer<typeof manifest> {
  if (bytes === undefined) throw invalid('has no ".manifest"');
  try {
    return manifest.parse(parseJson(bytes.toString('utf8')));
  } catch (cause) {
    throw invalid('has a ".manifest" that cannot be read', { cause });
  }
}

function moduleOf(modules: z.infer<typeof manifest>['wasm'], entrypoint: string): string {
  const found = modules.find((each) => each.entrypoint === entrypoint);
  if (found !== undefined) return found.module.replace(/^\/+/, '');
  const flags = entrypoints.map((each) => `-e ${each}`).join(' ');
  throw invalid(`has no entry point "${entrypoint}"`, {
    hint: `build it with "opa build -t wasm ${flags}"`,
  });
}

function isContent(path: string, module: string): boolean {
  return path.endsWith('.rego') || path === dataFile || path === module;
}

function invalid(what: string, options: { hint?: string; cause?: unknown } = {}): GateError {
  return new GateError('policy_invalid', `policy bundle ${what}`, options);
}

function missing(file: string, cause: unknown): GateError {
  const message = `policy bundle "${file}" cannot be read: ${describe(cause)}`;
  return new GateError('policy_missing', message, { cause });
}
