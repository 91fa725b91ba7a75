import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { processStart } from '../../src/core/process-start.ts';
import type { InstanceRow, Store } from '../../src/store/contract.ts';
import { scratch } from '../config/scratch.ts';
import { ask, cli, decisionId, denied, executed, house, record, trace } from './rig.ts';

const emptyRoot = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function gate(change: Partial<InstanceRow> = {}): (store: Store) => Promise<void> {
  const row: InstanceRow = {
    id: 'instance-1',
    gate: 'gate-1',
    pid: process.pid,
    processStart: processStart(process.pid),
    heartbeatMs: Date.now(),
    status: {
      mode: 'enforce',
      environment: 'prod',
      since: '2026-01-02T03:04:05.000Z',
      frozen: null,
      policy: {
        id: 'policies',
        revision: '1a2b',
        digest: 'sha256:00ff',
        rejected: [
          {
            code: 'rego_type_error',
            message: 'undefined ref',
            file: 'rules/a.rego',
            row: 4,
            col: 2,
          },
        ],
      },
      upstreams: [
        { server: 'files', state: 'ready', reason: null, restarts: 1, tools: 14, withheld: [] },
        {
          server: 'git',
          state: 'failed',
          reason: 'could not be started\u001b[2J',
          restarts: 0,
          tools: 0,
          withheld: [{ name: 'git__a', reason: 'collides' }],
        },
      ],
      config_faults: ['"workspace" needs a restart'],
    },
    ...change,
  };
  return (store) => store.write('outcome', (tx) => tx.putInstance(row));
}

it('status where no gate ever ran says so and makes nothing', async () => {
  const { dir } = scratch();
  const state = join(dir, 'state');
  const done = await cli(['status'], { env: { MCP_GATE_HOME: state } });
  expect(done).toEqual({
    code: 0,
    stdout: `no gate is running\napprovals   0 pending\napprovers   ANYBODY at a terminal of this user: nobody has a credential\njournal     0 entries, root ${emptyRoot}\nstate       ${state}\n`,
    stderr: '',
  });
  const json = await cli(['status', '--format', 'json'], { env: { MCP_GATE_HOME: state } });
  expect(JSON.parse(json.stdout)).toEqual({
    running: false,
    mode: null,
    environment: null,
    policy: null,
    upstreams: [],
    frozen: null,
    freezes: [],
    mode_override: null,
    approvals: { pending: 0, grants: 0 },
    approvers: { who: 'terminal', names: [], groups: {}, warnings: [] },
    journal: { size: 0, root: emptyRoot },
    state_dir: state,
    config: null,
    gates: [],
  });
});

it('status shows a running gate: mode, policy and what was rejected of it, servers, what needs a restart', async () => {
  const { env, state } = await house(async (store) => {
    await gate()(store);
    await ask(store);
  });
  const { code, stdout } = await cli(['status'], { env });
  expect(code).toBe(0);
  expect(stdout.replace(/root [0-9a-f]{64}/, 'root …').replace(state, 'STATE')).toBe(
    `gate ${process.pid}  enforce  prod
  since     2026-01-02T03:04:05.000Z
  policy    policies  sha256:00ff  1a2b
  rejected  rules/a.rego:4:2: undefined ref (rego_type_error)
  config    "workspace" needs a restart
  files     ready  14 tools, 1 restarts
  git       failed  could not be started\\u001b[2J
            withheld "git__a": collides
approvals   1 pending
approvers   ANYBODY at a terminal of this user: nobody has a credential
journal     1 entries, root …
state       STATE
`,
  );
});

it('the JSON of status has what the gate says at the top and every gate below', async () => {
  const { env } = await house(gate());
  const { stdout } = await cli(['status', '--format', 'json'], { env });
  expect(JSON.parse(stdout)).toMatchObject({
    running: true,
    mode: 'enforce',
    environment: 'prod',
    policy: { digest: 'sha256:00ff' },
    upstreams: [{ server: 'files' }, { server: 'git' }],
    gates: [{ id: 'instance-1', pid: process.pid, responding: true, mode: 'enforce' }],
  });
});

