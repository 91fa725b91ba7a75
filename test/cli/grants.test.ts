import { userInfo } from 'node:os';
import { expect, it } from 'vitest';
import { openStore } from '../../src/store/sqlite-store.ts';
import { ask, cli, house } from './rig.ts';

const me = userInfo().username;

async function asked() {
  let id = '';
  const place = await house(async (store) => {
    id = await ask(store);
  });
  return { ...place, id };
}

async function grantsIn(dir: string) {
  const store = openStore({ dir, durability: 'process', clock: Date.now });
  try {
    return store.grants();
  } finally {
    await store.close();
  }
}

const wanted = ['--grant', '1h', '--uses', '5', '--arguments', 'path=/etc/hosts'];

it('on a terminal the question says what would run unasked, and y grants it', async () => {
  const { env, id, state } = await asked();
  const done = await cli(['approve', id, ...wanted], { env, typed: 'y\n' });
  const [grant] = await grantsIn(state);
  const until = new Date(grant?.expiresMs ?? 0).toISOString();
  expect(done).toMatchObject({
    code: 0,
    stdout: `approved ${id}\ngranted ${grant?.id} until ${until}, for 5 uses\n`,
  });
  expect(done.stderr).toContain('"path": "/etc/hosts"');
  expect(done.stderr).toContain(
    'grant   5 more of files/write_file by os:rita, unasked, with "path"',
  );
  expect(done.stderr).toContain('approve this call, and grant those? [y/N]');
});

it('on a terminal n grants nothing', async () => {
  const { env, id, state } = await asked();
  expect((await cli(['approve', id, ...wanted], { env, typed: 'n\n' })).code).toBe(1);
  expect(await grantsIn(state)).toEqual([]);
});

it('a grant needs the proof that an approval needs', async () => {
  const { env, id, state } = await asked();
  expect(await cli(['approve', id, ...wanted], { env })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no terminal and no credential to decide with'),
  });
  expect(await grantsIn(state)).toEqual([]);
});

it.each<[args: string[], error: string]>([
  [['--uses', '5'], '"--uses" is only for "--grant"'],
  [['--arguments', 'any'], '"--arguments" is only for "--grant"'],
  [['--grant', 'soon'], '"--grant": expected a duration such as 1h, got "soon"'],
  [['--grant', '40d'], '"--grant": expected more than nothing and at most 31d'],
  [['--grant', '1h', '--uses', 'x'], '"--uses": expected a whole number such as 10, got "x"'],
  [
    ['--grant', '1h', '--arguments', 'all'],
    '"--arguments": expected exact, any or KEY=VALUE, got "all"',
  ],
])('wrong usage: %j', async (args, error) => {
  const { env, id, state } = await asked();
  const done = await cli(['approve', id, ...args], { env, typed: 'y\n' });
  expect(done).toMatchObject({ code: 2, stdout: '' });
  expect(done.stderr).toContain(`error: ${error}\n`);
  expect(await grantsIn(state)).toEqual([]);
});

it('deny knows nothing of grants', async () => {
  const { env, id } = await asked();
  expect((await cli(['deny', id, '--grant', '1h'], { env, typed: '' })).code).toBe(2);
});

it('grants are listed, counted by status, and revoked', async () => {
  const { env, id, state } = await asked();
  expect(await cli(['grants', 'list'], { env })).toEqual({
    code: 0,
    stdout: '',
    stderr: 'no grant is in force\n',
  });
  await cli(['approve', id, ...wanted], { env, typed: 'y\n' });
  const [grant] = await grantsIn(state);
  if (grant === undefined) throw new Error('no grant was made');
  const json = await cli(['grants', 'list', '--format', 'json'], { env });
  expect(JSON.parse(json.stdout)).toEqual([
    {
      id: grant.id,
      state: 'in_force',
      server: 'files',
      tool: 'write_file',
      arguments: { kind: 'some', values: { path: '/etc/hosts' } },
      requester: 'os:rita',
      uses: 5,
      used: 0,
      rules: ['files.outside'],
      approvers: [me],
      approval_id: id,
      policy_digest: 'sha256:policy',
      environment: 'dev',
      created_at: new Date(grant.createdMs).toISOString(),
      expires_at: new Date(grant.expiresMs).toISOString(),
      revoked_at: null,
      revoked_by: null,
    },
  ]);
  const text = (await cli(['grants', 'list'], { env })).stdout.replaceAll(/\n│ /g, '');
  expect(text).toContain(`${grant.id}  in_force  files/write_file  with "path" = "/etc/hosts"`);
  expect(text).toContain('used 0 of 5');
  expect((await cli(['status'], { env })).stdout).toContain(
    'approvals   0 pending, 1 standing grant\n',
  );
  const status = await cli(['status', '--format', 'json'], { env });
  expect(JSON.parse(status.stdout).approvals).toEqual({ pending: 0, grants: 1 });

  expect(await cli(['grants', 'revoke', grant.id], { env })).toMatchObject({ code: 2 });
  const revoked = await cli(['grants', 'revoke', grant.id, '--reason', 'done'], { env, typed: '' });
  expect(revoked).toEqual({ code: 0, stdout: `revoked ${grant.id}\n`, stderr: '' });
  expect((await cli(['grants', 'list'], { env })).stdout).toBe('');
  const all = await cli(['grants', 'list', '--all', '--format', 'json'], { env });
  expect(JSON.parse(all.stdout)).toMatchObject([{ state: 'revoked', revoked_by: me }]);
  expect((await cli(['grants', 'revoke', 'gr_nothere'], { env, typed: '' })).code).toBe(1);
});
