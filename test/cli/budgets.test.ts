import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { createSpending } from '../../src/control/budgets.ts';
import type { Reservation } from '../../src/control/contract.ts';
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { call } from '../control/scratch.ts';
import { cli, house } from './rig.ts';

const wide = { id: 'all', scope: ['global'], window: '366d', limit: { calls: 2, usd: '5' } };
const own = {
  id: 'own',
  scope: ['subject'],
  window: '366d',
  limit: { bytes: 100 },
  onExceed: 'escalate',
};

/** A gate's state folder beside a config with budgets. */
async function place(budgets: readonly object[] = [wide, own]) {
  const { config, env, state } = await house();
  writeFileSync(
    config,
    JSON.stringify({ stateDir: './state', mcpServers: { files: { command: 'x' } }, budgets }),
  );
  const loaded = loadConfig(config, { env, servers: 'literal' });
  const spending = createSpending(loaded.gate, () => loaded.budgets);
  const on = async <T>(work: (store: Store) => Promise<T>) => {
    const store = openStore({ dir: state, durability: 'process', clock: Date.now });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  };
  return {
    config,
    env,
    on,
    spend: (subject: string, bytesOut: number) =>
      on((store) =>
        store.write('decision', (tx) => {
          const terms = { force: false, decisionId: 'd', traceId: 't' };
          const reserved = spending.reserve(tx, call({ subject }), Date.now(), terms);
          if (reserved.kind !== 'reserved') return false;
          settle(tx, reserved.reservation, bytesOut);
          return true;
        }),
      ),
    changes: () =>
      on(async (store) =>
        store.journal.last(10, ['control.changed']).map((entry) => JSON.parse(entry.body)),
      ),
    run: (argv: readonly string[], around: object = {}) =>
      cli(['budgets', ...argv, '--config', config], { env, ...around }),
  };

  function settle(tx: Parameters<typeof spending.settle>[0], taken: Reservation, bytesOut: number) {
    spending.settle(tx, taken, { bytesOut, reportedMicroUsd: undefined }, Date.now());
  }
}

const ends = expect.stringMatching(/^\d{4}-\d\d-\d\dT00:00:00\.000Z$/);
const atTerminal = { typed: '' };
const why = ['--reason', 'the release is today'];

it('what was spent is listed for people', async () => {
  const { run, spend } = await place();
  await spend('os:rita', 150);
  const { code, stdout, stderr } = await run([]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.replace(/until \S+/g, 'until then').split('\n')).toEqual([
    'all  per global: 5 USD, 2 calls, then deny; until then',
    '  global  0 USD of 5, 1 calls of 2, 150 bytes',
    'own  per subject: 100 bytes, then escalate; until then',
    '  subject=os:rita  0 USD, 1 calls, 150 bytes of 100  closed',
    '',
  ]);
});

it('and for programs', async () => {
  const { run, spend } = await place([own]);
  await spend('os:rita', 150);
  const limits = { limit_usd: null, limit_calls: null, limit_bytes: 100 };
  expect(JSON.parse((await run(['--format', 'json'])).stdout)).toEqual([
    {
      id: 'own',
      scope: ['subject'],
      window_ends: ends,
      on_exceed: 'escalate',
      ...limits,
      counts: [
        {
          scope_key: 'subject=os:rita',
          spent_usd: '0',
          calls: 1,
          bytes: 150,
          ...limits,
          remaining_usd: null,
          remaining_calls: null,
          remaining_bytes: 0,
          closed: true,
        },
      ],
    },
  ]);
});

it('nothing spent, nothing configured', async () => {
  expect((await (await place([own])).run([])).stdout).toContain('\n  nothing spent\n');
  const bare = await (await place([])).run([]);
  expect(bare).toEqual({ code: 0, stdout: '', stderr: 'the config has no budgets\n' });
});

it('before any gate has run there is nothing spent', async () => {
  const { config } = await place([own]);
  const env = { MCP_GATE_HOME: `${config}.none` };
  const { code, stdout } = await cli(['budgets', 'list', '--config', config], { env });
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringContaining('  nothing spent\n'),
  });
});

