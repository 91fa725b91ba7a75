import { readFileSync } from 'node:fs';
import { isObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';

/** The version in the package's own manifest, which stands two folders above this file, built or not. */
export function packageVersion(): string {
  const manifest: unknown = parseJson(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const version = isObject(manifest) ? manifest['version'] : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
