import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readPolicyBundle } from '../../src/policy/bundle.ts';
import { readPolicyFolder } from '../../src/policy/source-files.ts';
import { scratch } from '../config/scratch.ts';
import { cli } from './rig.ts';

const good = `package gate.rules.mine

allow contains {"id": "mine.read", "reason": "reading is fine"} if {
	input.resource.properties.tool == "read"
}
`;

function folder(files: Readonly<Record<string, string>>): string {
  const { dir, write } = scratch();
  for (const [name, text] of Object.entries(files)) write(name, text);
  return dir;
}

it('a good policy passes the check in silence', async () => {
  const dir = folder({ 'rules/mine.rego': good });
  expect(await cli(['policy', 'check', dir])).toEqual({ code: 0, stdout: '', stderr: '' });
});

it('a misspelt field of the input is a fault with its place: exit 1', async () => {
  const dir = folder({ 'rules/mine.rego': good.replace('resource', 'resorce') });
  const text = await cli(['policy', 'check', dir]);
  expect(text.code).toBe(1);
  expect(text.stdout).toMatch(/^error: rules\/mine\.rego:4:\d+: .*resorce/);
  const { stdout } = await cli(['policy', 'check', dir, '--format', 'json']);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    faults: [{ file: 'rules/mine.rego', row: 4 }],
  });
});

it('a rule where nobody would look for it is a fault', async () => {
  const dir = folder({ 'rules/mine.rego': good.replace('gate.rules.mine', 'other.mine') });
  const { code, stdout } = await cli(['policy', 'check', dir]);
  expect(code).toBe(1);
  expect(stdout).toContain('rules/mine.rego');
});

it('a test that fails is named with its place: exit 1', async () => {
  const test = (expected: string) => `package gate.rules.mine_test

import data.gate.rules.mine

test_read if {
	some rule in mine.allow with input as {"resource": {"properties": {"tool": "${expected}"}}}
	rule.id == "mine.read"
}
`;
  const fails = folder({ 'rules/mine.rego': good, 'rules/mine_test.rego': test('write') });
  const failed = await cli(['policy', 'test', fails]);
  expect(failed.code).toBe(1);
  expect(failed.stdout).toMatch(/failed {2}rules\/mine_test\.rego:5 {2}test_read/);
  const passes = folder({ 'rules/mine.rego': good, 'rules/mine_test.rego': test('read') });
  const passed = await cli(['policy', 'test', passes, '--format', 'json']);
  expect(passed.code).toBe(0);
  const report = JSON.parse(passed.stdout);
  expect(report.ok).toBe(true);
  expect(report.tests.map(({ name }: { name: string }) => name)).toContain('test_read');
});

it('fmt rewrites what is not in the usual form, names it, and tells without touching it on --check', async () => {
  const untidy = good.replace('\tinput', '     input');
  const dir = folder({
    'rules/mine.rego': untidy,
    'rules/other.rego': good.replace('mine', 'other'),
  });
  const file = join(dir, 'rules/mine.rego');
  const check = await cli(['policy', 'fmt', dir, '--check']);
  expect(check).toEqual({ code: 1, stdout: 'rules/mine.rego\n', stderr: '' });
  expect(readFileSync(file, 'utf8')).toBe(untidy);
  const done = await cli(['policy', 'fmt', dir]);
  expect(done).toEqual({ code: 0, stdout: 'rules/mine.rego\n', stderr: '' });
  expect(readFileSync(file, 'utf8')).toBe(good);
  expect(await cli(['policy', 'fmt', dir, '--check'])).toMatchObject({ code: 0, stdout: '' });
});

it('build makes a bundle that the gate loads, byte for byte the same every time', async () => {
  const name = `rules/${'long-folder-name/'.repeat(7)}mine.rego`;
  const dir = folder({ [name]: good });
  const done = await cli(['policy', 'build', dir, '--output', 'b.tar.gz'], { cwd: dir });
  expect(done).toEqual({ code: 0, stdout: 'b.tar.gz\n', stderr: '' });
  const { sources, wasm } = await readPolicyBundle(join(dir, 'b.tar.gz'));
  expect(wasm?.subarray(0, 4)).toEqual(Buffer.from('\0asm'));
  expect(sources).toEqual((await readPolicyFolder(dir)).sources);
  const first = readFileSync(join(dir, 'b.tar.gz'));
  await cli(['policy', 'build', dir, '--output', 'b.tar.gz'], { cwd: dir });
  expect(readFileSync(join(dir, 'b.tar.gz')).equals(first)).toBe(true);
});

it('build of a policy with a fault makes nothing: exit 1', async () => {
  const dir = folder({ 'rules/mine.rego': good.replace('resource', 'resorce') });
  const done = await cli(['policy', 'build', dir, '--output', 'b.tar.gz'], { cwd: dir });
  expect(done.code).toBe(1);
  expect(done.stderr).toContain('rules/mine.rego:4');
  expect(() => readFileSync(join(dir, 'b.tar.gz'))).toThrow('ENOENT');
});

it('eval answers a query about an input from a file or a pipe', async () => {
  const dir = folder({ 'rules/mine.rego': good });
  const input = JSON.stringify({ resource: { properties: { tool: 'read' } } });
  const query = ['policy', 'eval', 'data.gate.rules.mine.allow', '--policy', dir, '--input', '-'];
  const piped = await cli(query, { piped: input });
  expect(piped).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(piped.stdout)).toEqual([{ id: 'mine.read', reason: 'reading is fine' }]);
  const explained = await cli([...query, '--explain'], { piped: input });
  expect(explained.stderr).toContain('mine.rego');
});

it('what a query leaves undefined is a negative answer: exit 1', async () => {
  const dir = folder({ 'rules/mine.rego': good });
  expect(await cli(['policy', 'eval', 'data.nothing', '--policy', dir])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'error: "data.nothing" is undefined for this input\n',
  });
});

it.each([
  ['nothing there', ['--input', 'none.json'], 'input "none.json" cannot be read: ENOENT'],
  ['no JSON', ['--input', '-'], 'input "-" cannot be read: '],
])('an input that is %s is wrong usage: exit 2', async (_, args, error) => {
  const dir = folder({ 'rules/mine.rego': good });
  const done = await cli(['policy', 'eval', '--policy', dir, ...args], { piped: '{', cwd: dir });
  expect(done.code).toBe(2);
  expect(done.stderr).toContain(`error: ${error}`);
});

it('without a folder and a config there is no policy to work on: exit 2', async () => {
  expect(await cli(['policy', 'check'], { cwd: scratch().dir })).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'error: no policy folder was named\nhint: name it behind the command, or as "policy.dir" in the config\n',
  });
});