it('raising opens a closed scope, and says in the journal who did it and why', async () => {
  const { run, spend, changes } = await place();
  await spend('os:rita', 150);
  expect(await spend('os:rita', 0)).toBe(false);
  const { code, stdout, stderr } = await run(
    ['raise', 'own', '--bytes', '100', ...why],
    atTerminal,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^raised own for subject=os:rita until \S+T00:00:00.000Z\n$/);
  expect(await spend('os:rita', 0)).toBe(true);
  expect(await changes()).toEqual([
    {
      v: 1,
      kind: 'control.changed',
      time: expect.any(String),
      what: 'budget.raised',
      by: userInfo().username,
      via: 'terminal',
      reason: 'the release is today',
      config: expect.stringMatching(/^[0-9a-f]{16}$/),
      budget_id: 'own',
      scope: 'subject=os:rita',
      by_calls: 0,
      by_usd: '0',
      by_bytes: 100,
      limit_calls: null,
      limit_usd: null,
      limit_bytes: 200,
      closed: false,
      window_ends: ends,
    },
  ]);
});

it('too little leaves it closed', async () => {
  const { run, spend } = await place();
  await spend('os:rita', 150);
  const { code, stderr } = await run(['raise', 'own', '--bytes', '49', ...why], atTerminal);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: 'it is still over its limit, and stays closed\n',
  });
  expect(await spend('os:rita', 0)).toBe(false);
  await run(['raise', 'own', '--bytes', '1', ...why], atTerminal);
  expect(await spend('os:rita', 0)).toBe(true);
});

it('what everybody shares can be raised before anything is spent, in money, too', async () => {
  const { run } = await place([wide]);
  const done = await run(['raise', 'all', '--calls', '3', '--usd', '0.25', ...why], atTerminal);
  expect(done.code).toBe(0);
  const [{ limit_calls, limit_usd, counts }] = JSON.parse((await run(['--format', 'json'])).stdout);
  expect([limit_calls, limit_usd]).toEqual([2, '5']);
  expect(counts).toMatchObject([{ scope_key: 'global', limit_calls: 5, limit_usd: '5.25' }]);
});

const refused: [claim: string, argv: readonly string[], code: number, error: string][] = [
  ['an unknown budget', ['nope', '--calls', '1', ...why], 1, 'the config has no budget "nope"'],
  [
    'a count that nobody has',
    ['own', '--bytes', '1', '--scope', 'subject=os:tira', ...why],
    1,
    'budget "own" has counted nothing for "subject=os:tira" in this window',
  ],
  [
    'one of several counts',
    ['own', '--bytes', '1', ...why],
    2,
    'budget "own" has 2 counts in this window, expected one or --scope',
  ],
  ['nothing', ['own', ...why], 2, 'nothing to add to budget "own", expected --bytes'],
  [
    'what has no limit',
    ['all', '--bytes', '1', ...why],
    2,
    'budget "all" has no limit of bytes, expected --calls or --usd',
  ],
  [
    'less than nothing',
    ['all', '--calls=-1', ...why],
    2,
    '"--calls": expected a whole number such as 100, got "-1"',
  ],
  [
    'an amount that is none',
    ['all', '--usd', '1e9', ...why],
    2,
    '"--usd": expected an amount such as 2.50, got "1e9"',
  ],
  [
    'no reason',
    ['all', '--calls', '1', '--reason', ' '],
    2,
    '"--reason" is empty, expected a reason',
  ],
];

it.each(refused)('is refused, and nothing is written: %s', async (_, argv, code, error) => {
  const { run, spend, changes } = await place();
  await spend('os:rita', 0);
  await spend('os:max', 0);
  const done = await run(['raise', ...argv], atTerminal);
  expect({ code: done.code, error: done.stderr.split('\n')[0] }).toEqual({
    code,
    error: `error: ${error}`,
  });
  expect(await changes()).toEqual([]);
});

it('a reason must be given', async () => {
  const { run } = await place();
  const { code, stderr } = await run(['raise', 'all', '--calls', '1'], atTerminal);
  expect(code).toBe(2);
  expect(stderr).toContain('--reason');
});

it('without a terminal nobody raises anything; with a credential its holder does', async () => {
  const { run, env, changes } = await place();
  const argv = ['raise', 'all', '--calls', '1', ...why];
  expect(await run(argv)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no terminal and no credential to decide with'),
  });
  const { stdout } = await cli(['approvers', 'add', 'alice', '--format', 'json'], { env });
  const { name, secret } = JSON.parse(stdout);
  expect(await run(argv, atTerminal)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('a terminal proves nobody'),
  });
  expect(await changes()).toEqual([]);
  const proven = { ...env, MCP_GATE_APPROVER: `${name}:${secret}` };
  expect((await run(argv, { env: proven })).code).toBe(0);
  expect(await changes()).toMatchObject([{ by: 'alice', via: 'credential' }]);
});
