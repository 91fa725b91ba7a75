import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { canonical } from '../../src/core/canonical.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { ask, cli, house, start } from './rig.ts';

const asked = { path: '/etc/hosts', text: 'x' };
const changed = { path: '/etc/motd', text: 'x' };

async function place(args: JsonObject = asked) {
  let id = '';
  const made = await house(async (store) => {
    id = await ask(store, { canonicalArguments: canonical(args) });
  });
  const put = (name: string, text: string, mode = 0o600) => {
    const file = join(made.dir, name);
    writeFileSync(file, text, { mode });
    return file;
  };
  /** An editor: a shell script that gets the file as `$1`. */
  const editor = (script: string) => `/bin/sh ${put('editor.sh', script)}`;
  const saves = (args: object) => editor(`cp ${put('new.json', JSON.stringify(args))} "$1"`);
  return { ...made, id, put, editor, saves, env: made.env };
}

async function looked<T>(state: string, look: (store: Store) => T): Promise<T> {
  const store = openStore({ dir: state, durability: 'process', clock: Date.now });
  try {
    return look(store);
  } finally {
    await store.close();
  }
}

const rowsOf = (state: string) => looked(state, (store) => store.approvals(undefined));

async function approver(env: Record<string, string>): Promise<Record<string, string>> {
  const { stdout } = await cli(['approvers', 'add', 'dana', '--format', 'json'], { env });
  const { name, secret } = JSON.parse(stdout);
  return { ...env, MCP_GATE_APPROVER: `${name}:${secret}` };
}

const drafts = (state: string) => readdirSync(state).filter((name) => name.startsWith('edit-'));

it('what was saved in the editor is shown against the old arguments, and y approves the changed call', async () => {
  const { env, id, state, saves } = await place();
  const around = { env: { ...env, EDITOR: saves(changed) }, typed: 'y\n' };
  const done = await cli(['approve', id, '--edit', '--reason', 'rather that'], around);
  const [old, row] = await rowsOf(state);
  expect(done).toMatchObject({
    code: 0,
    stdout: `changed ${id} into ${row?.id}\napproved ${row?.id}\n`,
  });
  expect(done.stderr).toContain('differs     from what the agent asked with, in 1 place:');
  expect(done.stderr).toContain('at │ /path\n-  │ "/etc/hosts"\n+  │ "/etc/motd"\n');
  expect(done.stderr).toContain(`digest  ${digestOf(canonical(changed))}`);
  expect(done.stderr).toContain('approve the changed call? (e edits it again) [y/N] ');
  expect(old).toMatchObject({ id, state: 'cancelled' });
  expect(row).toMatchObject({ state: 'approved', edited: { of: id, via: 'terminal' } });
  const kept = await looked(state, (store) => store.payload(row?.argumentsPayload ?? ''));
  expect(kept?.toString()).toBe(canonical(changed));
  expect(drafts(state)).toEqual([]);
});

it('the editor gets the arguments in a file of its own, and no credential', async () => {
  const { dir, env, id, state, editor } = await place();
  const script = `stat -c '%a' "$1" "$(dirname "$1")" > ${dir}/modes
cat "$1" > ${dir}/shown; env > ${dir}/env; echo "$1" > ${dir}/name`;
  const typed = 'n\n';
  const secret = await approver(env);
  const around = { env: { ...secret, VISUAL: editor(script), EDITOR: '/bin/false' }, typed };
  expect((await cli(['approve', id, '--edit'], around)).code).toBe(1);
  const read = (name: string) => readFileSync(join(dir, name), 'utf8');
  expect(read('modes')).toBe('600\n700\n');
  expect(read('shown')).toBe('{\n  "path": "/etc/hosts",\n  "text": "x"\n}\n');
  expect(read('name')).toContain(`${state}/edit-`);
  expect(read('env')).not.toContain('MCP_GATE_APPROVER');
  expect(drafts(state)).toEqual([]);
});

