import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { expect, it } from 'vitest';
import { decision } from '../approval/desk-scratch.ts';
import { ask, cli, house } from './rig.ts';

const me = userInfo().username;
const config = (approvals: object) =>
  JSON.stringify({ stateDir: './state', mcpServers: {}, approvals });

/** A house whose config says this of approvals, with one question about each of these. */
async function asked(approvals: object, ...changes: Parameters<typeof ask>[1][]) {
  const ids: string[] = [];
  const place = await house(async (store) => {
    for (const change of changes) ids.push(await ask(store, change));
  });
  writeFileSync(place.config, config(approvals));
  const env = { MCP_GATE_CONFIG: place.config };
  return { env, ids, id: ids[0] ?? '' };
}

async function statusOf(env: Record<string, string>) {
  const [text, json] = await Promise.all([
    cli(['status'], { env }),
    cli(['status', '--format', 'json'], { env }),
  ]);
  return { text: text.stdout, approvers: JSON.parse(json.stdout).approvers };
}

async function enrol(env: Record<string, string>, name: string, ...groups: string[]) {
  const { stdout, code } = await cli(['approvers', 'add', name, ...groups], { env });
  expect(code).toBe(0);
  return { ...env, MCP_GATE_APPROVER: stdout.trim() };
}

it('where a credential is required a terminal is not asked, and the first one can be made', async () => {
  const { env, id } = await asked({ requireCredential: true }, {});
  const done = await cli(['approve', id], { env, typed: 'y\n' });
  expect(done.code).toBe(1);
  expect(done.stderr).toContain('for "approvals.requireCredential" holds');
  expect(done.stderr).not.toContain('[y/N]');
  expect((await statusOf(env)).text).toContain(
    'approvers   NOBODY: a credential is required, and nobody has one\n',
  );
  const proven = await enrol(env, 'alice');
  expect((await cli(['approve', id], { env: proven })).stdout).toBe(`approved ${id}\n`);
});

it('it takes a credential to loosen anything else, too', async () => {
  const { env } = await asked({ requireCredential: true });
  await cli(['freeze', '--reason', 'r'], { env });
  const done = await cli(['unfreeze', '--all', '--reason', 'r'], { env, typed: '' });
  expect(done.code).toBe(1);
  expect(done.stderr).toContain('a terminal proves nobody');
  const proven = await enrol(env, 'alice');
  const lifted = await cli(['unfreeze', '--all', '--reason', 'r'], { env: proven });
  expect(lifted.code).toBe(0);
});

it('people are put into groups, and a rule that asks for one is answered', async () => {
  const { env, id } = await asked({}, { decision: decision({ approvers: ['group:finance'] }) });
  const alice = await enrol(env, 'alice', '--group', 'finance', '--group', 'ops');
  const bob = { ...env, MCP_GATE_APPROVER: (await enrol(alice, 'bob')).MCP_GATE_APPROVER };
  const refused = await cli(['approve', id], { env: bob });
  expect(refused).toMatchObject({
    code: 1,
    stderr:
      'error: "bob" is not among the approvers that policy names, nor in group:finance\nhint: mcp-gate approvers groups\n',
  });
  const own = await cli(['approvers', 'join', 'bob', 'finance'], { env: bob });
  expect(own.stderr).toMatch(/^error: who is in group "finance" is up to its members, /);
  expect((await cli(['approvers', 'join', 'bob', 'finance'], { env: alice })).code).toBe(0);
  expect((await cli(['approvers', 'groups'], { env })).stdout).toBe(
    'finance  alice, bob\nops  alice\n',
  );
  expect((await cli(['approvers', 'list'], { env })).stdout).toMatch(
    /^alice {2}in finance, ops {2}/,
  );
  expect((await cli(['approvers', 'leave', 'alice', 'ops'], { env: alice })).code).toBe(0);
  const json = await cli(['approvers', 'groups', '--format', 'json'], { env });
  expect(JSON.parse(json.stdout)).toEqual([{ group: 'finance', members: ['alice', 'bob'] }]);
  expect((await cli(['approve', id], { env: bob })).stdout).toBe(`approved ${id}\n`);
});

