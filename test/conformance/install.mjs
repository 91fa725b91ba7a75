/**
 * Installs what the repository does not carry: two releases of the suite, pinned, and a Node that can run them (they need 22). All
 * of it comes from the npm registry and stays in one folder outside the repository.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { say } from './table.mjs';

const packages = {
  'suite-0.1': 'npm:@modelcontextprotocol/conformance@0.1.16',
  'suite-0.2': 'npm:@modelcontextprotocol/conformance@0.2.0-alpha.12',
  ...(Number(process.versions.node.split('.')[0]) < 22 ? { node: '22.23.3' } : {}),
};

/** The paths of what was installed. */
export async function installSuite(cache = path.join(tmpdir(), 'mcp-gate-conformance')) {
  await install(cache, packages);
  const modules = path.join(cache, 'node_modules');
  return {
    node: 'node' in packages ? path.join(modules, 'node', 'bin', 'node') : process.execPath,
    suites: Object.fromEntries(
      ['suite-0.1', 'suite-0.2'].map((name) => [
        name,
        path.join(modules, name, 'dist', 'index.js'),
      ]),
    ),
  };
}

/** Installs packages by exact version into a folder, once. */
export async function install(folder, dependencies) {
  const done = path.join(
    folder,
    `installed-${Object.values(dependencies)
      .join('+')
      .replaceAll(/[^\w.+-]/g, '-')}`,
  );
  if (existsSync(done)) return;
  say(
    `installing into ${folder}: ${Object.entries(dependencies)
      .map((each) => each.join('@'))
      .join(', ')}`,
  );
  mkdirSync(folder, { recursive: true });
  const manifest = { name: 'proof', private: true, dependencies };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  await npm(folder, ['install', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(done, '');
}

function npm(cwd, args) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, {
      cwd,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`npm ended with ${code}`)),
    );
  });
}