it('e goes back to the editor with the text as it was saved', async () => {
  const { dir, env, id, state, editor } = await place();
  const script = `echo run >> ${dir}/runs
test "$(wc -l < ${dir}/runs)" = 1 && echo '{"n":1}' > "$1" || sed -i s/1/2/ "$1"`;
  const edit = start(['approve', id, '--edit'], {
    env: { ...env, EDITOR: editor(script) },
    typed: '',
  });
  await vi.waitFor(() => expect(edit.told()).toContain('[y/N]'), 20_000);
  edit.type('e\n');
  await vi.waitFor(() => expect(edit.told().split('[y/N]')).toHaveLength(3), 20_000);
  edit.type('y\n');
  expect((await edit.done).code).toBe(0);
  const [, row] = await rowsOf(state);
  const kept = await looked(state, (store) => store.payload(row?.argumentsPayload ?? ''));
  expect(kept?.toString()).toBe('{"n":2}');
});

it('what is no JSON can be edited again', async () => {
  const { dir, env, id, state, editor } = await place();
  const script = `echo run >> ${dir}/runs
test "$(wc -l < ${dir}/runs)" = 1 && echo '{"n":1' > "$1" || echo '{"n":1}' > "$1"`;
  const edit = start(['approve', id, '--edit'], {
    env: { ...env, EDITOR: editor(script) },
    typed: '',
  });
  await vi.waitFor(() => expect(edit.told()).toContain('edit it again? [Y/n]'), 20_000);
  expect(edit.told()).toContain('error: what you saved: not valid json at line 2, column 1');
  edit.type('\n');
  await vi.waitFor(() => expect(edit.told()).toContain('[y/N]'), 20_000);
  edit.type('y\n');
  expect((await edit.done).code).toBe(0);
  expect((await rowsOf(state))[0]).toMatchObject({ state: 'cancelled' });
});

it('what is given up is shown once more: nothing is decided, and nothing is lost', async () => {
  const { env, id, state, editor } = await place();
  const around = {
    env: { ...env, EDITOR: editor(`printf '{"my":"work\\033",' > "$1"`) },
    typed: 'n\n',
  };
  const done = await cli(['approve', id, '--edit'], around);
  expect(done.code).toBe(1);
  expect(done.stderr).toContain(
    'what you had written:\n{"my":"work\\u001b",\nnothing was decided\n',
  );
  expect(await rowsOf(state)).toMatchObject([{ state: 'pending' }]);
  expect(drafts(state)).toEqual([]);
});

it('an answer that came too late leaves nothing decided, and shows what was written', async () => {
  const { env, id, state, saves } = await place();
  const edit = start(['approve', id, '--edit'], {
    env: { ...env, EDITOR: saves(changed) },
    typed: '',
  });
  await vi.waitFor(() => expect(edit.told()).toContain('[y/N]'), 20_000);
  await cli(['deny', id], { env, typed: '' });
  edit.type('y\n');
  const done = await edit.done;
  expect(done.code).toBe(1);
  expect(done.stderr).toContain(`what you had written:\n${JSON.stringify(changed)}\n`);
  expect(done.stderr).toContain(`error: approval "${id}" is denied, expected pending`);
  expect(await rowsOf(state)).toMatchObject([{ state: 'denied' }]);
});

it('an approval that was changed says under which id it asks now', async () => {
  const { env, id, put, state } = await place();
  const approval = { ...env, ...(await approver(env)) };
  const file = put('new.json', JSON.stringify(changed));
  await cli(['approve', id, '--edit-file', file], { env: approval });
  const [, row] = await rowsOf(state);
  for (const more of [[], ['--edit-file', file]]) {
    const again = await cli(['approve', id, ...more], { env: approval });
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(
      `hint: its arguments were changed: mcp-gate approvals show ${row?.id}`,
    );
  }
});

it('a program gives the arguments in a file or through a pipe, with a credential', async () => {
  for (const from of ['file', 'pipe']) {
    const { env, id, put, state } = await place();
    const secret = await approver(env);
    const text = JSON.stringify(changed);
    const named = from === 'file' ? put('new.json', text) : '-';
    const around = { env: secret, ...(from === 'pipe' && { piped: text }) };
    const done = await cli(['approve', id, '--edit-file', named], around);
    const [, row] = await rowsOf(state);
    expect(done).toEqual({
      code: 0,
      stdout: `changed ${id} into ${row?.id}\napproved ${row?.id}\n`,
      stderr: '',
    });
    expect(row?.edited).toMatchObject({ by: 'dana', via: 'credential' });
  }
});