it('status shows the gate of the config among several', async () => {
  const { env, config } = await house();
  const { gate: key, stateDir } = loadConfig(config, { env: {}, servers: 'literal' });
  const { openStore } = await import('../../src/store/sqlite-store.ts');
  const store = openStore({ dir: stateDir, durability: 'process', clock: Date.now });
  await gate({ id: 'other', heartbeatMs: Date.now() + 5000 })(store);
  await gate({ id: 'mine', gate: key, status: { mode: 'observe', environment: 'dev' } })(store);
  await store.close();
  const alone = await cli(['status', '--format', 'json'], { env });
  expect(JSON.parse(alone.stdout)).toMatchObject({ mode: 'enforce' });
  const named = await cli(['status', '--format', 'json', '--config', config]);
  expect(JSON.parse(named.stdout)).toMatchObject({ mode: 'observe', config });
});

const gone: [claim: string, row: Partial<InstanceRow>][] = [
  ['a gate that was killed', { pid: 2 ** 22 + 1 }],
  ['a gate whose pid is another program by now', { processStart: '1' }],
  ['a pid that would mean a group', { pid: 0 }],
];

it.each(gone)('%s is not running', async (_, row) => {
  const { env } = await house(gate(row));
  const { stdout } = await cli(['status'], { env });
  expect(stdout).toMatch(/^no gate is running\n/);
});

it('a gate that has not been heard of is said to be silent', async () => {
  const { env } = await house(gate({ heartbeatMs: Date.now() - 60_000 }));
  expect((await cli(['status'], { env })).stdout).toMatch(/prod {2}not heard of since 20/);
});

it('what would have happened stands in the status of a gate that counts it', async () => {
  const observed = { deny: 3, escalate: 2, allow: 0 };
  const { env } = await house(gate({ status: { mode: 'observe', environment: 'dev', observed } }));
  const { stdout } = await cli(['status'], { env });
  expect(stdout).toContain('  observed  3 deny, 2 escalate, had they been enforced\n');
  const { env: quiet } = await house(
    gate({ status: { mode: 'observe', environment: 'dev', observed: { deny: 0 } } }),
  );
  expect((await cli(['status'], { env: quiet })).stdout).not.toContain('observed');
});

const bound: [outcome: string, enforced: boolean, line: string][] = [
  ['deny', false, '  observed  enforced, it would have been denied\n'],
  ['escalate', false, '  observed  enforced, it would have waited for a person\n'],
  ['allow', false, ''],
  ['deny', true, ''],
];

it.each(bound)(
  'a trace with %s, enforced %s, says what would have happened',
  async (outcome, enforced, line) => {
    const fields = { ...denied.fields, outcome, enforced };
    const { env } = await house((store) => record(store, { ...denied, fields }));
    const { stdout } = await cli(['trace', trace], { env });
    expect(stdout).toContain(`files/write_file\n${line}  decision  ${decisionId}\n`);
  },
);

it('every freeze stands in status with its scope, its reason, who made it and when', async () => {
  const { env, state } = await house();
  const made = { by: 'os:me', at: '2026-01-02T03:04:05.000Z' };
  const freezes = [
    { id: 'fz_1', server: null, tool: null, subject: null, reason: 'incident 7', ...made },
    { id: 'fz_2', server: 'files', tool: 'a\u001bb', subject: null, reason: '', ...made },
  ];
  writeFileSync(join(state, 'control.json'), JSON.stringify({ rev: 1, freezes, mode: 'enforce' }));
  const { stdout } = await cli(['status'], { env });
  expect(stdout).toContain(
    `frozen      everything: incident 7  by os:me since 2026-01-02T03:04:05.000Z  fz_1
frozen      server "files", tool "a\\u001bb": no reason given  by os:me since 2026-01-02T03:04:05.000Z  fz_2
override    enforce, by the operator
`,
  );
  const json = await cli(['status', '--format', 'json'], { env });
  expect(JSON.parse(json.stdout)).toMatchObject({ frozen: 'incident 7', freezes });
});

