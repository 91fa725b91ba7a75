import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { applyReload, diffNeedingRestart } from '../../src/config/reload.ts';
import { callSettings } from '../../src/config/settings.ts';
import { scratch } from './scratch.ts';

const base = {
  mode: 'observe',
  environment: 'dev',
  workspace: './w',
  stateDir: './state',
  policy: { dir: './p' },
  mcpServers: {
    files: { command: 'node', args: ['a.js', 'hunter2'], env: { TOKEN: 'hunter2' } },
    other: { command: 'node' },
  } as object,
};

function both(change: object): { running: Config; loaded: Config } {
  const { write } = scratch();
  const load = (content: object) =>
    loadConfig(write('c.json', JSON.stringify(content)), { env: {}, servers: 'expand' });
  return { running: load(base), loaded: load({ ...base, ...change }) };
}

const files = { command: 'node', args: ['a.js', 'hunter2'], env: { TOKEN: 'hunter2' } };
const other = { command: 'node' };

const hot: [claim: string, change: object][] = [
  ['the mode', { mode: 'enforce' }],
  ['the environment', { environment: 'prod' }],
  [
    'the approvals',
    { approvals: { mode: 'simulation_only', expiresIn: '1m', quorum: 2, hold: { default: '1s' } } },
  ],
  [
    'the budgets',
    { budgets: [{ id: 'daily', scope: ['subject'], window: '1d', limit: { usd: '5' } }] },
  ],
  ['how long idempotency keys hold', { idempotency: { expiresIn: '1h' } }],
  ['what is captured and for how long', { journal: { capture: 'none', retention: '1d' } }],
  [
    "a server's own mode, approval, schema, trust, cost and tools",
    {
      mcpServers: {
        other,
        files: {
          ...files,
          gate: {
            mode: 'enforce',
            approval: 'simulation_only',
            schema: 'report',
            trusted: true,
            cost: { perKbIn: '0.1', reported: '/cost' },
            tools: { x: { approval: 'auto_execute', idempotency: { pointer: '/id' } } },
          },
        },
      },
    },
  ],
];

it.each(hot)('%s may change without a restart', (_, change) => {
  const { running, loaded } = both(change);
  expect(diffNeedingRestart(running, loaded)).toEqual([]);
  expect(applyReload(running, loaded)).toEqual(loaded);
});

const cold: [claim: string, change: object, paths: string[]][] = [
  ['nothing changed', {}, []],
  ['the state folder', { stateDir: './other' }, ['stateDir']],
  [
    'the approval page',
    { approvals: { page: { url: 'https://gate.example/a' } } },
    ['approvals.page'],
  ],
  ['the workspace', { workspace: './other' }, ['workspace']],
  [
    'the policy',
    { policy: { dir: './q', isolation: 'worker' } },
    ['policy.isolation', 'policy.dir'],
  ],
  ['the durability', { journal: { durability: 'process' } }, ['journal.durability']],
  ['a new server', { mcpServers: { files, other, third: other } }, ['mcpServers.third']],
  ['a server that is gone', { mcpServers: { files } }, ['mcpServers.other']],
  [
    'how a server is started, without what its arguments and variables hold',
    {
      mcpServers: {
        other,
        files: { command: 'deno', args: ['b.js'], env: { TOKEN: 'x' }, cwd: '/' },
      },
    },
    [
      'mcpServers.files.command',
      'mcpServers.files.args',
      'mcpServers.files.env.TOKEN',
      'mcpServers.files.cwd',
    ],
  ],
  [
    'how tools are named',
    { mcpServers: { files: { ...files, gate: { prefix: false, protocol: 'legacy' } }, other } },
    ['mcpServers.files.gate.prefix', 'mcpServers.files.gate.protocol'],
  ],
  [
    'a server that is now reached in another way',
    { mcpServers: { files: { url: 'https://files.example/' }, other } },
    ['mcpServers.files'],
  ],
  [
    'who may come in and how, without what the tokens are',
    {
      transport: { http: { port: 1, tokens: { ci: 'hunter2-hunter2-hunter2' } } },
      identity: { required: true },
    },
    ['identity.required', 'transport.http.port', 'transport.http.tokens.ci'],
  ],
];

it.each(cold)('needs a restart: %s', (_, change, paths) => {
  const { running, loaded } = both(change);
  expect(diffNeedingRestart(running, loaded)).toEqual(paths);
  expect(applyReload(running, loaded)).toEqual(running);
});

it('what may change does, although something else needs a restart', () => {
  const { running, loaded } = both({ mode: 'enforce', workspace: './other' });
  const applied = applyReload(running, loaded);
  expect(applied.mode).toBe('enforce');
  expect(applied.workspace).toBe(join(running.file, '../w'));
});

it('how a remote server is reached needs a restart, its settings do not', () => {
  const remote = (member: object) => ({
    mcpServers: { r: { url: 'https://a.example/', ...member } },
  });
  const { loaded: running } = both(remote({ headers: { Authorization: 'Bearer hunter2' } }));
  const { loaded } = both(
    remote({ type: 'sse', headers: { Authorization: 'x' }, gate: { trusted: true } }),
  );
  const { servers } = loaded;
  expect(diffNeedingRestart(running, { ...running, servers })).toEqual([
    'mcpServers.r.type',
    'mcpServers.r.headers.Authorization',
  ]);
  expect(callSettings(applyReload(running, loaded), 'r', 'x').trusted).toBe(true);
});

it('settings for another kind of server under the same key do not loosen the one that runs', () => {
  const { running, loaded } = both({
    mcpServers: { files: { url: 'https://files.example/', gate: { trusted: true } }, other },
  });
  expect(callSettings(applyReload(running, loaded), 'files', 'x').trusted).toBe(false);
});

it('a server that was removed keeps its tighter settings until the restart', () => {
  const { running } = both({});
  const { loaded: tight } = both({
    mcpServers: { files: { ...files, gate: { mode: 'enforce' } }, other },
  });
  const { loaded: without } = both({ mcpServers: { other } });
  const applied = applyReload(applyReload(running, tight), without);
  expect(callSettings(applied, 'files', 'x').mode).toBe('enforce');
});