it('on a terminal the arguments of a file are shown first, too', async () => {
  const { env, id, put, state } = await place();
  const file = put('new.json', JSON.stringify(changed));
  const done = await cli(['approve', id, '--edit-file', file], { env, typed: 'n\n' });
  expect(done.code).toBe(1);
  expect(done.stderr).toContain('+  │ "/etc/motd"');
  expect(done.stderr).toContain('approve the changed call? [y/N] ');
  expect(await rowsOf(state)).toMatchObject([{ state: 'pending' }]);
});

const expected = 'hint: expected one JSON object';
const faults: [what: string, text: string, error: string, hint: string][] = [
  [
    'no JSON',
    '{"a":\n  tru}',
    '"new.json": not valid json at line 2, column 3: expected a value',
    expected,
  ],
  ['nothing', '', '"new.json": not valid json at line 1, column 1', expected],
  ['a list', '[1]', '"new.json": expected an object, got an array', expected],
  ['null', 'null', '"new.json": expected an object, got null', expected],
  [
    'a name twice',
    '{"a":1,\n"a":2}',
    '"new.json": duplicate key "a" at line 2, column 1',
    expected,
  ],
  ['a prototype', '{"__proto__":{}}', '"new.json": key "__proto__" is not accepted', expected],
  ['half a character', '{"a":"\\ud800"}', '"new.json": lone surrogate', expected],
  [
    'a number that is rounded',
    '{"a":12345678901234567890}',
    '"new.json": number at line 1, column 6',
    expected,
  ],
  [
    'too deep',
    `{"a":${'['.repeat(200)}${']'.repeat(200)}}`,
    '"new.json": nests deeper than 128',
    expected,
  ],
  [
    'no change',
    '{ "text": "x", "path": "\\u002fetc/hosts" }',
    '"new.json": the arguments are what they were, expected a change',
    'hint: to approve the call as it is, leave out --edit',
  ],
  [
    'too much',
    `"${'x'.repeat(4_194_304)}"`,
    '"new.json": 4194306 bytes, expected at most 4194304',
    '',
  ],
];
it.each(faults)('%s is refused: exit 2', async (_, text, error, hint) => {
  const { dir, env, id, put, state } = await place();
  put('new.json', text);
  const around = { env: await approver(env), cwd: dir };
  const done = await cli(['approve', id, '--edit-file', 'new.json'], around);
  expect(done).toMatchObject({ code: 2, stdout: '' });
  expect(done.stderr).toContain(`error: ${error}`);
  expect(done.stderr).toContain(hint);
  expect(await rowsOf(state)).toMatchObject([{ state: 'pending' }]);
});

const usage: [what: string, args: string[], typed: string | undefined, error: string][] = [
  ['both ways at once', ['--edit', '--edit-file', 'x'], '', '"--edit" and "--edit-file" at once'],
  ['a grant with it', ['--edit', '--grant', '1h'], '', '"--grant" with "--edit"'],
  [
    'a grant with a file',
    ['--edit-file', 'x', '--grant', '1h'],
    '',
    '"--grant" with "--edit-file"',
  ],
  ['no terminal', ['--edit'], undefined, '"--edit": expected a terminal to edit on'],
  ['no editor', ['--edit'], '', 'no editor is set: expected one in $VISUAL or $EDITOR'],
  ['no such file', ['--edit-file', 'gone.json'], '', '"gone.json" cannot be read'],
];
it.each(usage)('%s: exit 2', async (_, args, typed, error) => {
  const { env, id, state } = await place();
  const secret = await approver(env);
  const around = typed === undefined ? { env: secret } : { env: secret, typed };
  const done = await cli(['approve', id, ...args], around);
  expect(done.code).toBe(2);
  expect(done.stderr).toContain(`error: ${error}`);
  expect(await rowsOf(state)).toMatchObject([{ state: 'pending' }]);
});

