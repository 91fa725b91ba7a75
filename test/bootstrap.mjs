/**
 * What must be there before anything else runs: the packages that the lockfile names and, unless the word `install` is
 * given, a build that is not older than the sources. It uses nothing but Node, because in a bare clone there is nothing
 * else. What it does goes to stderr: stdout belongs to the command that follows.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const stamp = path.join(root, 'dist', '.built');

if (!isInstalled()) install();
if (process.argv[2] !== 'install' && (process.argv[2] === 'clean' || isStale())) build();

/** True when every package of the lockfile stands in npm's record of what it installed, at the same version. */
function isInstalled() {
  const record = readPackages('node_modules/.package-lock.json');
  if (record === undefined) return false;
  return Object.entries(readPackages('package-lock.json') ?? {}).every(
    ([name, entry]) =>
      name === '' ||
      entry.optional === true ||
      entry.devOptional === true ||
      record[name]?.version === entry.version,
  );
}

function readPackages(file) {
  const full = path.join(root, file);
  return existsSync(full) ? JSON.parse(readFileSync(full, 'utf8')).packages : undefined;
}

function install() {
  say('installing packages');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  if (npm === undefined) run('npm', args, { shell: process.platform === 'win32' });
  else run(process.execPath, [npm, ...args]);
}

function build() {
  say('building');
  // Cleared only on demand: a running gate may still load from there.
  if (process.argv[2] === 'clean')
    rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  const started = new Date().toISOString();
  run(process.execPath, [path.join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'src']);
  writeFileSync(stamp, `${started}\n`);
}

/** Compares against the time at which the last build began: what was saved while it ran counts as newer. */
function isStale() {
  if (!existsSync(stamp)) return true;
  const built = Date.parse(readFileSync(stamp, 'utf8').trim());
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const settings = ['tsconfig.json', 'package-lock.json'].map((file) => path.join(root, file));
  return [...sources, ...settings].some((file) => statSync(file).mtimeMs >= built);
}

function run(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (done.error !== undefined) say(done.error.message);
  if (done.status !== 0) process.exit(done.status ?? 1);
}

function say(text) {
  process.stderr.write(`mcp-gate: ${text}\n`);
}
