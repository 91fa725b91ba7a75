import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

const root = join(import.meta.dirname, '../..');

/**
 * The folder of a compiled copy of the sources, for the processes that the tests of one file start: Node 20 runs no
 * TypeScript. It is made before these tests, inside the project, where packages are found, and is gone after them.
 */
export function compiledSources(): () => string {
  let folder = '';
  beforeAll(() => {
    const cache = join(root, 'node_modules/.cache');
    mkdirSync(cache, { recursive: true });
    folder = mkdtempSync(join(cache, 'sources-'));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [compiler, '-p', 'src', '--noCheck', '--outDir', folder], {
      cwd: root,
    });
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return () => folder;
}
