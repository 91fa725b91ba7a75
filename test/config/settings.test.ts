import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { callSettings } from '../../src/config/settings.ts';
import { noTariff } from '../../src/core/budget.ts';
import { scratch } from './scratch.ts';

const text = `{
  "mode": "enforce", "environment": "dev",
  "approvals": {"mode": "require_human_approval"},
  "mcpServers": {
    "plain": {"command": "x"},
    "own": {"command": "x", "gate": {
      "mode": "observe", "approval": "auto_execute", "schema": "report", "trusted": true,
      "tools": {
        "write": {"approval": "simulation_only"},
        "buy": {"cost": {"perCall": "0.01"}},
        "constructor": {"approval": "simulation_only"}
      }}}
  }
}`;

const global = {
  mode: 'enforce',
  environment: 'dev',
  approvalMode: 'require_human_approval',
  schema: 'enforce',
  trusted: false,
  costPerCallUsd: null,
  tariff: noTariff,
  idempotency: { pointer: undefined, expiresInMs: 86_400_000 },
  labels: [],
  workspace: null,
};
const own = {
  ...global,
  mode: 'observe',
  approvalMode: 'auto_execute',
  schema: 'report',
  trusted: true,
};

const rows: [claim: string, server: string, tool: string, settings: object][] = [
  ['a server without settings has those of the file', 'plain', 'read', global],
  ["a server's settings go before those of the file", 'own', 'read', own],
  [
    "a tool's approval mode goes before its server's",
    'own',
    'write',
    { ...own, approvalMode: 'simulation_only' },
  ],
  [
    "a tool's cost is its own",
    'own',
    'buy',
    { ...own, costPerCallUsd: '0.01', tariff: { ...noTariff, perCall: 10_000_000n } },
  ],
  ["a tool's settings are its server's alone", 'plain', 'write', global],
  ['a server that nobody configured is strict and untrusted', 'other', 'read', global],
  [
    'a tool may be named like a member that every object has',
    'own',
    'constructor',
    { ...own, approvalMode: 'simulation_only' },
  ],
  ['a tool named toString has no settings of its own', 'own', 'toString', own],
  ['a server named toString is unknown', 'toString', 'read', global],
];

it.each(rows)('%s', (_, server, tool, settings) => {
  const config = loadConfig(scratch().write('c.json', text), { env: {}, servers: 'expand' });
  expect(callSettings(config, server, tool)).toEqual(settings);
  expect(callSettings(config, server, tool)).toEqual(settings);
});

it('the workspace is the real one, also where a folder of it is yet to be made', () => {
  const { dir, write } = scratch();
  mkdirSync(join(dir, 'real'));
  symlinkSync(join(dir, 'real'), join(dir, 'link'));
  const workspaces = ['link', 'link/later/deep'].map((workspace) => {
    const file = write('c.json', JSON.stringify({ mcpServers: {}, workspace }));
    const config = loadConfig(file, { env: {}, servers: 'expand' });
    return callSettings(config, 'a', 'b').workspace;
  });
  expect(workspaces).toEqual([join(dir, 'real'), join(dir, 'real/later/deep')]);
});
