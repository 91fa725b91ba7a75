import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { parseJson } from '../../core/parse-json.ts';

/** An entry of `mcpServers`. */
interface Entry {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const manifest = z.object({
  bin: z.record(z.string(), z.string()).optional(),
  devDependencies: z.record(z.string(), z.string()).optional(),
});

/** The reference server for files; it runs in the workspace and may also write into the outbox beside it. */
export function filesServer(scratch: string): Entry {
  return entryOf('@modelcontextprotocol/server-filesystem', ['.', '../outbox'], scratch);
}

/** The reference server with a tool of every kind. */
export function everythingServer(scratch: string): Entry {
  return entryOf('@modelcontextprotocol/server-everything', [], scratch);
}

/** True when npx has to fetch the servers first. */
export function isFetched({ command }: Entry): boolean {
  return command === 'npx';
}

/** The package where it is installed, else through npx with a cache inside the scratch folder, so that nothing stays. */
function entryOf(name: string, args: readonly string[], scratch: string): Entry {
  const file = installed(name);
  if (file !== undefined) return { command: process.execPath, args: [file, ...args] };
  const env = { npm_config_cache: join(scratch, 'npm'), npm_config_update_notifier: 'false' };
  return { command: 'npx', args: ['-y', `${name}@${testedVersion(name)}`, ...args], env };
}

function installed(name: string): string | undefined {
  try {
    const found = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const [bin] = Object.values(readManifest(found).bin ?? {});
    return bin === undefined ? undefined : join(dirname(found), bin);
  } catch {
    // Not installed, as for everybody who has the package and not the checkout.
    return undefined;
  }
}

/** The version that this package was tested with. */
function testedVersion(name: string): string {
  const own = readManifest(new URL('../../../package.json', import.meta.url));
  return own.devDependencies?.[name] ?? 'latest';
}

function readManifest(file: string | URL) {
  return manifest.parse(parseJson(readFileSync(file, 'utf8')));
}