it('a freeze of before there were scopes stands in status', async () => {
  const { env, state } = await house();
  const freeze = { reason: 'incident 7', by: 'me', at: 'now' };
  writeFileSync(join(state, 'control.json'), JSON.stringify({ rev: 1, freeze, mode: 'enforce' }));
  const { stdout } = await cli(['status'], { env });
  expect(stdout).toContain(
    'frozen      everything: incident 7  by me since now  fz_first\noverride    enforce, by the operator\n',
  );
});

it('the JSON of approvals list is an array of what waits', async () => {
  let id = '';
  const { env } = await house(async (store) => {
    id = await ask(store);
  });
  const { code, stdout } = await cli(['approvals', 'list', '--format', 'json'], { env });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual([
    {
      id,
      state: 'pending',
      server: 'files',
      tool: 'write_file',
      arguments: { path: '/etc/hosts', text: 'x' },
      reason: expect.any(String),
      requester: 'os:rita',
      created_at: expect.stringMatching(/Z$/),
      expires_at: expect.stringMatching(/Z$/),
      group: expect.stringMatching(/^like_[0-9a-f]{10}$/),
    },
  ]);
  const text = await cli(['approvals', 'list'], { env });
  expect(text.stdout).toMatch(new RegExp(`^${id}  pending  files/write_file  by os:rita`));
});

it('when nothing waits, people are told and programs get an empty array', async () => {
  const { env } = await house();
  expect(await cli(['approvals', 'list'], { env })).toEqual({
    code: 0,
    stdout: '',
    stderr: 'nothing waits for a person\n',
  });
  expect((await cli(['approvals', 'list', '--format', 'json'], { env })).stdout).toBe('[]\n');
});

it('approvals show has the whole call, by the beginning of its id', async () => {
  let id = '';
  const { env } = await house(async (store) => {
    id = await ask(store);
  });
  const text = await cli(['approvals', 'show', id.slice(0, 8)], { env });
  expect(text.stdout).toContain('"path": "/etc/hosts"');
  const json = await cli(['approvals', 'show', id, '--format', 'json'], { env });
  expect(JSON.parse(json.stdout)).toMatchObject({ id, quorum: 1, votes: [] });
});

it('trace without a trace lists the last decisions', async () => {
  const { env } = await house((store) => record(store, denied, executed));
  const { stdout } = await cli(['trace'], { env });
  expect(stdout).toBe(
    '2026-01-02T03:04:05.000Z  0e0e4736  deny      files/write_file  files.outside\n',
  );
  const json = await cli(['trace', '--format', 'json'], { env });
  expect(JSON.parse(json.stdout)).toMatchObject([{ seq: 0, kind: 'decision', trace_id: trace }]);
});

const names: [claim: string, typed: string][] = [
  ['its id', trace],
  ['the beginning of its id', trace.slice(0, 6)],
  ['the end of its id', trace.slice(-8)],
  ['its id in capitals', trace.toUpperCase()],
  ['a decision in it', decisionId],
  ['the beginning of a decision in it', decisionId.slice(0, 10)],
  ['"last"', 'last'],
];

it.each(names)(
  'a trace is found by %s, and shown in order without what could move a cursor',
  async (_, typed) => {
    const { env } = await house((store) => record(store, denied, executed));
    expect((await cli(['trace', typed], { env })).stdout).toBe(`trace ${trace}
2026-01-02T03:04:05.000Z  decision            deny      files/write_file
  decision  ${decisionId}
  rules     files.outside
  reason    writes \\u001b[31moutside
2026-01-02T03:04:06.000Z  outcome             executed  files/write_file  12 ms
  decision  ${decisionId}
`);
  },
);

