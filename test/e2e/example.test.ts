import { cpSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { root, scratch } from '../harness/scratch.ts';

const example = path.join(root, 'mcp-config.example.json');

describe('mcp-config.example.json', () => {
  it('loads without any variable set, observes, and names policies that are there', () => {
    const config = loadConfig(example, { env: { HOME: root }, servers: 'expand' });
    expect(config.mode).toBe('observe');
    expect(config.servers.size).toBeGreaterThan(0);
    expect(config.policy).toMatchObject({ dir: path.join(root, 'policies') });
  });

  it('is taken by the command line where it stands, whoever copied it', async () => {
    const house = await scratch();
    cpSync(example, house.configFile);
    const done = await house.cli(['status', '--config', house.configFile, '--format', 'json']);
    expect(done.stderr).toBe('');
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ config: house.configFile, gates: [] });
  });
});

describe('the shipped policies', () => {
  it.each(['check', 'test'])('pass policy %s', async (command) => {
    const house = await scratch();
    const done = await house.cli(['policy', command, house.policies]);
    expect(done.code, `${done.stdout}${done.stderr}`).toBe(0);
  });
});
