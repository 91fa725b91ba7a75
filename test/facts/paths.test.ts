import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathFacts } from '../../src/facts/paths.ts';

let root: string;
let ws: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'paths-')));
  ws = join(root, 'ws');
  for (const folder of ['ws/sub', 'ws-evil', 'state', 'elsewhere/deep']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(ws, 'plain.txt'), '');
  writeFileSync(join(root, 'config.json'), '');
  symlinkSync(join(root, 'elsewhere'), join(ws, 'out'));
  symlinkSync(join(root, 'elsewhere/not-yet'), join(ws, 'dangling'));
  symlinkSync(join(root, 'elsewhere/deep'), join(ws, 'deep'));
  symlinkSync(join(ws, 'loop-b'), join(ws, 'loop-a'));
  symlinkSync(join(ws, 'loop-a'), join(ws, 'loop-b'));
  symlinkSync(join(root, 'state'), join(ws, 'innocent'));
});
afterAll(() => rmSync(root, { recursive: true }));

const factsOf = (value: string, serverCwd = ws) =>
  pathFacts(
    { path: value },
    { workspace: ws, serverCwd, protectedPaths: [join(root, 'state'), join(root, 'config.json')] },
  );

describe('where a path leads', () => {
  it.each<[name: string, given: (ws: string) => string, real: (root: string) => string[]]>([
    ['a file that is there', (w) => `${w}/plain.txt`, (r) => [`${r}/ws/plain.txt`]],
    ['a file that is not', (w) => `${w}/new/a.txt`, (r) => [`${r}/ws/new/a.txt`]],
    ['a relative one', () => 'sub/a.txt', (r) => [`${r}/ws/sub/a.txt`]],
    ['a bare name', () => 'a.txt', (r) => [`${r}/ws/a.txt`]],
    ['.. out of the workspace', (w) => `${w}/../x`, (r) => [`${r}/x`]],
    ['a sibling with the same beginning', (w) => `${w}-evil/x`, (r) => [`${r}/ws-evil/x`]],
    ['a link to a folder', (w) => `${w}/out/x`, (r) => [`${r}/elsewhere/x`]],
    ['a link to nothing yet', (w) => `${w}/dangling`, (r) => [`${r}/elsewhere/not-yet`]],
    [
      '.. behind a link, both ways',
      (w) => `${w}/deep/../x`,
      (r) => [`${r}/ws/x`, `${r}/elsewhere/x`],
    ],
    ['a file URL', (w) => `file://${w}/sub`, (r) => [`${r}/ws/sub`]],
    ['the home folder', () => '~/a', () => [join(realpathSync(homedir()), 'a')]],
    ['the value of an option', (w) => `--file=${w}/sub`, (r) => [`${r}/ws/sub`]],
  ])('%s', (_, given, real) => {
    expect(factsOf(given(ws)).paths.map((path) => path.resolved)).toEqual(real(root));
  });

  it('counts both where a relative path may be meant from', () => {
    const resolved = factsOf('a.txt', root).paths.map((path) => path.resolved);
    expect(resolved).toEqual([join(ws, 'a.txt'), join(root, 'a.txt')]);
  });

  it('ends on a loop of links', () => {
    expect(factsOf(join(ws, 'loop-a')).paths).toHaveLength(1);
  });

  it.each([
    ['text of several lines', 'a\n/etc/passwd'],
    ['a web address', 'https://example.org/etc'],
    ['nothing', ''],
    ['a NUL', 'a\0b'],
  ])('%s is no path', (_, value) => {
    expect(factsOf(value)).toEqual({ paths: [], protectedAt: undefined });
  });
});

describe('what the gate lives on', () => {
  it.each<[name: string, given: (root: string) => string]>([
    ['the state folder', (r) => `${r}/state`],
    ['a file in it', (r) => `${r}/state/gate.db`],
    ['through ..', (r) => `${r}/ws/../state/gate.db`],
    ['through a link', (r) => `${r}/ws/innocent/gate.db`],
    ['the config', (r) => `${r}/config.json`],
    ['as a file URL', (r) => `file://${r}/config.json`],
    ['as the value of an option', (r) => `--out=${r}/state/x`],
  ])('is seen: %s', (_, given) => {
    expect(factsOf(given(root)).protectedAt).toBe('/path');
  });

  it.each<[name: string, given: (root: string) => string]>([
    ['its neighbour', (r) => `${r}/state-of-the-art`],
    ['the folder above', (r) => r],
  ])('is not: %s', (_, given) => {
    expect(factsOf(given(root)).protectedAt).toBeUndefined();
  });

  it('is seen from where the server runs, and deep in the arguments', () => {
    const roots = { workspace: ws, serverCwd: root, protectedPaths: [join(root, 'config.json')] };
    const { protectedAt } = pathFacts({ list: [{ 'a/b': 'config.json' }] }, roots);
    expect(protectedAt).toBe('/list/0/a~1b');
  });

  it('is assumed when there are more strings than anybody looks at', () => {
    const many = Array.from({ length: 3000 }, () => 'a');
    const roots = { workspace: ws, serverCwd: ws, protectedPaths: [] };
    expect(pathFacts({ many }, roots).protectedAt).toBe('/many/2000');
  });
});