it('the JSON of a trace has every entry with its place in the ledger', async () => {
  const { env } = await house((store) => record(store, denied, executed));
  const { stdout } = await cli(['trace', trace, '--format', 'json'], { env });
  expect(JSON.parse(stdout)).toMatchObject({
    trace_id: trace,
    entries: [
      { seq: 0, leaf: expect.stringMatching(/^[0-9a-f]{64}$/), kind: 'decision' },
      { seq: 1, kind: 'outcome', status: 'executed' },
    ],
  });
});

const missing: [words: string, error: string][] = [
  ['trace ffff', 'no trace or decision "ffff"'],
  ['trace 4', 'no trace or decision "4"'],
  ['approvals show ap_none', 'approval "ap_none" does not exist'],
  ['approve ap_none', 'no terminal and no credential to decide with'],
  ['replay ffffff', 'no trace or decision "ffffff"'],
  ['approvers remove bob', 'approver "bob" does not exist'],
];

it.each(missing)('"%s" says what is missing', async (words, error) => {
  const { env } = await house((store) => record(store, denied));
  const { code, stdout, stderr } = await cli(words.split(' '), { env });
  expect(stdout).toBe('');
  expect(stderr.split('\n')[0]).toBe(`error: ${error}`);
  expect(code).toBe(words.startsWith('approve ') ? 2 : 1);
});

it('where no gate has run, there is nothing to read: exit 1', async () => {
  const { dir } = scratch();
  expect(await cli(['trace'], { env: { MCP_GATE_HOME: dir } })).toEqual({
    code: 1,
    stdout: '',
    stderr: `error: no gate has run with the state folder "${dir}"\nhint: name the config of the gate with --config, or the folder with MCP_GATE_HOME\n`,
  });
});

it('replay of a call whose input was not kept is undecidable: exit 1', async () => {
  const { env } = await house((store) => record(store, denied));
  const { code, stdout } = await cli(['replay', 'last', '--format', 'json'], { env });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    trace_id: trace,
    verdict: 'undecidable',
    decisions: [{ decision_id: decisionId, recorded: { outcome: 'deny', policy_digest: null } }],
  });
  const text = await cli(['replay', decisionId.slice(0, 10)], { env });
  expect(text.stdout).toContain(`trace ${trace}  undecidable\n  ${decisionId}  undecidable\n`);
});

const ways: [claim: string, how: (dir: string, config: string) => Parameters<typeof cli>][] = [
  ['--config', (_, config) => [['trace', '--config', config]]],
  ['MCP_GATE_CONFIG', (_, config) => [['trace'], { env: { MCP_GATE_CONFIG: config } }]],
  ['mcp-config.json in the folder where one is', (dir) => [['trace'], { cwd: dir }]],
  ['MCP_GATE_HOME', (dir) => [['trace'], { env: { MCP_GATE_HOME: join(dir, 'state') } }]],
];

it.each(ways)('the state is found by %s, without the secrets of the servers', async (_, how) => {
  const { dir, config } = await house((store) => record(store, denied));
  const { code, stdout } = await cli(...how(dir, config));
  expect(code).toBe(0);
  expect(stdout).toContain('files/write_file');
});

it('a reading command changes nothing in the journal', async () => {
  const { env } = await house((store) => record(store, denied));
  const before = JSON.parse((await cli(['status', '--format', 'json'], { env })).stdout).journal;
  for (const words of ['trace', 'trace last', 'approvals list', 'approvers list', 'replay last']) {
    await cli(words.split(' '), { env });
  }
  const after = JSON.parse((await cli(['status', '--format', 'json'], { env })).stdout).journal;
  expect(after).toEqual(before);
});

it('a broken control file reads as frozen', async () => {
  const { env, state } = await house();
  writeFileSync(join(state, 'control.json'), '{');
  expect((await cli(['status'], { env })).stdout).toContain('frozen      "control.json"');
  expect(readFileSync(join(state, 'control.json'), 'utf8')).toBe('{');
  rmSync(join(state, 'control.json'));
});
