import { userInfo } from 'node:os';
import { expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { createPinBook } from '../../src/upstream/pins.ts';
import { ask, cli, house, start } from './rig.ts';

async function asked(change: Parameters<typeof ask>[1] = {}) {
  let id = '';
  const place = await house(async (store) => {
    id = await ask(store, change);
  });
  return { ...place, id };
}

async function stateOf(dir: string, id: string) {
  const store = openStore({ dir, durability: 'process', clock: Date.now });
  try {
    const row = store.approval(id);
    const votes = store.votes(id).map(({ approver, via, verdict }) => [approver, via, verdict]);
    return { state: row?.state, reason: row?.decisionReason, votes };
  } finally {
    await store.close();
  }
}

async function approver(env: Record<string, string>): Promise<Record<string, string>> {
  const { stdout } = await cli(['approvers', 'add', 'alice', '--format', 'json'], { env });
  const { name, secret } = JSON.parse(stdout);
  return { ...env, MCP_GATE_APPROVER: `${name}:${secret}` };
}

const me = userInfo().username;

it('on a terminal the whole call is shown, and y approves it', async () => {
  const { env, id, state } = await asked();
  const done = await cli(['approve', id, '--reason', 'fine'], { env, typed: 'y\n' });
  expect(done).toMatchObject({ code: 0, stdout: `approved ${id}\n` });
  expect(done.stderr).toContain('"path": "/etc/hosts"');
  expect(done.stderr).toContain('approve this call? [y/N]');
  expect(await stateOf(state, id)).toEqual({
    state: 'approved',
    reason: 'fine',
    votes: [[me, 'terminal', 'approve']],
  });
});

it.each([['n\n'], ['\n'], ['yess\n'], ['approve\n']])(
  'on a terminal %j decides nothing: exit 1',
  async (typed) => {
    const { env, id, state } = await asked();
    const done = await cli(['approve', id], { env, typed });
    expect(done.code).toBe(1);
    expect(done.stderr).toMatch(/nothing was decided\n$/);
    expect((await stateOf(state, id)).state).toBe('pending');
  },
);

it('the end of input is no yes', async () => {
  const { env, id, state } = await asked();
  const approve = start(['approve', id], { env, typed: '' });
  approve.end();
  expect((await approve.done).code).toBe(1);
  expect((await stateOf(state, id)).state).toBe('pending');
});

it('with a credential nothing is asked', async () => {
  const { env, id, state } = await asked();
  const done = await cli(['approve', id], { env: await approver(env) });
  expect(done).toEqual({ code: 0, stdout: `approved ${id}\n`, stderr: '' });
  expect((await stateOf(state, id)).votes).toEqual([['alice', 'credential', 'approve']]);
});

const refused: [
  claim: string,
  args: string[],
  env: Record<string, string>,
  error: string,
  hint: string,
][] = [
  [
    'without a terminal and a credential',
    [],
    {},
    'no terminal and no credential to decide with',
    'decide in a terminal, or set MCP_GATE_APPROVER=NAME:SECRET',
  ],
  [
    'with a name that nobody proved',
    ['--as', 'alice'],
    {},
    'no terminal to show the call on, and no credential',
    'approve in a terminal, or set MCP_GATE_APPROVER=NAME:SECRET',
  ],
  [
    'with a wrong credential',
    [],
    { MCP_GATE_APPROVER: 'alice:wrong' },
    'approver credential is not valid',
    'set MCP_GATE_APPROVER=NAME:SECRET as "mcp-gate approvers add NAME" printed it',
  ],
];

it.each(refused)('a yes %s is refused: exit 2', async (_, args, extra, error, hint) => {
  const { env, id, state } = await asked();
  expect(await cli(['approvals', 'approve', id, ...args], { env: { ...env, ...extra } })).toEqual({
    code: 2,
    stdout: '',
    stderr: `error: ${error}\nhint: ${hint}\n`,
  });
  expect(await stateOf(state, id)).toMatchObject({ state: 'pending', votes: [] });
});

it('a wrong credential is refused on a terminal too', async () => {
  const { env, id, state } = await asked();
  const wrong = { ...env, MCP_GATE_APPROVER: 'alice:wrong' };
  expect((await cli(['approve', id], { env: wrong, typed: 'y\n' })).code).toBe(2);
  expect((await stateOf(state, id)).state).toBe('pending');
});

it('once there are approvers a terminal is not asked, and may still deny', async () => {
  const { env, id, state } = await asked();
  await approver(env);
  const done = await cli(['approve', id], { env, typed: 'y\n' });
  expect(done).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'error: a terminal proves nobody, for there are approvers: expected the credential of one of them\n' +
      'hint: set MCP_GATE_APPROVER=NAME:SECRET\n',
  });
  expect(await stateOf(state, id)).toMatchObject({ state: 'pending', votes: [] });
  expect((await cli(['deny', id], { env, typed: '' })).stdout).toBe(`denied ${id}\n`);
});

