import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { GateError } from '../../src/core/errors.ts';
import { describeFault, PolicyError } from '../../src/policy/policy-error.ts';
import { readPolicyFolder } from '../../src/policy/source-files.ts';
import { makeFolder, putFiles } from './policy-folder.ts';

const rule = 'package gate.rules.mine\n\nallow contains {"id": "a", "reason": "r"} if true\n';

async function refusal(folder: string): Promise<GateError> {
  try {
    await readPolicyFolder(folder);
  } catch (error) {
    if (error instanceof GateError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('a folder over the shipped policy', () => {
  test('has its own rules alone, and the rest of the package', async () => {
    const folder = makeFolder({ 'rules/mine.rego': rule });
    const { modules, data } = (await readPolicyFolder(folder)).sources;
    expect(Object.keys(modules).filter((name) => name.startsWith('rules/'))).toEqual([
      'rules/mine.rego',
    ]);
    expect(modules['rules/mine.rego']).toBe(rule);
    expect(Object.keys(modules)).toEqual(
      expect.arrayContaining(['gate.rego', 'gate_test.rego', 'lib/paths.rego', 'lib/secrets.rego']),
    );
    expect(data).toMatchObject({ gate: { fallback: 'escalate' } });
  });

  test('replaces what it has itself, with its tests and its data', async () => {
    const own = 'package gate.paths\n\ninside(_, _) := false\n';
    const folder = makeFolder({ 'lib/paths.rego': own, 'data.json': '{"gate":{"x":1}}' });
    const { modules, data } = (await readPolicyFolder(folder)).sources;
    expect(modules['lib/paths.rego']).toBe(own);
    expect(modules['lib/paths_test.rego']).toBeUndefined();
    expect(data).toEqual({ gate: { x: 1 } });
  });

  test('leaves out hidden files and what is no policy', async () => {
    const before = await readPolicyFolder(makeFolder({ 'rules/mine.rego': rule }));
    const folder = makeFolder({
      'rules/mine.rego': rule,
      '.git/x.rego': 'package x\n',
      'rules/.old.rego': 'package x\n',
      'README.md': 'text',
      'schemas/input.json': '{}',
    });
    expect(await readPolicyFolder(folder)).toEqual(before);
  });

  test('is the shipped policy without a folder', async () => {
    const { sources, revision, wasm } = await readPolicyFolder(undefined);
    expect(Object.keys(sources.modules)).toContain('rules/reads.rego');
    expect([revision, wasm]).toEqual([null, undefined]);
  });
});

describe('the digest', () => {
  const digestOf = async (files: Record<string, string>) =>
    (await readPolicyFolder(makeFolder(files))).digest;
  const files = { 'rules/a.rego': 'package gate.rules.a\n', 'data.json': '{}' };

  test('is the same for the same files, wherever they are', async () => {
    const digest = await digestOf(files);
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await digestOf({ 'data.json': '{}', 'rules/a.rego': 'package gate.rules.a\n' })).toBe(
      digest,
    );
  });

  test.each([
    ['a changed rule', { ...files, 'rules/a.rego': 'package gate.rules.a\n\n' }],
    ['a renamed rule', { 'rules/b.rego': files['rules/a.rego'], 'data.json': '{}' }],
    ['changed data', { ...files, 'data.json': '{ }' }],
    ['a test', { ...files, 'rules/a_test.rego': 'package gate.rules.a_test\n' }],
    ['a replaced library', { ...files, 'lib/paths.rego': 'package gate.paths\n' }],
    [
      'bytes that move to the next file',
      { ...files, 'rules/a.rego': 'package gate.rules.a', 'rules/b.rego': '\n' },
    ],
  ])('is another one for %s', async (_claim, changed) => {
    expect(await digestOf(changed)).not.toBe(await digestOf(files));
  });
});

describe('the revision', () => {
  const git = (folder: string, ...args: string[]) =>
    execFileSync(
      'git',
      ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args],
      {
        stdio: 'pipe',
      },
    )
      .toString()
      .trim();

  test('is the commit, and says when something is not committed', async () => {
    const folder = makeFolder({ 'rules/mine.rego': rule });
    expect((await readPolicyFolder(folder)).revision).toBeNull();
    git(folder, 'init', '-q');
    expect((await readPolicyFolder(folder)).revision).toBeNull();
    git(folder, 'add', '.');
    git(folder, 'commit', '-q', '-m', 'rules');
    const commit = git(folder, 'rev-parse', 'HEAD');
    expect((await readPolicyFolder(folder)).revision).toBe(commit);
    putFiles(folder, { 'rules/mine.rego': `${rule}\n` });
    expect((await readPolicyFolder(folder)).revision).toBe(`${commit}-dirty`);
  });

  test('comes without running what the repository names', async () => {
    const folder = makeFolder({ 'rules/mine.rego': rule });
    const trace = path.join(makeFolder(), 'ran');
    git(folder, 'init', '-q');
    git(folder, 'add', '.');
    git(folder, 'commit', '-q', '-m', 'rules');
    git(folder, 'config', 'core.fsmonitor', `touch ${trace}; true`);
    await readPolicyFolder(folder);
    expect(() => execFileSync('test', ['-e', trace])).toThrow();
  });
});

describe('a folder that is no policy', () => {
  test('is missing', async () => {
    const folder = path.join(makeFolder(), 'gone');
    const error = await refusal(folder);
    expect([error.code, error.message]).toEqual([
      'policy_missing',
      `policy folder "${folder}" not found`,
    ]);
  });

  const rows: readonly [claim: string, make: (folder: string) => void, fault: string][] = [
    [
      'has a link to a file outside',
      (folder) => symlinkSync('/etc/hosts', path.join(folder, 'rules/x.rego')),
      'rules/x.rego: leads out of the folder (gate_policy_file)',
    ],
    [
      'has a link to nowhere',
      (folder) => symlinkSync('gone', path.join(folder, 'rules/x.rego')),
      'rules/x.rego: leads out of the folder (gate_policy_file)',
    ],
    [
      'has a link to a folder',
      (folder) => symlinkSync('rules', path.join(folder, 'more')),
      'more: is a link to a folder (gate_policy_file)',
    ],
    [
      'has data as yaml',
      (folder) => writeFileSync(path.join(folder, 'data.yaml'), 'a: 1'),
      'data.yaml: is not read: put the data into "data.json" at the root (gate_policy_file)',
    ],
    [
      'has data below the root',
      (folder) => writeFileSync(path.join(folder, 'rules/data.json'), '{}'),
      'rules/data.json: is not read: put the data into "data.json" at the root (gate_policy_file)',
    ],
    [
      'has data that is a list',
      (folder) => writeFileSync(path.join(folder, 'data.json'), '[]'),
      'data.json: expected a json object (gate_policy_file)',
    ],
    [
      'has data with a key twice',
      (folder) => writeFileSync(path.join(folder, 'data.json'), '{"a":1,"a":2}'),
      'data.json: duplicate key "a" at offset 7 (gate_policy_file)',
    ],
    [
      'has a rule that is no text',
      (folder) => writeFileSync(path.join(folder, 'rules/x.rego'), Buffer.from([0xff, 0xfe])),
      'rules/x.rego: is not valid utf-8 (gate_policy_file)',
    ],
    [
      'is too large',
      (folder) => {
        writeFileSync(path.join(folder, 'rules/x.rego'), '');
        truncateSync(path.join(folder, 'rules/x.rego'), 5 << 20);
      },
      'rules/x.rego: exceeds 4194304 bytes in all (gate_policy_file)',
    ],
    [
      'has too many files',
      (folder) => {
        for (let at = 0; at <= 1000; at += 1)
          writeFileSync(path.join(folder, `rules/${at}.rego`), 'package x\n');
      },
      '.: expected at most 1000 files, got 1001 (gate_policy_file)',
    ],
    [
      'is too deep',
      (folder) => mkdirSync(path.join(folder, 'a/'.repeat(18)), { recursive: true }),
      `${'a/'.repeat(16)}a: lies too deep (gate_policy_file)`,
    ],
  ];

  test.each(rows)('%s', async (_claim, make, fault) => {
    const folder = makeFolder();
    mkdirSync(path.join(folder, 'rules'));
    make(folder);
    const error = await refusal(folder);
    expect(error.code).toBe('policy_invalid');
    expect(error instanceof PolicyError ? error.faults.map(describeFault) : []).toEqual([fault]);
  });

  test('is none of those whose links stay inside', async () => {
    const folder = makeFolder({ '..data/mine.rego': rule });
    mkdirSync(path.join(folder, 'rules'));
    symlinkSync('../..data/mine.rego', path.join(folder, 'rules/mine.rego'));
    const { modules } = (await readPolicyFolder(folder)).sources;
    expect(modules['rules/mine.rego']).toBe(rule);
  });
});