it('status names those who could answer', async () => {
  const { env } = await asked({});
  await enrol(env, 'alice', '--group', 'ops');
  const { text, approvers } = await statusOf(env);
  expect(text).toContain('approvers   1 with a credential: alice, group:ops (alice)\n');
  expect(approvers).toEqual({
    ...{ who: 'credential', names: ['alice'], groups: { ops: ['alice'] }, warnings: [] },
  });
});

it('status warns of what nobody can answer', async () => {
  const wanted = (quorum: number, ...approvers: string[]) => ({
    decision: decision({ quorum, approvers }),
  });
  const { env } = await asked(
    { quorum: 3 },
    { ...wanted(1, 'group:finance'), canonicalArguments: '{"a":1}' },
    { ...wanted(1, 'group:finance'), canonicalArguments: '{"a":2}' },
    { ...wanted(1, 'dana', 'alice'), canonicalArguments: '{"a":3}' },
    { ...wanted(2), canonicalArguments: '{"a":4}' },
    { ...wanted(1), requester: 'https://issuer|alice', canonicalArguments: '{"a":5}' },
  );
  await enrol(env, 'alice', '--group', 'ops');
  const { text, approvers } = await statusOf(env);
  // What was asked in one millisecond has no order.
  const warned: string[] = approvers.warnings.map((each: string) => each.replace(/ap_\w+/, 'ID'));
  expect(warned.toSorted()).toEqual([
    '"approvals.quorum" asks for 3, and one person could answer',
    'ID and 1 more cannot be approved: it takes 1 of group:finance, and nobody could answer: group:finance does not exist',
    'ID cannot be approved: it takes 1, and nobody could answer',
    'ID cannot be approved: it takes 2, and one person could answer',
  ]);
  for (const warning of approvers.warnings) expect(text).toContain(warning);
});

it('at a terminal one person answers, and no group', async () => {
  const { env, id } = await asked(
    {},
    { requester: `os:${me}`, decision: decision({ approvers: ['group:ops'] }) },
    { requester: `os:${me}`, canonicalArguments: '{}' },
  );
  const { text, approvers } = await statusOf(env);
  expect(text).toContain(
    'approvers   ANYBODY at a terminal of this user: nobody has a credential\n',
  );
  expect(approvers).toMatchObject({
    who: 'terminal',
    warnings: [
      `${id} cannot be approved: it takes 1 of group:ops, and nobody could answer: group:ops does not exist`,
    ],
  });
});

it('what a running gate says counts for whoever names another config, or none', async () => {
  let id = '';
  const { state, dir } = await house(async (store) => {
    id = await ask(store);
    const status = { require_credential: true };
    const [pid, heartbeatMs] = [process.pid, Date.now()];
    await store.write('outcome', (tx) =>
      tx.putInstance({ id: 'i', gate: 'g', pid, processStart: undefined, heartbeatMs, status }),
    );
  });
  const other = `${dir}/other.json`;
  writeFileSync(other, JSON.stringify({ stateDir: './state', mcpServers: {} }));
  for (const env of [{ MCP_GATE_HOME: state }, { MCP_GATE_CONFIG: other }]) {
    const done = await cli(['approve', id], { env, typed: 'y\n' });
    expect(done.code).toBe(1);
    expect(done.stderr).toContain('for "approvals.requireCredential" holds');
    await cli(['freeze', '--reason', 'r', '--server', 'files'], { env });
    const lifted = await cli(['unfreeze', '--all', '--reason', 'r'], { env, typed: '' });
    expect(lifted.stderr).toContain('for "approvals.requireCredential" holds');
    expect((await statusOf(env)).approvers.who).toBe('nobody');
  }
});
