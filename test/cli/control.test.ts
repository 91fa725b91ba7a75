import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { ControlDocument } from '../../src/control/control-document.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { processStart } from '../../src/core/process-start.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { scratch } from '../config/scratch.ts';
import { cli, house } from './rig.ts';

const me = `os:${userInfo().username}`;

const document = (state: string): ControlDocument =>
  JSON.parse(readFileSync(join(state, 'control.json'), 'utf8'));

async function changes(state: string): Promise<readonly JsonObject[]> {
  const store = openStore({ dir: state, durability: 'process', clock: Date.now });
  try {
    return store.journal.last(100, ['control.changed']).flatMap(({ body }) => {
      const parsed: unknown = JSON.parse(body);
      return isObject(parsed) ? [parsed] : [];
    });
  } finally {
    await store.close();
  }
}

async function approver(env: Record<string, string>): Promise<Record<string, string>> {
  const { stdout } = await cli(['approvers', 'add', 'alice', '--format', 'json'], { env });
  const { name, secret } = JSON.parse(stdout);
  return { ...env, MCP_GATE_APPROVER: `${name}:${secret}` };
}

it('a freeze stands in the document and in the journal, with who and why', async () => {
  const { env, state } = await house();
  const done = await cli(['freeze', '--server', 'files', '--reason', 'incident 7'], { env });
  const [made] = document(state).freezes;
  expect(done).toEqual({
    code: 0,
    stdout: `${made?.id}  stops server "files"\n`,
    stderr: 'no gate is running: it holds for those that start\n',
  });
  expect(made).toEqual({
    id: expect.stringMatching(/^fz_[0-9a-f]{10}$/),
    server: 'files',
    tool: null,
    subject: null,
    reason: 'incident 7',
    by: me,
    at: expect.stringMatching(/Z$/),
  });
  const [entry] = await changes(state);
  expect(entry).toMatchObject({
    source: 'operator',
    change: 'freeze',
    freeze: made?.id,
    server: 'files',
    reason: 'incident 7',
    by: me,
    rev: 1,
  });
});

it('where no gate has ever run, a freeze holds for the first that starts', async () => {
  const { dir } = scratch();
  const state = join(dir, 'new');
  const done = await cli(['freeze', '--format', 'json'], { env: { MCP_GATE_HOME: state } });
  expect(done.code).toBe(0);
  expect(JSON.parse(done.stdout)).toMatchObject({ server: null, gates: [], journaled: true });
  expect(document(state).freezes).toHaveLength(1);
});

it('a damaged journal stops no freeze', async () => {
  const { env, state } = await house();
  writeFileSync(join(state, 'gate.db'), 'not a database');
  const done = await cli(['freeze'], { env });
  expect(done.code).toBe(0);
  expect(done.stderr).toContain('the journal cannot be written');
  expect(document(state).freezes).toHaveLength(1);
});

function sleeper(): ChildProcess {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60000)'], {
    stdio: 'ignore',
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

it('a gate that says nothing is named after two seconds: exit 1', async () => {
  const { env, state } = await house();
  const pid = sleeper().pid ?? 0;
  mkdirSync(join(state, 'gates'));
  const said = { pid, process_start: processStart(pid) ?? null, rev: 0, freezes: [] };
  writeFileSync(join(state, 'gates', 'silent-one.json'), JSON.stringify(said));
  const done = await cli(['freeze'], { env });
  expect(done.code).toBe(1);
  expect(done.stderr).toContain(`gate ${pid} has not said so within 2 s (silent-one)\n`);
  const json = JSON.parse((await cli(['freeze', '--format', 'json'], { env })).stdout);
  expect(json.gates).toEqual([{ instance: 'silent-one', pid, acknowledged: false }]);
});

const dead: [claim: string, change: object][] = [
  ['that was killed', { pid: 2 ** 22 + 1 }],
  ['whose pid is another process by now', { process_start: '1' }],
];

it.each(dead)('a gate %s is not waited for', async (_, change) => {
  const { env, state } = await house();
  mkdirSync(join(state, 'gates'));
  const said = { pid: process.pid, process_start: processStart(process.pid) ?? null };
  const text = JSON.stringify({ ...said, rev: 0, freezes: [], ...change });
  writeFileSync(join(state, 'gates', 'dead-one.json'), text);
  expect((await cli(['freeze'], { env })).code).toBe(0);
});

it('a gate that the store knows and that never said anything is named', async () => {
  const { env } = await house((store) =>
    store.write('outcome', (tx) =>
      tx.putInstance({
        id: 'older-gate',
        gate: 'g',
        pid: process.pid,
        processStart: processStart(process.pid),
        heartbeatMs: Date.now(),
        status: {},
      }),
    ),
  );
  const done = await cli(['freeze'], { env });
  expect(done.code).toBe(1);
  expect(done.stderr).toContain('(older-gate)');
});

it('a document that nobody understands is not replaced: every gate is stopped as it is', async () => {
  const { env, state } = await house();
  writeFileSync(join(state, 'control.json'), '{');
  const done = await cli(['freeze'], { env });
  expect(done.code).toBe(2);
  expect(done.stderr).toContain('hint: every gate is stopped until it is one');
  expect(readFileSync(join(state, 'control.json'), 'utf8')).toBe('{');
});