it.each([
  ['exit 3', 'ended with code 3, expected 0'],
  ['kill -9 $$', 'ended with code 137, expected 0'],
])('an editor that ends with "%s" changes nothing', async (script, error) => {
  const { env, id, state, editor } = await place();
  const done = await cli(['approve', id, '--edit'], {
    env: { ...env, EDITOR: editor(script) },
    typed: '',
  });
  expect(done.code).toBe(2);
  expect(done.stderr).toContain(error);
  expect(await rowsOf(state)).toMatchObject([{ state: 'pending' }]);
  expect(drafts(state)).toEqual([]);
});

it('a claimed name changes nothing', async () => {
  const { env, id, put, state } = await place();
  const file = put('new.json', JSON.stringify(changed));
  const done = await cli(['approve', id, '--edit-file', file, '--as', 'dana'], {
    env,
    typed: 'y\n',
  });
  expect(done.code).toBe(1);
  expect(done.stderr).toContain('error: a claimed name changes nothing');
  expect(await rowsOf(state)).toMatchObject([{ state: 'pending' }]);
});

it('a terminal changes nothing once there are approvers', async () => {
  const { env, id, put, state } = await place();
  await approver(env);
  const file = put('new.json', JSON.stringify(changed));
  const done = await cli(['approve', id, '--edit-file', file], { env, typed: 'y\n' });
  expect(done).toMatchObject({ code: 1 });
  expect(done.stderr).toContain('a terminal proves nobody');
  expect(await rowsOf(state)).toMatchObject([{ state: 'pending' }]);
});

it('both versions and who changed it are shown afterwards', async () => {
  const { env, id, put, state } = await place();
  const secret = await approver(env);
  await cli(['approve', id, '--edit-file', put('new.json', JSON.stringify(changed))], {
    env: secret,
  });
  const [, row] = await rowsOf(state);
  const newId = row?.id ?? '';
  const shown = await cli(['approvals', 'show', newId], { env });
  expect(shown.stdout).toMatch(
    new RegExp(`changed {5}by dana \\(credential\\) at \\S+, from ${id}\n`),
  );
  expect(shown.stdout).toContain('-  │ "/etc/hosts"\n+  │ "/etc/motd"\n');
  const json = await cli(['approvals', 'show', newId, '--format', 'json'], { env });
  expect(JSON.parse(json.stdout)).toMatchObject({
    arguments: changed,
    edited: { by: 'dana', via: 'credential', from: id, asked_arguments: asked },
    changed_into: null,
  });
  const old = await cli(['approvals', 'show', id, '--format', 'json'], { env });
  expect(JSON.parse(old.stdout)).toMatchObject({
    arguments: asked,
    edited: null,
    changed_into: newId,
  });
  expect((await cli(['approvals', 'show', id], { env })).stdout).toContain(
    `changed     into ${newId}`,
  );
  const traced = await cli(['trace', row?.traceId ?? ''], { env });
  expect(traced.stdout).toMatch(new RegExp(`approval\\.edited +${newId}\n  by +dana\n`));
});

it('nothing in either version is obeyed by the terminal, and a long value hides nothing', async () => {
  const hostile = { '\u202ename': '\u001b[2Jgone\u202e', long: 'a'.repeat(1_048_576), z: 1 };
  const { dir, env, id, editor } = await place(hostile);
  const script = `cp "$1" ${dir}/shown; sed -i -e 's/"z": 1/"z": "\\\\u001b[31m\\\\u2066x"/' "$1"`;
  const around = { env: { ...env, EDITOR: editor(script) }, typed: 'y\n' };
  const done = await cli(['approve', id, '--edit'], around);
  // A call that is longer than a screen takes more than a y.
  expect(done.code).toBe(1);
  const shown = readFileSync(join(dir, 'shown'), 'utf8');
  for (const text of [shown, done.stderr]) {
    expect(text).not.toMatch(/[\u202e\u2066]/u);
    expect(text.includes('\u001b[2J') || text.includes('\u001b[31m')).toBe(false);
  }
  expect(JSON.parse(shown)).toEqual(hostile);
  expect(done.stderr).toContain('-  │ 1\n+  │ "\\u001b[31m\\u2066x"\n');
  expect(done.stderr).toContain('type the first 6 characters');
  expect(done.stderr).toMatch(/\(\d+ lines are left out: it is as you wrote it\)/);
});
