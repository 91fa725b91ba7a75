import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pathRoots } from '../../src/cli/live-settings.ts';
import { loadConfig } from '../../src/config/load.ts';
import { pathFacts } from '../../src/facts/paths.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'roots-')));
  for (const folder of ['ws', 'data', 'proj', 'real/policies']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  symlinkSync(join(root, 'data'), join(root, 'proj/link'));
});
afterEach(() => rmSync(root, { recursive: true }));

const rootsOf = (args: readonly string[], policies = join(root, 'policies')) => {
  const file = join(root, 'proj/mcp-config.json');
  const files = { command: 'node', args };
  const config = { mcpServers: { files }, workspace: '../ws', stateDir: join(root, 'state') };
  writeFileSync(file, JSON.stringify(config));
  return pathRoots(loadConfig(file, { env: {}, servers: 'expand' }), policies);
};

it.each<[name: string, arg: (root: string) => string, folders: (root: string) => string[]]>([
  ['a relative one', () => '../data', (r) => [`${r}/data`]],
  ['an absolute one', (r) => `${r}/data`, (r) => [`${r}/data`]],
  ['one through a link', () => 'link', (r) => [`${r}/data`]],
  ['the value of an option', () => '--root=../data', (r) => [`${r}/data`]],
  ['none that is not there', () => '../nowhere', () => []],
  ['none that is a file', () => 'mcp-config.json', () => []],
  ['none that cannot be one', () => 'a\0b', () => []],
])(
  'relative paths are meant from the folders in the arguments of a server: %s',
  (_, arg, folders) => {
    const found = rootsOf(['-y', 'files', arg(root)])('files').serverFolders ?? [];
    expect([...new Set(found)]).toEqual(folders(root));
  },
);

it('a path relative to such a folder counts as one and is guarded', () => {
  const roots = rootsOf([root])('files');
  const facts = pathFacts({ path: 'data/a', other: 'proj/mcp-config.json' }, roots);
  expect(facts.paths.map(({ resolved }) => resolved)).toContain(join(root, 'data/a'));
  expect(facts.protectedAt).toBe('/other');
  expect(
    pathFacts({ other: 'proj/mcp-config.json' }, rootsOf([])('files')).protectedAt,
  ).toBeUndefined();
});

it('whoever moves a link on the way to the policies, or what it lies in, moves the gate', () => {
  mkdirSync(join(root, 'ways'));
  symlinkSync(join(root, 'real'), join(root, 'ways/rules'));
  const roots = rootsOf([], join(root, 'ways/rules/policies'))('files');
  const facts = pathFacts(
    { a: [join(root, 'ways'), join(root, 'real'), join(root, 'data')] },
    roots,
  );
  expect(facts.protectedAt).toBeUndefined();
  expect(facts.paths.map(({ holds_gate }) => holds_gate)).toEqual([true, true, false]);
  const through = pathFacts({ a: join(root, 'ways/rules/policies/x.rego') }, roots);
  expect(through.protectedAt).toBe('/a');
});