const wrong: [claim: string, words: string[], error: string][] = [
  ['an empty server', ['freeze', '--server', ''], '"--server" is empty'],
  ['an endless reason', ['freeze', '--reason', 'x'.repeat(1001)], '"--reason" has 1001 characters'],
  ['no freeze at all', ['unfreeze', '--reason', 'r'], 'expected the id of a freeze, or --all'],
  [
    'an id beside --all',
    ['unfreeze', 'x', '--all', '--reason', 'r'],
    'expected the id of a freeze',
  ],
  ['no reason', ['unfreeze', '--all'], 'required option "--reason TEXT" not specified'],
  ['an empty reason', ['unfreeze', '--all', '--reason', ' '], '"--reason" is empty'],
  ['a mode that nobody has', ['mode', 'observe'], 'allowed choices are enforce, config'],
];

it.each(wrong)('%s is wrong usage: exit 2, and nothing changes', async (_, words, error) => {
  const { env, state } = await house();
  const done = await cli(words, { env, typed: '' });
  expect(done).toMatchObject({ code: 2, stdout: '' });
  expect(done.stderr).toContain(error);
  expect(readdirSync(state)).not.toContain('control.json');
});

it('a server that the config does not have is frozen, and said to be unknown', async () => {
  const { config, state } = await house();
  const done = await cli(['freeze', '--server', 'flies', '--config', config]);
  expect(done.stderr).toContain('no server "flies" stands in');
  expect(document(state).freezes).toMatchObject([{ server: 'flies' }]);
});

it('lifting a freeze takes a terminal or a credential, and is journaled with the reason', async () => {
  const { env, state } = await house();
  for (const server of ['a', 'b']) await cli(['freeze', '--server', server], { env });
  const [first, second] = document(state).freezes;
  const lift = ['unfreeze', first?.id ?? '', '--reason', 'fixed'];
  expect(await cli(lift, { env })).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'error: no terminal and no credential to decide with\nhint: decide in a terminal, or set MCP_GATE_APPROVER=NAME:SECRET\n',
  });
  expect(document(state).freezes).toEqual([first, second]);
  const done = await cli(lift, { env, typed: '' });
  expect(done).toMatchObject({ code: 0, stdout: `${first?.id}  lifted: server "a"\n` });
  expect(document(state).freezes).toEqual([second]);
  const [entry] = await changes(state);
  expect(entry).toMatchObject({ change: 'unfreeze', freezes: [first], by: me, reason: 'fixed' });
});

it('once there are approvers a terminal lifts nothing, a credential does', async () => {
  const { env, state } = await house();
  await cli(['freeze'], { env });
  const proven = await approver(env);
  const lift = ['unfreeze', '--all', '--reason', 'fixed', '--format', 'json'];
  expect((await cli(lift, { env, typed: '' })).code).toBe(1);
  expect(document(state).freezes).toHaveLength(1);
  const wrongSecret = { ...env, MCP_GATE_APPROVER: 'alice:wrong' };
  expect((await cli(lift, { env: wrongSecret, typed: '' })).code).toBe(2);
  const done = await cli(lift, { env: proven });
  expect(JSON.parse(done.stdout)).toMatchObject({
    lifted: [{ server: null }],
    by: 'approver:alice',
    reason: 'fixed',
    journaled: true,
  });
  expect(document(state).freezes).toEqual([]);
});

it('what is not frozen cannot be lifted: exit 1', async () => {
  const { env, state } = await house();
  await cli(['freeze'], { env });
  const lift = (id: string) => cli(['unfreeze', id, '--reason', 'r'], { env, typed: '' });
  expect(await lift('fz_none')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'error: no freeze "fz_none"\nhint: mcp-gate status\n',
  });
  await lift(document(state).freezes[0]?.id ?? '');
  const all = await cli(['unfreeze', '--all', '--reason', 'r'], { env, typed: '' });
  expect(all).toMatchObject({
    code: 1,
    stderr: 'error: nothing is frozen\nhint: mcp-gate status\n',
  });
});

it('a freeze that nobody can read is not lifted by a command', async () => {
  const { env, state } = await house();
  writeFileSync(join(state, 'control.json'), '');
  const done = await cli(['unfreeze', '--all', '--reason', 'r'], { env, typed: '' });
  expect(done.code).toBe(2);
  expect(readFileSync(join(state, 'control.json'), 'utf8')).toBe('');
  rmSync(join(state, 'control.json'));
});

it('everybody may tighten the mode; to loosen it takes what an approval takes', async () => {
  const { env, state } = await house();
  expect(await cli(['mode', 'enforce', '--reason', 'audit'], { env })).toEqual({
    code: 0,
    stdout: 'every gate enforces\n',
    stderr: '',
  });
  expect(document(state).mode).toBe('enforce');
  expect(await cli(['mode', 'config'], { env })).toMatchObject({ code: 2, stdout: '' });
  expect(document(state).mode).toBe('enforce');
  const done = await cli(['mode', 'config', '--reason', 'over'], { env, typed: '' });
  expect(done).toMatchObject({ code: 0, stdout: 'every gate does what its config says\n' });
  expect(document(state).mode).toBeNull();
  expect(await changes(state)).toMatchObject([
    { change: 'mode', mode: 'config', by: me, reason: 'over' },
    { change: 'mode', mode: 'enforce', by: me, reason: 'audit' },
  ]);
});