it('the call that was shown is approved, whatever begins like its id by then', async () => {
  const { env, id, state } = await asked();
  const approve = start(['approve', id.slice(0, 8)], { env, typed: '' });
  await vi.waitFor(() => expect(approve.told()).toContain('[y/N]'), 5000);
  const store = openStore({ dir: state, durability: 'process', clock: Date.now });
  const shown = store.approval(id) ?? expect.fail('no approval');
  const other = `${id.slice(0, 8)}zzzzz`;
  await store.write('decision', (tx) => tx.putApproval({ ...shown, id: other, callKey: 'other' }));
  await store.close();
  approve.type('y\n');
  expect(await approve.done).toMatchObject({ code: 0, stdout: `approved ${id}\n` });
  expect((await stateOf(state, other)).state).toBe('pending');
});

it('a call of more than 200 lines takes the digest that stands beside the question', async () => {
  const list = Array.from({ length: 500 }, (_, n) => n);
  const { env, id, state } = await asked({ canonicalArguments: JSON.stringify({ list }) });
  const refusal = await cli(['approve', id], { env, typed: 'y\n' });
  expect(refusal.code).toBe(1);
  expect(refusal.stderr).toMatch(/\(\d+ lines are left out: mcp-gate approvals show ap_\w{10}\)/);
  const [, code = ''] = /digest {2}sha256:(\w{6})/.exec(refusal.stderr) ?? [];
  expect((await cli(['approve', id], { env, typed: `${code}\n` })).stdout).toBe(`approved ${id}\n`);
  expect((await stateOf(state, id)).state).toBe('approved');
});

it('a yes under a claimed name is noted and does not count', async () => {
  const { env, id, state } = await asked();
  const done = await cli(['approve', id, '--as', 'bob'], { env, typed: 'y\n' });
  expect(done).toMatchObject({
    code: 0,
    stdout: `${id} still waits: 0 of 1; "bob" is only claimed and does not count\n`,
  });
  expect((await stateOf(state, id)).state).toBe('pending');
});

it('a no keeps its reason and asks nothing', async () => {
  const { env, id, state } = await asked();
  const done = await cli(['deny', id, '--reason', 'not today'], { env, typed: '' });
  expect(done).toMatchObject({ code: 0, stdout: `denied ${id}\n`, stderr: '' });
  expect(await stateOf(state, id)).toMatchObject({ state: 'denied', reason: 'not today' });
});

it('what was decided already is a negative answer: exit 1', async () => {
  const { env, id } = await asked();
  await cli(['deny', id], { env, typed: '' });
  const done = await cli(['approve', id], { env: await approver(env) });
  expect(done).toEqual({
    code: 1,
    stdout: '',
    stderr: `error: approval "${id}" is denied, expected pending\n`,
  });
});

it('a credential is printed once, and its name is listed', async () => {
  const { env } = await house();
  const added = await cli(['approvers', 'add', 'alice'], { env });
  expect(added.stdout).toMatch(/^alice:[\w-]{43}\n$/);
  expect(added.stderr).toBe('shown once: keep it, and hand it to mcp-gate as MCP_GATE_APPROVER\n');
  const { stdout } = await cli(['approvers', 'list', '--format', 'json'], { env });
  expect(JSON.parse(stdout)).toEqual([
    { name: 'alice', groups: [], created_at: expect.stringMatching(/Z$/), added_by: `os:${me}` },
  ]);
  const second = await cli(['approvers', 'add', 'bob'], { env });
  expect(second.code).toBe(2);
  const proven = { ...env, MCP_GATE_APPROVER: added.stdout.trim() };
  expect((await cli(['approvers', 'add', 'bob'], { env: proven })).code).toBe(0);
  expect(await cli(['approvers', 'remove', 'bob'], { env: proven })).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  });
});

