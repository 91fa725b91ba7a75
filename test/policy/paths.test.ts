import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCompiler } from '../../src/policy/compiler.ts';
import { type Engine, loadEngine } from '../../src/policy/engine.ts';
import { compileModule } from '../../src/policy/policy-module.ts';
import { readPolicyFolder } from '../../src/policy/source-files.ts';

// The same table runs in OPA's own interpreter, in policies/lib/paths_test.rego; here it runs as it does in the gate.
const compiler = createCompiler();
afterAll(() => compiler.close());

let engine: Engine;
beforeAll(async () => {
  const { modules } = (await readPolicyFolder(undefined)).sources;
  const gate = `package gate

import data.gate.paths

default decision := false

decision if paths.inside(input.path, input.workspace)
`;
  const lib = modules['lib/paths.rego'] ?? '';
  const sources = { modules: { 'gate.rego': gate, 'lib/paths.rego': lib }, data: {} };
  const { wasm } = await compiler.build(sources, ['gate/decision']);
  engine = loadEngine(await compileModule(wasm), '{}', { memoryPages: 256 });
});

const posix: readonly [path: unknown, isInside: boolean][] = [
  ['/ws', true],
  ['/ws/a/b', true],
  ['//ws//a', true],
  ['/ws/./a', true],
  ['/ws/a/../b', true],
  ['/ws/../ws/a', true],
  ['a', true],
  ['.', true],
  ['a/b/../../c', true],
  ['/ws/ünïcode/文/\u{1f600}', true],
  ['...', true],
  ['/ws/../etc', false],
  ['/ws-evil', false],
  ['/ws-evil/../ws-evil/a', false],
  ['/', false],
  ['..', false],
  ['a/../..', false],
  ['a/../../ws-evil', false],
  ['~', false],
  ['~/a', false],
  ['', false],
  ['a\0b', false],
  ['..\\etc', false],
  ['/WS/a', false],
  ['C:\\ws\\a', false],
  ['file:///ws/a', false],
  [`/ws/${'a/'.repeat(3000)}`, false],
  [`${'a/'.repeat(200)}..`, false],
  [null, false],
  [1, false],
  [['/ws'], false],
];

const windows: readonly [path: string, isInside: boolean][] = [
  ['C:\\work', true],
  ['c:\\work\\a', true],
  ['C:/work/a', true],
  ['C:\\work\\a\\..\\b', true],
  ['a\\b', true],
  ['C:\\work-evil', false],
  ['C:\\work\\..\\x', false],
  ['D:\\work\\a', false],
  ['C:work', false],
  ['\\work', false],
  ['/work/a', false],
  ['a\\..\\..\\b', false],
  ['C:\\work\\.. \\..', false],
  ['C:\\work\\a:stream', false],
  ['\\\\server\\work', false],
  ['\\\\?\\C:\\work\\a', false],
];

const inside = (path: unknown, workspace: unknown) =>
  engine.evaluate(JSON.stringify({ path, workspace }), 'gate/decision');

describe('inside', () => {
  test.each(posix)('%j in "/ws": %j', (path, isInside) => {
    expect(inside(path, '/ws')).toBe(isInside);
  });
  test.each(windows)('%j in "C:\\\\work": %j', (path, isInside) => {
    expect(inside(path, 'C:\\work')).toBe(isInside);
  });
  test.each([null, '', 'ws', '.', '~', 3])('nothing is in the workspace %j', (workspace) => {
    expect(inside('/ws/a', workspace)).toBe(false);
    expect(inside('a', workspace)).toBe(false);
  });
});