async function changedPin() {
  const place = await house();
  const { gate, stateDir } = loadConfig(place.config, { env: {}, servers: 'literal' });
  const store = openStore({ dir: stateDir, durability: 'process', clock: Date.now });
  const book = createPinBook(store, gate, Date.now);
  const tool = (description: string) => [
    { name: 'read', definition: { name: 'read', description } },
  ];
  await book.observe('files', [...tool('a'), { name: 'list', definition: { name: 'list' } }]);
  await book.observe('files', tool('b'));
  await store.close();
  return place;
}

it('a changed definition is listed beside the accepted one', async () => {
  const { config } = await changedPin();
  const all = await cli(['pins', 'list', '--config', config, '--format', 'json']);
  const pins: { tool: string; state: string }[] = JSON.parse(all.stdout);
  expect(pins.map(({ tool, state }) => [tool, state]).sort()).toEqual([
    ['list', 'pinned'],
    ['read', 'changed'],
  ]);
  const changed = await cli(['pins', 'list', '--changed', '--config', config, '--format', 'json']);
  expect(JSON.parse(changed.stdout)).toEqual([
    {
      server: 'files',
      tool: 'read',
      state: 'changed',
      digest: expect.stringMatching(/^sha256:/),
      changed_digest: expect.stringMatching(/^sha256:/),
      seen_at: expect.stringMatching(/Z$/),
    },
  ]);
});

it('accepting a changed definition takes a terminal or a credential, and is said', async () => {
  const { config, env } = await changedPin();
  const accept = ['pins', 'accept', 'files', '--config', config];
  expect((await cli(accept)).code).toBe(2);
  const done = await cli(accept, { env: await approver(env) });
  expect(done).toEqual({ code: 0, stdout: 'accepted files/read\n', stderr: '' });
  const again = await cli(accept, { typed: '' });
  expect(again).toMatchObject({ code: 1 });
  expect(again.stderr).toContain('hint: set MCP_GATE_APPROVER=NAME:SECRET\n');
});

it('at a terminal a changed definition may be accepted while nobody has a credential', async () => {
  const { config } = await changedPin();
  const accept = ['pins', 'accept', 'files', '--config', config];
  expect((await cli(accept, { typed: '' })).stdout).toBe('accepted files/read\n');
  const again = await cli(accept, { typed: '' });
  expect(again).toMatchObject({ code: 1 });
  expect(again.stderr).toContain('error: server "files" has no changed definition\n');
});

it('a credential with the name of the system user comes with a warning', async () => {
  const { env } = await house();
  const added = await cli(['approvers', 'add', me], { env });
  expect(added.stderr).toContain(
    `"${me}" cannot approve what the agents of the system user "${me}" ask for\n`,
  );
});

it('pins without a config are refused: a state folder may hold those of several gates', async () => {
  const { env } = await house();
  expect(await cli(['pins', 'list'], { env })).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'error: no config was named, and it says which gate is meant\nhint: name the file with --config\n',
  });
});

it('watching needs a terminal', async () => {
  const { env } = await house();
  expect(await cli(['approvals', 'watch'], { env })).toEqual({
    code: 2,
    stdout: '',
    stderr: 'error: watching needs a terminal\nhint: mcp-gate approvals list\n',
  });
});

it('on the watch screen a shows the whole call, y approves it, d denies the next, q gives the terminal back', async () => {
  let ids: string[] = [];
  const { env, state } = await house(async (store) => {
    ids = [await ask(store), await ask(store, { tool: 'move_file' })];
  });
  const [first = '', second = ''] = ids;
  const watch = start(['approvals', 'watch'], { env, typed: '' });
  await vi.waitFor(() => expect(watch.screen()).toContain('2 pending'), 5000);
  expect(watch.screen()).not.toContain('/etc/hosts');
  watch.type('a');
  await vi.waitFor(() => expect(watch.screen()).toContain('approve this call? [y/N]'), 5000);
  expect(watch.screen()).toContain('"path": "/etc/hosts"');
  watch.type('y');
  await vi.waitFor(() => expect(watch.screen()).toContain(`approved ${first}`), 5000);
  await vi.waitFor(() => expect(watch.screen()).toContain('1 pending'), 5000);
  watch.type('d');
  await vi.waitFor(() => expect(watch.screen()).toContain(`denied ${second}`), 5000);
  watch.type('q');
  expect((await watch.done).code).toBe(0);
  expect(watch.raw).toEqual([true, false]);
  expect(watch.screen().endsWith('\u001b[?1049l')).toBe(true);
  expect((await stateOf(state, first)).state).toBe('approved');
  expect((await stateOf(state, second)).state).toBe('denied');
});
